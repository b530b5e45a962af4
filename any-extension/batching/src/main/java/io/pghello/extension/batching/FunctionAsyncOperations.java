// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Calls of one function, with and without waiting. {@link CoalescedFunction} makes them on
 * connections of a pool. Dependents of a future run as {@link FunctionAsyncOperations} describes.
 *
 * @param <Q> the arguments of a call
 * @param <A> its answer
 */
public interface FunctionAsyncOperations<Q, A> extends FunctionOperations<Q, A> {
  /**
   * Calls the function as {@link #call} does, without waiting. If the future is cancelled or
   * completed while the call waits, the call is not sent.
   *
   * @param request the arguments
   * @return the future answer; its exception is a {@link FunctionCallException}
   */
  CompletableFuture<A> callAsync(Q request);

  /**
   * Calls the function for many arguments as {@link #callAll} does, without waiting. The timeout
   * applies to the wait before the first batch, and to each batch. If the future is cancelled, no
   * further batch is sent.
   *
   * @param requests the arguments; duplicates are fine, and no element may be null
   * @return the future answers, in the order of the arguments; unmodifiable
   */
  CompletableFuture<List<A>> callAllAsync(Collection<? extends Q> requests);

  @Override
  FunctionAsyncOperations<Q, A> withTimeout(Duration timeout);
}
