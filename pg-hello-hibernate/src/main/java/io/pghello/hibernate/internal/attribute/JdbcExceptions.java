// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.attribute;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloMapper;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.Preflight;
import io.pghello.extension.batching.ServerErrors;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.util.HashSet;
import org.hibernate.JDBCException;
import org.hibernate.engine.spi.SessionFactoryImplementor;

/**
 * Converts errors to the exceptions that Hibernate applications, retry logic and frameworks expect.
 */
public final class JdbcExceptions {
  // character_not_in_repertoire: the server's SQLSTATE for a name that cannot be sent
  private static final String INVALID_NAME = "22021";

  private static final String INSUFFICIENT_PRIVILEGE = "42501";

  private JdbcExceptions() {}

  /** Returns the error for an installation problem. */
  public static FunctionCallException of(ExtensionProblem problem) {
    return new FunctionCallException(Preflight.problem(problem), null, null);
  }

  /**
   * Translates the error of a statement in a Hibernate session. Such a statement has no call
   * timeout. Because its transaction has failed, no further statement can determine the reason.
   */
  public static FunctionCallException ofSession(SQLException e) {
    if (ExtensionProblem.canCause(e)) {
      String remedy =
          INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())
              ? "Grant the missing privilege to the role: EXECUTE on the function, or USAGE on its"
                  + " schema. With pg-hello.preflight=fail, this problem is reported at startup,"
                  + " with the GRANT statement."
              : "Create or update it in this database (CREATE EXTENSION pg_hello, ALTER EXTENSION"
                  + " pg_hello UPDATE), or set pg-hello.schema to the schema that contains it."
                  + " With pg-hello.preflight=fail, this problem is reported at startup.";
      return new FunctionCallException(
          new CallProblem(
              Code.SERVER_ERROR,
              "The extension pg_hello cannot be used in its current state: "
                  + ServerErrors.message(e)
                  + ".",
              remedy),
          e.getSQLState(),
          null);
    }
    if (hasSocketTimeout(e)) {
      return new FunctionCallException(
          new CallProblem(
              Code.TIMEOUT,
              "The server did not answer within the connection's socketTimeout.",
              "Try again, check the load of the server, or raise socketTimeout."),
          e.getSQLState(),
          e);
    }
    return ServerErrors.translate(e, PgHelloClient.extension(), PgHelloMapper.INSTANCE);
  }

  private static boolean hasSocketTimeout(SQLException e) {
    var seen = new HashSet<Throwable>();
    Throwable cause = e;
    while (cause != null && seen.add(cause)) {
      if (cause instanceof SocketTimeoutException) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  /**
   * Returns the Hibernate exception for the error's SQLSTATE. The cause is a {@link
   * FunctionCallException} instead of the driver's exception, because the driver's message could
   * contain names.
   */
  public static JDBCException convert(FunctionCallException e, SessionFactoryImplementor factory) {
    String state = e.sqlState().orElse(e.code() == Code.INVALID_ARGUMENT ? INVALID_NAME : null);
    return factory
        .getJdbcServices()
        .getSqlExceptionHelper()
        .convert(
            new SQLException(e.getMessage(), state, e), "Could not get values from the server");
  }
}
