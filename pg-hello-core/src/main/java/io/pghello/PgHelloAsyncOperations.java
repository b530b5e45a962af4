// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.PgHelloException.Code;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * The calls of {@link PgHelloOperations}, and those without a thread that waits. {@link
 * PgHelloClient} has them, on connections of a pool. A connection of the program's takes one
 * statement at a time and blocks; so {@link #on} leads to the calls that wait, and the compiler
 * says so.
 *
 * <p>What depends on a future runs on a thread of the client's unless it is given another executor;
 * where the future is already complete, it runs at once, on the thread that adds it. It may call
 * the client. To cancel the future, or to complete it otherwise, takes the call out of the queue,
 * and has no effect on others.
 */
public interface PgHelloAsyncOperations extends PgHelloOperations {
  /**
   * Greets a name as {@link #hello(String)} does, without a thread that waits. One round trip, or a
   * part of one.
   *
   * <p>Where the connection belongs to the calling thread ({@link ConnectionSource#mayJoinBatch}),
   * the call is made before this method returns, and the future is complete.
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
  default CompletableFuture<String> helloAsync(String name, int repeat) {
    return withRepeat(repeat).helloAsync(name);
  }

  @Override
  PgHelloAsyncOperations withRepeat(int repeat);

  @Override
  PgHelloAsyncOperations withTimeout(Duration timeout);
}
