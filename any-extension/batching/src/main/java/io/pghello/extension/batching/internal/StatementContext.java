// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.batching.CallListener.Kind;

/**
 * The purpose of a statement, and its deadline.
 *
 * @param calls the number of calls in the statement, or, for a bulk call, the number of requests
 * @param queueNanos how long, in nanoseconds, the oldest call has waited before the statement
 * @param deadline the deadline of the statement
 */
public record StatementContext(Kind kind, int calls, long queueNanos, Deadline deadline) {
  /** Returns the context of a statement for one call that has not waited. */
  public static StatementContext single(Deadline deadline) {
    return new StatementContext(Kind.SINGLE, 1, 0, deadline);
  }

  /** Returns the context of a statement for requests of a bulk call. */
  public static StatementContext bulk(int names, Deadline deadline) {
    return new StatementContext(Kind.BULK, names, 0, deadline);
  }

  /** Returns the context of a statement for calls that have waited. */
  public static StatementContext batched(int calls, long queueNanos, Deadline deadline) {
    return new StatementContext(calls == 1 ? Kind.SINGLE : Kind.BATCH, calls, queueNanos, deadline);
  }

  /** Returns the context of a further statement that sends only the given number of these calls. */
  public StatementContext of(int calls) {
    return batched(calls, queueNanos, deadline);
  }
}
