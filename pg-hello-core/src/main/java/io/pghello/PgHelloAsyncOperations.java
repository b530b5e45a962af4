// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.PgHelloException.Code;
import io.pghello.extension.batching.ConnectionSource;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The calls of {@link PgHelloOperations}, and those without a thread that waits. {@link
 * PgHelloClient} has them, on connections of a pool. A connection of the program's takes one
 * statement at a time and blocks; so {@link #on} leads to the calls that wait, and the compiler
 * says so.
 *
 * <p>What depends on a future runs on a thread of the client's, or of its {@link
 * PgHelloClientBuilder#asyncExecutor}, unless it is given another executor. Where the future is
 * already complete, it runs at once, on the thread that adds it. It may call the client. To cancel
 * the future, or to complete it otherwise, takes the call out of the queue, and has no effect on
 * others.
 *
 * <p><b>A call is made on the calling thread, and the future that is returned is complete,</b>
 * where that thread decides on the connection: on a client without {@link
 * PgHelloClientBuilder#coalescing} that has no {@link PgHelloClientBuilder#asyncExecutor}, and
 * where {@link ConnectionSource#mayJoinBatch} says no.
 */
public interface PgHelloAsyncOperations extends PgHelloOperations {
  /**
   * Greets a name as {@link #hello(String)} does, without a thread that waits. One round trip, or a
   * part of one.
   *
   * @param name any text, even empty, that has neither the character U+0000 nor an unpaired
   *     surrogate
   * @return the greeting to come; its exception is a {@link PgHelloException}
   * @throws PgHelloException if the name cannot be sent ({@link Code#INVALID_NAME}); all other
   *     errors are the future's
   */
  CompletableFuture<String> helloAsync(String name);

  /**
   * Greets a name a number of times as {@link #hello(String, int)} does, without a thread that
   * waits; see {@link #helloAsync(String)}.
   *
   * @param repeat how many times, 1 to 10
   * @throws PgHelloException if the name cannot be sent ({@link Code#INVALID_NAME}) or the count is
   *     out of range ({@link Code#INVALID_REPEAT}); all other errors are the future's
   */
  CompletableFuture<String> helloAsync(String name, int repeat);

  /**
   * Greets many names as {@link #helloAll} does, without a thread that waits. One round trip for
   * each batch, one after the other; the time-out counts for the wait before the first, and for
   * each. A future that is cancelled sends no further batch.
   *
   * @param names no element may be null; duplicates are fine
   * @return the greetings to come, in the order of the names; unmodifiable
   * @throws PgHelloException if a name cannot be sent ({@link Code#INVALID_NAME}), with its index;
   *     all other errors are the future's
   */
  CompletableFuture<List<String>> helloAllAsync(Collection<String> names);

  @Override
  PgHelloAsyncOperations withRepeat(int repeat);

  @Override
  PgHelloAsyncOperations withTimeout(Duration timeout);
}
