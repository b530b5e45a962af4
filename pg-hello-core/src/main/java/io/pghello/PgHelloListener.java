// SPDX-License-Identifier: MIT
package io.pghello;

import org.jspecify.annotations.Nullable;

/**
 * Sees what a client does, so that metrics can be kept of it. Override what you need; nothing of it
 * is ever given a name that is greeted.
 *
 * <p>Methods are called on the threads that do the work, many at a time, and should return at once.
 * What they throw is logged and has no effect on the call.
 */
public interface PgHelloListener {
  /**
   * A call has ended.
   *
   * @param function its signature, as in {@code pg_hello(text)}
   * @param nanos how long it took, from the program's call to its answer
   * @param error why it failed; null if it did not
   */
  default void callEnded(String function, long nanos, @Nullable PgHelloException error) {}

  /**
   * A call that had to wait for others is on its way to the server.
   *
   * @param nanos how long it waited
   */
  default void waited(long nanos) {}

  /**
   * A statement has ended.
   *
   * @param calls how many calls, or names of a bulk call, it carried
   * @param nanos how long it took to get a connection, to send it, and to read the answer
   * @param error why it failed; null if it did not
   */
  default void statementEnded(int calls, long nanos, @Nullable PgHelloException error) {}

  /**
   * A statement is about to be repeated on another connection.
   *
   * @param reason why
   */
  default void retrying(PgHelloException reason) {}
}
