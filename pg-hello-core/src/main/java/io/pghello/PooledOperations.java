// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.internal.Function;
import io.pghello.internal.HelloRequest;
import io.pghello.internal.WaitTime;
import io.pghello.internal.coalescing.CallFuture;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Calls on connections of a source. */
class PooledOperations extends Operations implements PgHelloAsyncOperations {
  PooledOperations(Context context) {
    super(context);
  }

  @Override
  String greet(HelloRequest request, @Nullable WaitTime wait) {
    return context.dispatcher().hello(request, context.deadline(), wait);
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
    HelloRequest request = request(name, repeat);
    var future = new CallFuture<String>(request.function(), listener());
    context.dispatcher().helloAsync(request, context.deadline(), future);
    return future;
  }

  @Override
  public CompletableFuture<List<String>> helloAllAsync(Collection<String> names) {
    List<HelloRequest> requests = requests(names);
    long bytes = requests.stream().mapToLong(HelloRequest::bytes).sum();
    var future = new CallFuture<List<String>>(Function.HELLO_ALL, listener());
    context
        .dispatcher()
        .async(
            () -> greetAll(requests, future::isDone),
            future,
            (int) Math.min(bytes, Integer.MAX_VALUE),
            context.deadline());
    return future;
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
