// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Asynchronous calls to one function, in addition to the blocking calls of {@link
 * FunctionOperations}. {@link BatchedFunction} implements them with pooled connections.
 *
 * <ul>
 *   <li>Dependent stages of a future run on a thread of the client or of its {@link
 *       ClientBuilder#asyncExecutor}, unless you pass another executor when you add the stage. If
 *       the future is already complete, they run immediately on the thread that adds them.
 *   <li><b>The call runs on the calling thread and returns a completed future</b> if the connection
 *       depends on this thread: if {@link ClientBuilder#batching} is disabled and there is no
 *       {@link ClientBuilder#asyncExecutor}, or if {@link ConnectionSource#mayJoinBatch} returns
 *       false.
 *   <li>{@link #withConnection} returns only blocking operations, because a single connection runs
 *       one statement at a time.
 * </ul>
 *
 * @param <Q> the arguments of a call
 * @param <A> the answer to a call
 */
public interface FunctionAsyncOperations<Q, A> extends FunctionOperations<Q, A> {
  /**
   * Calls the function like {@link #call}, without blocking the calling thread. If you cancel or
   * complete the future while the call waits, the call is not sent.
   *
   * @param request the arguments
   * @return a future for the answer; if the call fails, the future fails with a {@link
   *     FunctionCallException}
   */
  CompletableFuture<A> callAsync(Q request);

  /**
   * Calls the function for many arguments like {@link #callAll}, without blocking the calling
   * thread. The wait before the first batch has its own timeout, and so does each batch. After the
   * future is cancelled, no further batch is sent.
   *
   * @param requests the arguments, without null elements; duplicates are allowed
   * @return a future for an unmodifiable list of answers, in the order of the arguments
   */
  CompletableFuture<List<A>> callAllAsync(Collection<? extends Q> requests);

  @Override
  FunctionAsyncOperations<Q, A> withTimeout(Duration timeout);
}
