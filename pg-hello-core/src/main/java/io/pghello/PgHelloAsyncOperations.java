// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Asynchronous calls, in addition to the blocking calls of {@link PgHelloOperations}. {@link
 * PgHelloClient} implements them with pooled connections.
 *
 * <pre>{@code
 * CompletableFuture<String> greeting = client.helloAsync("Ada");
 * CompletableFuture<Void> saved = greeting.thenAcceptAsync(this::save, executor);
 * }</pre>
 *
 * <ul>
 *   <li>Dependent stages of a future run on a thread of the client or of its {@link
 *       ClientBuilder#asyncExecutor}, unless you pass another executor when you add the stage. If
 *       the future is already complete, they run immediately on the thread that adds them. They may
 *       call the client.
 *   <li>If you cancel or complete a future yourself, its call is removed from the queue; other
 *       calls are not affected.
 *   <li><b>The call runs on the calling thread and returns a completed future</b> if the connection
 *       depends on this thread: if {@link ClientBuilder#batching} is disabled and there is no
 *       {@link ClientBuilder#asyncExecutor}, or if {@link ConnectionSource#mayJoinBatch} returns
 *       false.
 *   <li>{@link #withConnection} returns only blocking operations, because a single connection runs
 *       one statement at a time.
 * </ul>
 */
public interface PgHelloAsyncOperations extends PgHelloOperations {
  /**
   * Greets a name like {@link #hello(String)}, without blocking the calling thread. Takes one round
   * trip, which may be shared with other calls. The first call takes an additional round trip.
   *
   * @param name any text without U+0000 or unpaired surrogates; may be empty
   * @return a future for the greeting; if the call fails, the future fails with a {@link
   *     FunctionCallException}
   * @throws FunctionCallException if the name cannot be sent ({@link Code#INVALID_ARGUMENT}); after
   *     any other error, the future completes exceptionally
   */
  CompletableFuture<String> helloAsync(String name);

  /**
   * Greets a name like {@link #hello(String, int)}, without blocking the calling thread. See {@link
   * #helloAsync(String)}.
   *
   * @param repeat the number of repetitions, 1 to 10
   * @throws FunctionCallException if the name cannot be sent ({@link Code#INVALID_ARGUMENT}) or
   *     {@code repeat} is out of range ({@link Code#INVALID_ARGUMENT}); after any other error, the
   *     future completes exceptionally
   */
  CompletableFuture<String> helloAsync(String name, int repeat);

  /**
   * Greets many names like {@link #helloAll}, without blocking the calling thread. Takes one round
   * trip per batch, and sends one batch at a time. The wait before the first batch has its own
   * timeout, and so does each batch. After the future is cancelled, no further batch is sent.
   *
   * @param names the names, without null elements; duplicates are allowed
   * @return a future for the greetings, an unmodifiable list in the order of the names
   * @throws FunctionCallException if a name cannot be sent ({@link Code#INVALID_ARGUMENT}); the
   *     message contains the name's index. After any other error, the future completes
   *     exceptionally.
   */
  CompletableFuture<List<String>> helloAllAsync(Collection<String> names);

  @Override
  PgHelloAsyncOperations withRepeat(int repeat);

  @Override
  PgHelloAsyncOperations withTimeout(Duration timeout);
}
