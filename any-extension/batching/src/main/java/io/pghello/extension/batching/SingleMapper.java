// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Calls a function without arrays for a request that is sent in its own statement, which is faster
 * than an array with one element. Pass it to {@link ClientDefinition#single}.
 *
 * <p>The rules of {@link BatchMapper} apply: no side effects, no dependency on the session, and
 * calls from several threads at a time. {@link BatchMapper#matches} checks the answers. If the
 * array function is missing, or the role may not execute it, all requests are sent one by one.
 *
 * @param <Q> the arguments of one call
 * @param <A> the result of one call, never null
 */
public interface SingleMapper<Q, A> {
  /**
   * Returns the function to call for a request. It must be in {@link ClientDefinition#functions}.
   */
  ServerFunction function(Q request);

  /** Binds the request to the parameters of the statement. */
  void bind(PreparedStatement statement, Q request) throws SQLException;

  /**
   * Reads the answer.
   *
   * @param row the only row of the result
   * @param column the column that contains the function's return value
   */
  A read(ResultSet row, int column) throws SQLException;
}
