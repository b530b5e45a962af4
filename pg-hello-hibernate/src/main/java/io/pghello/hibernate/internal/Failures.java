// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import java.sql.SQLException;
import org.hibernate.JDBCException;
import org.hibernate.engine.spi.SessionFactoryImplementor;

/** Errors as Hibernate's users, retries and frameworks know them. */
final class Failures {
  // character_not_in_repertoire: what the server says of a name that cannot be sent
  private static final String INVALID_NAME = "22021";

  private Failures() {}

  /**
   * Returns what Hibernate makes of an error of the database with this SQLSTATE. Its cause is one
   * of ours, and not the driver's, which could have names in it.
   */
  static JDBCException converted(PgHelloException e, SessionFactoryImplementor factory) {
    String state = e.sqlState().orElse(e.code() == Code.INVALID_NAME ? INVALID_NAME : null);
    return factory
        .getJdbcServices()
        .getSqlExceptionHelper()
        .convert(new SQLException(e.getMessage(), state, e), "No values from the server");
  }
}
