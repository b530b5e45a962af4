// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import org.jspecify.annotations.Nullable;

/**
 * Receives the events of a {@link BatchedFunction}, for example for metrics. Override the methods
 * that you need.
 *
 * <p>Methods are called concurrently on the threads that do the work, so return quickly: {@link
 * #callEnded} runs before the caller receives its answer. Exceptions from a listener are logged,
 * and do not affect the call.
 *
 * <p>A method must not wait for a call to the same function, because that call may need the thread
 * or connection that the listener occupies, and would then block until it times out. Later versions
 * may add methods to this interface and to the events, so do not implement the events yourself.
 */
public interface CallListener {
  /**
   * Purpose of a statement. Later versions may add kinds, so a {@code switch} needs a {@code
   * default}.
   */
  enum Kind {
    /** A single call. */
    SINGLE,
    /** Calls from several callers, combined into one statement. */
    BATCH,
    /** Requests of {@link FunctionOperations#callAll}. */
    BULK
  }

  /** Event at the end of a call. */
  interface CallEnded {
    /** Returns the signature of the function, e.g. {@code acme_length(text[])}. */
    String function();

    /**
     * Returns the duration of the call, in nanoseconds, from its start to its answer. Dependent
     * stages of a future are not included.
     */
    long durationNanos();

    /**
     * Returns how long, in nanoseconds, the call waited for earlier statements or a thread of an
     * executor before its statement started. The time is 0 if the call did not wait, and equal to
     * {@link #durationNanos()} if the call ended while waiting. The rest of the duration is the
     * time for borrowing a connection, the round trip, and waking up the caller.
     */
    long queueNanos();

    /**
     * Returns the reason for the failure, or null if the call succeeded. If the program cancelled
     * or completed the future, the code is {@link FunctionCallException.Code#CANCELLED_BY_CALLER}.
     */
    @Nullable FunctionCallException error();
  }

  /** Event at the start of a statement. */
  interface StatementStarted {
    /** Returns the purpose of the statement. */
    Kind kind();

    /**
     * Returns the number of calls in the statement, or, for a bulk call, the number of requests.
     */
    int calls();
  }

  /** Event at the end of a statement. */
  interface StatementEnded {
    /** Returns the purpose of the statement. */
    Kind kind();

    /**
     * Returns the number of calls in the statement, or, for a bulk call, the number of requests.
     */
    int calls();

    /**
     * Returns how long, in nanoseconds, the oldest call in the statement waited before the
     * statement started; 0 if no call waited.
     */
    long oldestWaitNanos();

    /**
     * Returns the time, in nanoseconds, for borrowing a connection, sending the statement, and
     * reading its result.
     */
    long durationNanos();

    /** Returns the reason for the failure, or null if the statement succeeded. */
    @Nullable FunctionCallException error();
  }

  /** Event before a retry. */
  interface Retrying {
    /** Returns the reason for the retry. */
    FunctionCallException reason();
  }

  /**
   * Called when a call ends, with an answer or an error. {@link FunctionOperations#callAll} counts
   * as one call.
   */
  default void callEnded(CallEnded event) {}

  /**
   * Called before a connection is borrowed for a statement. {@link #statementEnded} follows on the
   * same thread, without other statements in between.
   */
  default void statementStarted(StatementStarted event) {}

  /** Called when a statement ends. */
  default void statementEnded(StatementEnded event) {}

  /** Called before a statement is retried on another connection. */
  default void retrying(Retrying event) {}
}
