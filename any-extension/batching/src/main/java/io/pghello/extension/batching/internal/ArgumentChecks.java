// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.batching.CallProblem;
import org.jspecify.annotations.Nullable;

/** The errors of the server about arguments that a client has checked before it sent them. */
public interface ArgumentChecks {
  /**
   * Returns the problem of an argument that the server refuses.
   *
   * @param sqlState the error of the server
   * @param serverEncoding the encoding of the database; null if it is not known
   * @return null if this is an error of another kind
   */
  @Nullable CallProblem problem(String sqlState, @Nullable String serverEncoding);

  /** Returns how calls succeed behind a driver that reads SQL itself; one clause. */
  String remedyBehindSqlParser();
}
