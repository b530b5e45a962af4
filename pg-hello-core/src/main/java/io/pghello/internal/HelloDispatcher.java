// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.coalescing.Call;
import io.pghello.extension.batching.internal.coalescing.Dispatcher;

/**
 * Dispatches greetings. An asynchronous call is a single object, because there can be a million
 * calls per second.
 */
public final class HelloDispatcher extends Dispatcher<HelloRequest, String> {
  /** Creates a dispatcher, without starting threads. */
  public HelloDispatcher(HelloStatements statements, Settings settings) {
    super(statements, settings);
  }

  @Override
  protected Call<HelloRequest, String> future(
      HelloRequest request, Deadline deadline, CallListener listener) {
    return new HelloCall(request, deadline, listener);
  }
}
