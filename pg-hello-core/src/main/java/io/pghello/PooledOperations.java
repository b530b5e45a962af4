// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.batching.internal.WaitTime;
import io.pghello.internal.Function;
import io.pghello.internal.HelloRequest;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Runs calls on connections from a source. */
class PooledOperations extends AbstractOperations implements PgHelloAsyncOperations {
  PooledOperations(Context context) {
    super(context);
  }

  @Override
  String greet(HelloRequest request, @Nullable WaitTime wait) {
    return context.dispatcher().call(request, context.deadline(), wait);
  }

  @Override
  public CompletableFuture<String> helloAsync(String name) {
    return greetAsync(name, context.repeat());
  }

  @Override
  public CompletableFuture<String> helloAsync(String name, int repeat) {
    return greetAsync(name, told(repeat));
  }

  private CompletableFuture<String> greetAsync(String name, int repeat) {
    return context.dispatcher().callAsync(request(name, repeat), context.deadline());
  }

  @Override
  public CompletableFuture<List<String>> helloAllAsync(Collection<String> names) {
    List<HelloRequest> requests = requests(names);
    long bytes = requests.stream().mapToLong(HelloRequest::bytes).sum();
    return context
        .dispatcher()
        .async(
            Function.HELLO_ALL,
            ended -> greetAll(requests, ended),
            (int) Math.min(bytes, Integer.MAX_VALUE),
            context.deadline());
  }

  @Override
  public PgHelloAsyncOperations withRepeat(int repeat) {
    return new PooledOperations(context.withRepeat(repeat));
  }

  @Override
  public PgHelloAsyncOperations withTimeout(Duration timeout) {
    return new PooledOperations(context.withTimeout(timeout));
  }
}
