// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.attribute;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.sql.SQLException;
import org.hibernate.JDBCException;
import org.hibernate.engine.spi.SessionFactoryImplementor;

/**
 * Converts errors to the exceptions that Hibernate applications, retry logic and frameworks expect.
 */
public final class JdbcExceptions {
  // character_not_in_repertoire: the server's SQLSTATE for a name that cannot be sent
  private static final String INVALID_NAME = "22021";

  private JdbcExceptions() {}

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
