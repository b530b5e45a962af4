// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import io.pghello.PgHelloListener;
import io.pghello.internal.Deadline;
import io.pghello.internal.HelloRequest;

/** The call of a future that is also its request, so that it needs no other object. */
final class HelloCall extends Call<HelloRequest, String> implements HelloRequest {
  private final String name;
  private final int repeat;
  private final int bytes;

  HelloCall(HelloRequest request, Deadline deadline, PgHelloListener listener) {
    super(request.function(), deadline, listener);
    this.name = request.name();
    this.repeat = request.repeat();
    this.bytes = request.bytes();
  }

  @Override
  HelloRequest request() {
    return this;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int repeat() {
    return repeat;
  }

  @Override
  public int bytes() {
    return bytes;
  }
}
