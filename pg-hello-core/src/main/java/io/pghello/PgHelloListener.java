// SPDX-License-Identifier: MIT
package io.pghello;

import org.jspecify.annotations.Nullable;

/**
 * Sees what a client does, so that metrics can be kept of it. Override what you need; nothing of it
 * is ever given a name that is greeted.
 *
 * <p>Methods are called on the threads that do the work, many at a time, and should return at once:
 * {@link #callEnded} is called before the caller has its answer. So a method must not wait for a
 * call of the client: it may hold the thread, the connection or the place that this call needs, and
 * then waits for itself until the call times out. What they throw is logged and has no effect on
 * the call. Later versions may add methods here and to the events, so the events are the library's
 * to implement.
 */
public interface PgHelloListener {
  /**
   * Purpose of a statement. Later versions may add kinds, so a {@code switch} needs a {@code
   * default}.
   */
  enum Kind {
    /** One call. */
    SINGLE,
    /** Calls of several callers, in one statement. */
    BATCH,
    /** Names of {@code helloAll} or {@code helloEach}. */
    BULK
  }

  /** The end of a call. */
  interface CallEnded {
    /** Returns the signature of the function, as in {@code pg_hello(text)}. */
    String function();

    /**
     * Returns how long the call took, in nanoseconds, from the program's call to its answer. What
     * depends on a future is not a part of that.
     */
    long nanos();

    /**
     * Returns how long the call waited for others before a statement was made for it, in
     * nanoseconds: for its place among the statements in flight, and for a thread of an executor. 0
     * if it had not to wait; all of {@link #nanos()} if it ended before. What is left of {@link
     * #nanos()} is the time to get a connection, the round trip, and waking the caller.
     */
    long waitedNanos();

    /**
     * Returns why the call failed; null if it did not. A future that the program cancelled or
     * completed has {@link PgHelloException.Code#CANCELLED_BY_CALLER}.
     */
    @Nullable PgHelloException error();
  }

  /** The beginning of a statement. */
  interface StatementStarting {
    /** Returns what it is sent for. */
    Kind kind();

    /** Returns how many calls, or names of a bulk call, it carries. */
    int calls();
  }

  /** The end of a statement. */
  interface StatementEnded {
    /** Returns what it was sent for. */
    Kind kind();

    /** Returns how many calls, or names of a bulk call, it carried. */
    int calls();

    /**
     * Returns how long the oldest of the calls waited before the statement, in nanoseconds; 0 if
     * none had to wait.
     */
    long oldestWaitNanos();

    /**
     * Returns how long it took, in nanoseconds, to get a connection, to send the statement, and to
     * read the answer.
     */
    long nanos();

    /** Returns why it failed; null if it did not. */
    @Nullable PgHelloException error();
  }

  /** A repetition that is about to be made. */
  interface Retrying {
    /** Returns why. */
    PgHelloException reason();
  }

  /**
   * A call has ended, be it that its arguments were refused. Each batch of {@code helloEach} is a
   * call; {@code info} and {@code preflight} are none.
   *
   * @param event what is known of it
   */
  default void callEnded(CallEnded event) {}

  /**
   * A statement is about to be made, on a connection that is not there yet. {@link #statementEnded}
   * follows on the same thread, with no other statement between them.
   *
   * @param event what is known of it
   */
  default void statementStarting(StatementStarting event) {}

  /**
   * A statement has ended.
   *
   * @param event what is known of it
   */
  default void statementEnded(StatementEnded event) {}

  /**
   * A statement is about to be repeated on another connection.
   *
   * @param event what is known of it
   */
  default void retrying(Retrying event) {}
}
