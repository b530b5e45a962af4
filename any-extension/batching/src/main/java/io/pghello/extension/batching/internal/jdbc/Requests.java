// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.internal.Deadline;

/**
 * Sends the arguments of calls that need not wait, and creates requests for calls that wait.
 *
 * @param <P> the arguments of a call
 * @param <Q> the request of a call that waits
 * @param <A> the answer to a call
 */
public interface Requests<P, Q, A> {
  /** Sends the arguments in a separate statement on the calling thread. */
  A one(P arguments, Deadline deadline);

  /**
   * Returns a request with these arguments.
   *
   * @param bytes the size of the arguments in bytes
   */
  Q request(P arguments, int bytes);
}
