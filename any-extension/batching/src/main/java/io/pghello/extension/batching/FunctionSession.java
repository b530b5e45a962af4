// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Calls the extension's other functions on one connection of a client. {@link
 * FunctionOperations#run} passes it to its work.
 *
 * <pre>{@code
 * String version =
 *     operations.run(session -> session.call(VERSION, row -> row.getString(VERSION.column())));
 * }</pre>
 *
 * <p>Not thread-safe, and invalid after the work has ended.
 */
public interface FunctionSession {
  /** Sets the parameters of a statement. */
  @FunctionalInterface
  interface Binder<P> {
    void bind(PreparedStatement statement, P parameters) throws SQLException;
  }

  /** Reads the only row of a result. */
  @FunctionalInterface
  interface Reader<T> {
    T read(ResultSet row) throws SQLException;
  }

  /** Statements that run on one connection. They may run again if the connection is lost. */
  @FunctionalInterface
  interface Work<T> {
    T run(FunctionSession session) throws SQLException;
  }

  /**
   * Calls a function without parameters. Takes one round trip, and another one if the extension has
   * not been found before, or has been moved.
   *
   * @param function a function from {@link ClientDefinition#functions}
   * @param reader reads the return value from {@link ServerFunction#column}
   * @throws FunctionCallException if the function cannot be called, or if the result belongs to
   *     another statement
   */
  <T> T call(ServerFunction function, Reader<T> reader) throws SQLException;

  /**
   * Calls a function with parameters, like {@link #call(ServerFunction, Reader)}.
   *
   * @param parameters the object that is passed to {@code binder}
   */
  <P, T> T call(ServerFunction function, P parameters, Binder<P> binder, Reader<T> reader)
      throws SQLException;

  /** Inspects the installation of the extension. Takes one round trip. */
  Preflight preflight() throws SQLException;

  /**
   * Returns the error for an answer that does not match its request. The connection is closed after
   * the work.
   */
  FunctionCallException mismatch();
}
