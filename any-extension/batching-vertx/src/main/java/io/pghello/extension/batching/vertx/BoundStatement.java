// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.vertx;

import io.vertx.sqlclient.Tuple;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A statement with its parameters. Its view is the statement that a mapper binds. */
final class BoundStatement {
  private final Session session;
  private final String sql;
  private final List<@Nullable Object> parameters = new ArrayList<>();

  BoundStatement(Session session, String sql) {
    this.session = session;
    this.sql = sql;
  }

  String sql() {
    return sql;
  }

  Tuple parameters() {
    return Tuple.from(parameters);
  }

  /** Returns this statement as a statement of JDBC. */
  PreparedStatement view() {
    return JdbcViews.of(PreparedStatement.class, this::call);
  }

  private @Nullable Object call(PreparedStatement view, String method, @Nullable Object[] arguments)
      throws SQLException {
    return switch (method) {
      case "getConnection" -> connection();
      case "setArray",
          "setBigDecimal",
          "setBoolean",
          "setDouble",
          "setFloat",
          "setInt",
          "setLong",
          "setNull",
          "setObject",
          "setShort",
          "setString" ->
          set(
              Objects.requireNonNull((Integer) arguments[0]),
              method.equals("setNull") ? null : arguments[1]);
      case "executeQuery" -> {
        Session.requireBlockingThread();
        yield JdbcViews.of(session.await(session.execute(this)));
      }
      case "close" -> null;
      default -> throw JdbcViews.unsupported(method);
    };
  }

  private Connection connection() {
    return JdbcViews.of(session);
  }

  private @Nullable Object set(int index, @Nullable Object value) throws SQLException {
    while (parameters.size() < index) {
      parameters.add(null);
    }
    parameters.set(index - 1, value instanceof Array array ? array.getArray() : value);
    return null;
  }
}
