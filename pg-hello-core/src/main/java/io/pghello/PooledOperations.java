// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.internal.CallFuture;
import io.pghello.internal.Function;
import io.pghello.internal.Question;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Calls on connections of a source. */
class PooledOperations extends Operations implements PgHelloAsyncOperations {
  PooledOperations(Context context) {
    super(context);
  }

  @Override
  String greet(Question question) {
    return context.batcher().hello(question, context.deadline());
  }

  @Override
  public CompletableFuture<String> helloAsync(String name) {
    return helloAsync(context.question(name));
  }

  @Override
  public CompletableFuture<String> helloAsync(String name, int repeat) {
    return helloAsync(Question.of(name, checkedRepeat(repeat)));
  }

  private CompletableFuture<String> helloAsync(Question question) {
    var future = new CallFuture<String>(question.function(), context.settings().listener());
    context.batcher().helloAsync(question, context.deadline(), future);
    return future;
  }

  @Override
  public CompletableFuture<List<String>> helloAllAsync(Collection<String> names) {
    List<Question> questions = questions(names);
    long bytes = questions.stream().mapToLong(Question::bytes).sum();
    var future = new CallFuture<List<String>>(Function.HELLO_ALL, context.settings().listener());
    context
        .batcher()
        .async(
            () -> greetAll(questions, future::isDone),
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
