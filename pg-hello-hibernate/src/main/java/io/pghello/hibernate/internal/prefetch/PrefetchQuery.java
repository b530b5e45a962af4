// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.prefetch;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloMapper;
import io.pghello.PgHelloRequest;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.hibernate.internal.attribute.JdbcExceptions;
import io.pghello.hibernate.internal.attribute.ServerValueAttribute;
import io.pghello.hibernate.internal.tracking.EntityWrite;
import io.pghello.hibernate.internal.tracking.ServerValues;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.hibernate.JDBCException;
import org.hibernate.engine.jdbc.spi.JdbcCoordinator;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.jspecify.annotations.Nullable;

/** A query that fetches several values in one round trip. */
final class PrefetchQuery {
  // The limits of one query: large enough to make the cost of the round trip negligible, and small
  // enough to keep the request and the response small.
  private static final int NAMES_MAX = 16_384;
  private static final long BYTES_MAX = 8 << 20;

  // in addition to the name: "Hello, " and "!", a space, and the separator of array elements
  private static final int GREETING_BYTES = 16;

  private static final String NOW_MS = "now_ms()";
  private static final PgHelloMapper MAPPER = PgHelloMapper.INSTANCE;

  private final List<PgHelloRequest> requests = new ArrayList<>();
  private final List<Target> targets = new ArrayList<>();
  private final List<Target> timeTargets = new ArrayList<>();
  private final SharedSessionContractImplementor session;
  private @Nullable Long millis;
  private long bytes;
  private long resultBytes;
  private boolean refused;
  private @Nullable Long resultBytesMax;

  private record Target(ServerValueAttribute attribute, ServerValues serverValues) {}

  /**
   * Creates an empty query.
   *
   * @param millis a time that an earlier query fetched and that also applies to the entities of
   *     this query; null if there is none
   */
  PrefetchQuery(SharedSessionContractImplementor session, @Nullable Long millis) {
    this.session = session;
    this.millis = millis;
  }

  /** Returns the time that was passed in or fetched; null if there is none. */
  @Nullable Long millis() {
    return millis;
  }

  boolean isFull() {
    return refused || requests.size() >= NAMES_MAX || bytes >= BYTES_MAX;
  }

  /**
   * Adds the value of an attribute to the query.
   *
   * @return false if nothing was added because the result might exceed the driver's limit
   */
  boolean add(ServerValueAttribute attribute, EntityWrite write, ServerValues serverValues) {
    var target = new Target(attribute, serverValues);
    if (attribute.source() == null) {
      timeTargets.add(target);
      return true;
    }
    String name = write.name(attribute);
    if (name == null) {
      return true;
    }
    PgHelloRequest request = attribute.request(name);
    long size = resultBytes(request);
    if (!requests.isEmpty() && resultBytes + size > resultBytesMax()) {
      refused = true;
      return false;
    }
    requests.add(request);
    targets.add(target);
    bytes += MAPPER.sizeInBytes(request);
    resultBytes += size;
    return true;
  }

  /**
   * Returns an upper bound, in bytes, for the size of a request's greeting in the result. Assumes
   * the worst case for the text format: every character is escaped.
   */
  private static long resultBytes(PgHelloRequest request) {
    int repeat =
        request.repeat() == PgHelloRequest.SESSION_DEFAULT
            ? PgHelloRequest.REPEAT_MAX
            : request.repeat();
    return 2L * repeat * (MAPPER.sizeInBytes(request) + GREETING_BYTES);
  }

  private long resultBytesMax() {
    if (resultBytesMax == null) {
      resultBytesMax = DriverLimit.of(session);
    }
    return resultBytesMax;
  }

  /** Fetches the missing values on the session's connection and stores all values. */
  void send(String schema) {
    if (!requests.isEmpty() || isTimeNeeded()) {
      fetch(schema);
    }
    if (millis != null) {
      for (Target target : timeTargets) {
        target.serverValues.put(target.attribute, null, target.attribute.time(millis));
      }
    }
  }

  private boolean isTimeNeeded() {
    return millis == null && !timeTargets.isEmpty();
  }

  private void fetch(String schema) {
    JdbcCoordinator jdbc = session.getJdbcCoordinator();
    String sql = sql(schema);
    PreparedStatement statement = null;
    try {
      // use Hibernate's API, so that its logs, statistics and timeouts include the statement;
      // prepare the statement as a query, because this does not execute the pending JDBC batch
      statement = jdbc.getStatementPreparer().prepareQueryStatement(sql, false, null);
      if (!requests.isEmpty()) {
        MAPPER.bind(statement, requests);
      }
      try (ResultSet row = jdbc.getResultSetReturn().extract(statement, sql)) {
        read(row);
      }
    } catch (FunctionCallException e) {
      throw JdbcExceptions.convert(e, session.getFactory());
    } catch (JDBCException e) {
      // if there is no statement, the error may come from the pool, e.g. if no connection is
      // available
      if (statement == null && !sql.equals(e.getSQL())) {
        throw e;
      }
      throw JdbcExceptions.convert(
          JdbcExceptions.ofSession(e.getSQLException()), session.getFactory());
    } catch (SQLException e) {
      throw JdbcExceptions.convert(JdbcExceptions.ofSession(e), session.getFactory());
    } finally {
      if (statement != null) {
        jdbc.getLogicalConnection().getResourceRegistry().release(statement);
      }
      jdbc.afterStatementExecution();
    }
  }

  /**
   * Returns the SQL text. The result must prove that it belongs to this statement, because a pooler
   * may run a different statement on the server instead. A greeting proves this because it contains
   * the name. A time does not, so the query also returns the greetings or, if there are none, the
   * function's signature.
   */
  private String sql(String schema) {
    String firstColumn = requests.isEmpty() ? "'" + NOW_MS + "'" : schema + "pg_hello_all(?, ?)";
    return "SELECT " + firstColumn + (isTimeNeeded() ? ", " + schema + NOW_MS : "");
  }

  /** Reads the result, which may belong to another statement and have any form. */
  private void read(ResultSet row) throws SQLException {
    try {
      if (row.next() && isResult(row)) {
        if (isTimeNeeded()) {
          millis = row.getLong(2);
        }
        return;
      }
    } catch (SQLException | RuntimeException e) {
      if (row.isClosed()) {
        throw e;
      }
    }
    throw JdbcExceptions.of(ExtensionProblem.mismatch(PgHelloClient.extension()));
  }

  /** Stores the greetings. Returns whether the row is the result of this query. */
  private boolean isResult(ResultSet row) throws SQLException {
    if (requests.isEmpty()) {
      return NOW_MS.equals(row.getString(1));
    }
    Array array = row.getArray(1);
    List<String> greetings = array == null ? List.of() : MAPPER.read(array);
    if (greetings.size() != requests.size()) {
      return false;
    }
    for (int i = 0; i < greetings.size(); i++) {
      if (!MAPPER.matches(requests.get(i), greetings.get(i))) {
        return false;
      }
    }
    for (int i = 0; i < greetings.size(); i++) {
      Target target = targets.get(i);
      target.serverValues.put(target.attribute, requests.get(i).name(), greetings.get(i));
    }
    return true;
  }
}
