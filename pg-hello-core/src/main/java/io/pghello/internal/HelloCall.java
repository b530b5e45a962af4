// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.coalescing.Call;

/** An asynchronous call that is also its own request, so that no second object is needed. */
final class HelloCall extends Call<HelloRequest, String> implements HelloRequest {
  private final String name;
  private final int repeat;
  private final int bytes;

  HelloCall(HelloRequest request, Deadline deadline, CallListener listener) {
    super(request.function(), deadline, listener);
    this.name = request.name();
    this.repeat = request.repeat();
    this.bytes = request.bytes();
  }

  @Override
  public HelloRequest request() {
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
