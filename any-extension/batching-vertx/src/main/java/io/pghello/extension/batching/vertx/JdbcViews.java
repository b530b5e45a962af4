// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.vertx;

import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.RowSet;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * Shows the connections and results of Vert.x as those of JDBC, with the methods that the client
 * and mappers need. Methods that send a statement wait for its result.
 */
final class JdbcViews {
  /** The methods of a view. */
  interface Methods<T> {
    @Nullable Object call(T view, String method, @Nullable Object[] arguments) throws SQLException;
  }

  private static final @Nullable Object[] NO_ARGUMENTS = {};

  private JdbcViews() {}

  /** Returns an object with the given methods. */
  @SuppressWarnings("ReferenceEquality") // a view is equal to itself only
  static <T> T of(Class<T> type, Methods<T> methods) {
    return type.cast(
        Proxy.newProxyInstance(
            JdbcViews.class.getClassLoader(),
            new Class<?>[] {type},
            (view, method, arguments) ->
                switch (method.getName()) {
                  case "equals" -> view == arguments[0];
                  case "hashCode" -> System.identityHashCode(view);
                  case "toString" -> type.getSimpleName() + " of Vert.x";
                  default ->
                      methods.call(
                          type.cast(view),
                          method.getName(),
                          arguments == null ? NO_ARGUMENTS : arguments);
                }));
  }

  static UnsupportedOperationException unsupported(String method) {
    return new UnsupportedOperationException(
        "VertxConnections does not support the method " + method + " in a mapper");
  }

  /** Returns a view of a connection. Closing it returns the connection to the pool. */
  static Connection of(Session session) {
    return of(
        Connection.class,
        (view, method, arguments) ->
            switch (method) {
              case "abort" -> run(session::abort);
              case "close" -> run(session::release);
              case "createArrayOf" ->
                  array(
                      ElementTypes.toVertx(
                          (String) arguments[0], (@Nullable Object[]) arguments[1]));
              case "createStatement" -> statement(session);
              case "getAutoCommit" -> true;
              case "getMetaData" -> metaData(session);
              case "getNetworkTimeout" -> session.networkTimeout;
              case "isClosed" -> session.isClosed();
              case "isWrapperFor" -> false;
              case "prepareStatement" -> new BoundStatement(session, (String) arguments[0]).view();
              case "setNetworkTimeout" ->
                  run(() -> session.networkTimeout = (Integer) arguments[1]);
              case "unwrap" -> view;
              default -> throw unsupported(method);
            });
  }

  private static @Nullable Object run(Runnable action) {
    action.run();
    return null;
  }

  private static DatabaseMetaData metaData(Session session) {
    return of(
        DatabaseMetaData.class,
        (view, method, arguments) ->
            switch (method) {
              // all connections of a pool belong to the same database and user
              case "getURL" -> session.pool();
              case "getUserName" -> "";
              default -> throw unsupported(method);
            });
  }

  private static Statement statement(Session session) {
    return of(
        Statement.class,
        (view, method, arguments) ->
            switch (method) {
              case "execute", "executeQuery" -> {
                Session.requireBlockingThread();
                ResultSet rows = of(session.await(session.execute((String) arguments[0])));
                yield method.equals("execute") ? (Object) true : rows;
              }
              case "close", "setQueryTimeout" -> null;
              default -> throw unsupported(method);
            });
  }

  /** Returns a view of a result, before its first row. */
  static ResultSet of(RowSet<Row> rows) {
    return new Cursor(rows.iterator()).view();
  }

  private static Array array(@Nullable Object elements) {
    return of(
        Array.class,
        (view, method, arguments) ->
            switch (method) {
              case "getArray" -> elements;
              case "free" -> null;
              default -> throw unsupported(method);
            });
  }

  /** A result and its current row. */
  private static final class Cursor {
    private final RowIterator<Row> rows;
    private @Nullable Row row;
    private boolean wasNull;

    Cursor(RowIterator<Row> rows) {
      this.rows = rows;
    }

    ResultSet view() {
      return of(ResultSet.class, (view, method, arguments) -> call(method, arguments));
    }

    private @Nullable Object call(String method, @Nullable Object[] arguments) throws SQLException {
      switch (method) {
        case "next" -> {
          row = rows.hasNext() ? rows.next() : null;
          return row != null;
        }
        case "wasNull" -> {
          return wasNull;
        }
        case "close" -> {
          return null;
        }
        default -> {
          if (!method.startsWith("get") || arguments.length != 1) {
            throw unsupported(method);
          }
          Object value = value(arguments[0]);
          wasNull = value == null;
          return converted(method, value);
        }
      }
    }

    private @Nullable Object value(@Nullable Object column) throws SQLException {
      Row known = row;
      if (known == null) {
        throw new SQLException("The result has no current row.");
      }
      return column instanceof Integer index
          ? known.getValue(index - 1)
          : known.getValue((String) column);
    }

    private static @Nullable Object converted(String method, @Nullable Object value)
        throws SQLException {
      try {
        Number number = value instanceof Number known ? known : 0;
        return switch (method) {
          case "getArray" -> value == null ? null : array(ElementTypes.toJdbc((Object[]) value));
          case "getBoolean" -> value != null && (Boolean) value;
          case "getDouble" -> number.doubleValue();
          case "getFloat" -> number.floatValue();
          case "getInt" -> number.intValue();
          case "getLong" -> number.longValue();
          case "getObject" -> value;
          case "getShort" -> number.shortValue();
          case "getString" -> value == null ? null : value.toString();
          default -> throw unsupported(method);
        };
      } catch (ClassCastException e) {
        throw new SQLException("The column has a value of another type.", e);
      }
    }
  }
}
