// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import io.pghello.internal.Deadline;
import io.pghello.internal.HelloRequest;
import io.pghello.internal.Settings;
import io.pghello.internal.jdbc.HelloStatements;
import java.util.concurrent.CompletableFuture;

/** Greets. There may be a million calls of futures in a second, each of which is one object. */
public final class HelloDispatcher extends Dispatcher<HelloRequest, String> {
  /** Creates a dispatcher, which starts no thread yet. */
  public HelloDispatcher(HelloStatements statements, Settings settings) {
    super(statements, settings);
  }

  @Override
  public CompletableFuture<String> callAsync(HelloRequest request, Deadline deadline) {
    return start(new HelloCall(request, deadline, listener), deadline);
  }
}
