// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.vertx;

import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.io.IOException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Translates errors of Vert.x to the exceptions of pgjdbc, which the client knows. */
final class DriverErrors {
  /** The SQLSTATE of a lost connection. */
  static final String CONNECTION_FAILURE = "08006";

  private static final String CANNOT_CONNECT = "08001";

  private DriverErrors() {}

  /** Translates an error of a statement. */
  static SQLException of(Throwable e) {
    if (e instanceof SQLException known) {
      return known;
    }
    if (e instanceof PgException reported) {
      return new PSQLException(serverError(reported));
    }
    if (e instanceof IOException || e instanceof ClosedConnectionException) {
      return lost(e);
    }
    // the message of Vert.x may contain the parameters of several calls
    return new SQLException(
        "Vert.x could not run the statement (%s). If its log does not show the reason, compare the"
                .formatted(e.getClass().getName())
            + " types of the parameters with the signature of the function.");
  }

  /** Translates an error of a statement after its connection was closed. */
  static SQLException lost(Throwable e) {
    return e instanceof PgException || e instanceof SQLException
        ? of(e)
        : new SQLException("The connection was closed.", CONNECTION_FAILURE, e);
  }

  /** Translates an error of the pool. */
  static SQLTransientConnectionException noConnection(Throwable e) {
    String message = e.getMessage() == null ? e.getClass().getName() : e.getMessage();
    return new SQLTransientConnectionException(
        message, CANNOT_CONNECT, e instanceof PgException ? of(e) : e);
  }

  /** Returns the same error in the format of the server's message. */
  private static ServerErrorMessage serverError(PgException e) {
    var fields = new StringBuilder();
    add(fields, 'S', e.getSeverity());
    add(fields, 'C', e.getSqlState());
    add(fields, 'M', e.getErrorMessage());
    add(fields, 'D', e.getDetail());
    add(fields, 'H', e.getHint());
    add(fields, 'P', e.getPosition());
    add(fields, 'p', e.getInternalPosition());
    add(fields, 'q', e.getInternalQuery());
    add(fields, 'W', e.getWhere());
    add(fields, 's', e.getSchema());
    add(fields, 't', e.getTable());
    add(fields, 'c', e.getColumn());
    add(fields, 'd', e.getDataType());
    add(fields, 'n', e.getConstraint());
    add(fields, 'F', e.getFile());
    add(fields, 'L', e.getLine());
    add(fields, 'R', e.getRoutine());
    return new ServerErrorMessage(fields.toString());
  }

  private static void add(StringBuilder fields, char type, @Nullable String value) {
    if (value != null) {
      fields.append(type).append(value).append('\0');
    }
  }
}
