// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.batching.FunctionAsyncOperations;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Runs calls on connections from a source. */
class PooledOperations extends ConnectionOperations implements PgHelloAsyncOperations {
  private final FunctionAsyncOperations<PgHelloRequest, String> calls;

  PooledOperations(FunctionAsyncOperations<PgHelloRequest, String> calls, int repeat) {
    super(calls, repeat);
    this.calls = calls;
  }

  @Override
  public final CompletableFuture<String> helloAsync(String name) {
    return calls.callAsync(PgHelloRequest.unchecked(name, repeat));
  }

  @Override
  public final CompletableFuture<String> helloAsync(String name, int repeat) {
    return calls.callAsync(PgHelloRequest.uncheckedCount(name, repeat));
  }

  @Override
  public final CompletableFuture<List<String>> helloAllAsync(Collection<String> names) {
    return calls.callAllAsync(requests(names));
  }

  @Override
  public PgHelloAsyncOperations withRepeat(int repeat) {
    return new PooledOperations(calls, PgHelloRequest.checkRepeat(repeat));
  }

  @Override
  public PgHelloAsyncOperations withTimeout(Duration timeout) {
    return new PooledOperations(calls.withTimeout(timeout), repeat);
  }
}
