// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.batching.FunctionCallException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** Creates requests lazily, up to the first name that cannot be sent. */
public final class HelloRequests implements Iterator<HelloRequest> {
  private final Iterator<String> names;
  private final int repeat;
  private long index;
  private @Nullable HelloRequest next;
  private @Nullable RuntimeException invalid;

  /** Creates an iterator. No name is read yet. */
  public HelloRequests(Iterator<String> names, int repeat) {
    this.names = names;
    this.repeat = repeat;
  }

  @Override
  public boolean hasNext() {
    if (next == null && invalid == null && names.hasNext()) {
      String name = names.next();
      try {
        next = HelloRequest.of(name, repeat, index++);
      } catch (FunctionCallException | NullPointerException e) {
        invalid = e;
      }
    }
    return next != null;
  }

  @Override
  public HelloRequest next() {
    HelloRequest request = hasNext() ? next : null;
    if (request == null) {
      throw new NoSuchElementException();
    }
    next = null;
    return request;
  }

  /** Throws the error of an invalid name, if there was one. */
  public void throwIfInvalid() {
    if (invalid != null) {
      throw invalid;
    }
  }
}
