// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloListener.Kind;

/**
 * What a statement is sent for.
 *
 * @param calls how many calls, or names of a bulk call, it carries
 * @param waitedNanos how long the oldest of the calls has waited for others
 * @param deadline when it must have ended
 */
public record Request(Kind kind, int calls, long waitedNanos, Deadline deadline) {
  /** Returns a request for one call that has not waited. */
  public static Request single(Deadline deadline) {
    return new Request(Kind.SINGLE, 1, 0, deadline);
  }

  /** Returns a request for names of a bulk call. */
  public static Request bulk(int names, Deadline deadline) {
    return new Request(Kind.BULK, names, 0, deadline);
  }

  /** Returns a request for calls that have waited. */
  static Request coalesced(int calls, long waitedNanos, Deadline deadline) {
    return new Request(calls == 1 ? Kind.SINGLE : Kind.BATCH, calls, waitedNanos, deadline);
  }

  /** Returns a request for some of the calls. */
  Request of(int calls) {
    return coalesced(calls, waitedNanos, deadline);
  }
}
