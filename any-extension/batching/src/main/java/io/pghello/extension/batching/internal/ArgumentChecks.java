// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.batching.CallProblem;
import org.jspecify.annotations.Nullable;

/**
 * Translates server errors about arguments, for clients that check arguments before sending them.
 */
public interface ArgumentChecks {
  /**
   * Returns the problem with an argument that the server rejected.
   *
   * @param sqlState the server's error code
   * @param serverEncoding the encoding of the database; null if unknown
   * @return the problem; null if the error is not about an argument
   */
  @Nullable CallProblem problem(String sqlState, @Nullable String serverEncoding);

  /** Returns a remedy, as a single clause, for calls through a driver that parses SQL itself. */
  String remedyBehindSqlParser();
}
