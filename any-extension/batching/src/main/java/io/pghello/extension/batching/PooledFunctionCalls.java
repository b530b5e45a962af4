// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import io.pghello.extension.batching.internal.WaitTime;
import io.pghello.extension.batching.internal.jdbc.ArrayStatements.Asked;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Calls a function on connections from a {@link ConnectionSource}. */
class PooledFunctionCalls<Q, A> extends FunctionCalls<Q, A>
    implements FunctionAsyncOperations<Q, A> {
  PooledFunctionCalls(Context<Q, A> context) {
    super(context);
  }

  @Override
  A send(Q request, int bytes, @Nullable WaitTime wait) {
    return context
        .dispatcher()
        .call(request, bytes, context.statements(), context.deadline(), wait);
  }

  @Override
  public CompletableFuture<A> callAsync(Q request) {
    return context
        .dispatcher()
        .callAsync(context.statements().request(request, bytes(request)), context.deadline());
  }

  @Override
  public CompletableFuture<List<A>> callAllAsync(Collection<? extends Q> requests) {
    List<Asked<Q>> asked = prepareAll(requests);
    long bytes = asked.stream().mapToLong(Asked::bytes).sum();
    return context
        .dispatcher()
        .async(
            context.statements().function(),
            ended -> sendAll(asked, ended),
            (int) Math.min(bytes, Integer.MAX_VALUE),
            context.deadline());
  }

  @Override
  public FunctionAsyncOperations<Q, A> withTimeout(Duration timeout) {
    return new PooledFunctionCalls<>(context.withTimeout(timeout));
  }
}
