// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.batching.internal.WaitTime;
import io.pghello.internal.HelloRequest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Runs calls on the caller's connection. */
final class ConnectionOperations extends AbstractOperations {
  ConnectionOperations(Context context) {
    super(context);
  }

  @Override
  String greet(HelloRequest request, @Nullable WaitTime wait) {
    checkOpen();
    return context.statements().one(request, context.deadline());
  }

  @Override
  public PgHelloOperations withRepeat(int repeat) {
    return new ConnectionOperations(context.withRepeat(repeat));
  }

  @Override
  public PgHelloOperations withTimeout(Duration timeout) {
    return new ConnectionOperations(context.withTimeout(timeout));
  }
}
