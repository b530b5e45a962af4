// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import org.jspecify.annotations.Nullable;

/**
 * Receives the events of a {@link CoalescedFunction}, for example for metrics. Override the methods
 * that you need.
 *
 * <p>Methods are called on the threads that do the work, by many threads at a time, and should
 * return immediately: {@link #callEnded} is called before the caller has its answer. A method must
 * not wait for a call of the same function: the call may need the thread or the connection of the
 * listener, and would then wait until it times out. Exceptions of a listener are logged and have no
 * effect on the call. Later versions may add methods here and to the events, so do not implement
 * the events.
 */
public interface CallListener {
  /**
   * Purpose of a statement. Later versions may add kinds, so a {@code switch} needs a {@code
   * default}.
   */
  enum Kind {
    /** One call. */
    SINGLE,
    /** Calls of several callers, in one statement. */
    BATCH,
    /** Calls of one list. */
    BULK
  }

  /** The end of a call. */
  interface CallEnded {
    /** Returns the signature of the function, e.g. {@code acme_length(text[])}. */
    String function();

    /**
     * Returns how long the call took, in nanoseconds, from the program's call to its answer. What
     * depends on a future is not a part of that.
     */
    long nanos();

    /**
     * Returns how long the call waited for others before a statement was made for it, in
     * nanoseconds: for its place among the statements in flight, and for a thread of an executor. 0
     * if it had not to wait; all of {@link #nanos()} if it ended before. The rest of {@link
     * #nanos()} is the time for borrowing a connection, the round trip, and waking up the caller.
     */
    long waitedNanos();

    /**
     * Returns why the call failed; null if it did not. A future that the program cancelled or
     * completed has {@link FunctionCallException.Code#CANCELLED_BY_CALLER}.
     */
    @Nullable FunctionCallException error();
  }

  /** The beginning of a statement. */
  interface StatementStarting {
    /** Returns the purpose of the statement. */
    Kind kind();

    /** Returns the number of its calls, or of the arguments of a list. */
    int calls();
  }

  /** The end of a statement. */
  interface StatementEnded {
    /** Returns the purpose of the statement. */
    Kind kind();

    /** Returns the number of its calls, or of the arguments of a list. */
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
    @Nullable FunctionCallException error();
  }

  /** A repetition that is about to be made. */
  interface Retrying {
    /** Returns why. */
    FunctionCallException reason();
  }

  /** A call has ended, with an answer or an error. A list is one call. */
  default void callEnded(CallEnded event) {}

  /**
   * A statement is about to get a connection. {@link #statementEnded} follows on the same thread,
   * with no other statement between them.
   */
  default void statementStarting(StatementStarting event) {}

  /** A statement has ended. */
  default void statementEnded(StatementEnded event) {}

  /** A statement is about to be repeated on another connection. */
  default void retrying(Retrying event) {}
}
