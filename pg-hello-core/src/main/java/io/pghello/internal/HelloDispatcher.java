// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.coalescing.Call;
import io.pghello.extension.batching.internal.coalescing.Dispatcher;

/** Greets. There may be a million calls of futures in a second, each of which is one object. */
public final class HelloDispatcher extends Dispatcher<HelloRequest, String> {
  /** Creates a dispatcher, which starts no thread yet. */
  public HelloDispatcher(HelloStatements statements, Settings settings) {
    super(statements, settings, HelloErrors::translate);
  }

  @Override
  protected Call<HelloRequest, String> future(
      HelloRequest request, Deadline deadline, CallListener listener) {
    return new HelloCall(request, deadline, listener);
  }
}
