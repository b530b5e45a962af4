// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.SingleMapper;
import io.pghello.extension.batching.internal.Errors;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Calls the program's mappers. An exception from a mapper does not affect the connection.
 *
 * @param single the mapper for single requests; null if they are sent as arrays, too
 */
record GuardedMapper<Q, A>(BatchMapper<Q, A> batch, @Nullable SingleMapper<Q, A> single) {
  void bind(PreparedStatement statement, List<Q> arguments) throws SQLException {
    try {
      batch.bind(statement, arguments);
    } catch (RuntimeException | Error e) {
      throw ofProgram(e);
    }
  }

  void bindOne(PreparedStatement statement, Q arguments) throws SQLException {
    try {
      Objects.requireNonNull(single).bind(statement, arguments);
    } catch (RuntimeException | Error e) {
      throw ofProgram(e);
    }
  }

  A readOne(ResultSet row, int column) throws SQLException {
    return Objects.requireNonNull(single).read(row, column);
  }

  /** Reads the answers. Copies the list, because the program's list may be lazy. */
  Object[] read(Array answers) throws SQLException {
    try {
      return Objects.requireNonNull(batch.read(answers), "answers").toArray(new Object[0]);
    } catch (RuntimeException | Error e) {
      throw ofProgram(e);
    }
  }

  @SuppressWarnings("unchecked") // the mapper has read the answer
  boolean isAnsweredBy(Q arguments, @Nullable Object answer) {
    try {
      return answer != null && batch.matches(arguments, (A) answer);
    } catch (RuntimeException | Error e) {
      throw ofProgram(e);
    }
  }

  /** Returns the error for an exception from the mapper. Rethrows errors of the JVM. */
  private static FunctionCallException ofProgram(Throwable e) {
    if (e instanceof VirtualMachineError error) {
      throw error;
    }
    return Errors.unexpected(e);
  }
}
