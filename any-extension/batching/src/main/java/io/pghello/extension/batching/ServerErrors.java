// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.jdbc.SqlErrors;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Translates errors of statements that call an extension's functions but do not run in a client,
 * for example in a Hibernate session.
 */
public final class ServerErrors {
  private ServerErrors() {}

  /**
   * Returns the error that a client would throw for an error of its statement.
   *
   * @param checks the client's argument checks; null if arguments are not checked
   */
  public static FunctionCallException translate(
      SQLException e, ExtensionDescription extension, @Nullable ArgumentChecks<?> checks) {
    CallProblem rejection =
        checks == null ? null : checks.problem(String.valueOf(e.getSQLState()), null);
    return rejection == null
        ? SqlErrors.translate(e, Duration.ZERO, new ServerFunctions(extension, List.of(), checks))
        : new FunctionCallException(rejection, e.getSQLState(), null);
  }

  /** Returns the server's primary message; null if the error comes from the driver. */
  public static @Nullable String message(SQLException e) {
    return SqlErrors.serverMessage(e);
  }
}
