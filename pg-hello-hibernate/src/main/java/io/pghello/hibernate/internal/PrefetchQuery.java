// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.PgHelloException;
import io.pghello.internal.Function;
import io.pghello.internal.HelloAllCodec;
import io.pghello.internal.HelloErrors;
import io.pghello.internal.HelloRequest;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.hibernate.JDBCException;
import org.hibernate.engine.jdbc.spi.JdbcCoordinator;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.jspecify.annotations.Nullable;

/** Values that are asked for together, in one round trip. */
final class PrefetchQuery {
  // Enough that the round trip does not matter, and little enough that neither message is large.
  private static final int NAMES_MAX = 16_384;
  private static final long BYTES_MAX = 8 << 20;

  // of "Hello, " and "!", a blank, and what separates the elements of an array
  private static final int GREETING_BYTES = 16;

  private final List<HelloRequest> requests = new ArrayList<>();
  private final List<Asker> askers = new ArrayList<>();
  private final List<Asker> timeAskers = new ArrayList<>();
  private final SharedSessionContractImplementor session;
  private @Nullable Long millis;
  private long bytes;
  private long answerBytes;
  private boolean refused;
  private @Nullable Long answerBytesMax;

  private record Asker(ServerValueAttribute attribute, Answers answers) {}

  /**
   * Creates an empty query.
   *
   * @param millis the time that was given to other entities, if these share it; null if none
   */
  PrefetchQuery(SharedSessionContractImplementor session, @Nullable Long millis) {
    this.session = session;
    this.millis = millis;
  }

  /** Returns the time that was given; null if none. */
  @Nullable Long millis() {
    return millis;
  }

  boolean isFull() {
    return refused || requests.size() >= NAMES_MAX || bytes >= BYTES_MAX;
  }

  /**
   * Adds the value of an attribute to the query.
   *
   * @return false if the driver might refuse to read the answer then, so that nothing was added
   */
  boolean add(ServerValueAttribute attribute, EntityWrite write, Answers answers) {
    var asker = new Asker(attribute, answers);
    if (attribute.source() == null) {
      timeAskers.add(asker);
      return true;
    }
    HelloRequest request = attribute.request(write);
    if (request == null) {
      return true;
    }
    long answer = answerBytes(request);
    if (!requests.isEmpty() && answerBytes + answer > answerBytesMax()) {
      refused = true;
      return false;
    }
    requests.add(request);
    askers.add(asker);
    bytes += request.bytes();
    answerBytes += answer;
    return true;
  }

  /** Returns the most bytes of an answer, with each character escaped, as in the text format. */
  private static long answerBytes(HelloRequest request) {
    int repeat =
        request.repeat() == HelloRequest.AS_SET ? HelloRequest.REPEAT_MAX : request.repeat();
    return 2L * repeat * (request.bytes() + GREETING_BYTES);
  }

  private long answerBytesMax() {
    if (answerBytesMax == null) {
      answerBytesMax = DriverLimit.of(session);
    }
    return answerBytesMax;
  }

  /** Asks the server, on the session's connection, for what is not known, and gives the answers. */
  void send(String schema) {
    if (!requests.isEmpty() || isTimeAsked()) {
      ask(schema);
    }
    if (millis != null) {
      for (Asker asker : timeAskers) {
        asker.answers.put(asker.attribute, null, asker.attribute.time(millis));
      }
    }
  }

  private boolean isTimeAsked() {
    return millis == null && !timeAskers.isEmpty();
  }

  private void ask(String schema) {
    JdbcCoordinator jdbc = session.getJdbcCoordinator();
    String sql = sql(schema);
    PreparedStatement statement = null;
    try {
      // in Hibernate's own way, so that its logs, statistics and time-outs know of the statement;
      // as a query's, before which it does not execute the batch that it collects
      statement = jdbc.getStatementPreparer().prepareQueryStatement(sql, false, null);
      if (!requests.isEmpty()) {
        HelloAllCodec.bind(statement, requests);
      }
      try (ResultSet row = jdbc.getResultSetReturn().extract(statement, sql)) {
        read(row);
      }
    } catch (PgHelloException e) {
      throw Failures.converted(e, session.getFactory());
    } catch (JDBCException e) {
      // the pool may have no connection
      if (statement == null && !sql.equals(e.getSQL())) {
        throw e;
      }
      throw Failures.converted(HelloErrors.ofSession(e.getSQLException()), session.getFactory());
    } catch (SQLException e) {
      throw Failures.converted(HelloErrors.ofSession(e), session.getFactory());
    } finally {
      if (statement != null) {
        jdbc.getLogicalConnection().getResourceRegistry().release(statement);
      }
      jdbc.afterStatementExecution();
    }
  }

  /**
   * Returns the statement. Greetings show what they answer; a time does not, and so comes beside
   * them, or beside the function's signature: a pooler may have the server run another statement.
   */
  private String sql(String schema) {
    String question =
        requests.isEmpty()
            ? "'" + Function.NOW_MS.signature() + "'"
            : schema + "pg_hello_all(?, ?)";
    return "SELECT " + question + (isTimeAsked() ? ", " + schema + "now_ms()" : "");
  }

  /** Reads an answer, which can be that of another statement, and then be anything. */
  private void read(ResultSet row) throws SQLException {
    try {
      if (row.next() && isAnswer(row)) {
        if (isTimeAsked()) {
          millis = row.getLong(2);
        }
        return;
      }
    } catch (SQLException | RuntimeException e) {
      if (row.isClosed()) {
        throw e;
      }
    }
    throw HelloErrors.mismatch();
  }

  /** Gives the greetings to those who asked; returns whether the row answers the question. */
  private boolean isAnswer(ResultSet row) throws SQLException {
    if (requests.isEmpty()) {
      return Function.NOW_MS.signature().equals(row.getString(1));
    }
    String @Nullable [] greetings = HelloAllCodec.read(row, requests);
    if (greetings == null || !HelloAllCodec.areAnswers(requests, greetings)) {
      return false;
    }
    for (int i = 0; i < greetings.length; i++) {
      Asker asker = askers.get(i);
      asker.answers.put(asker.attribute, requests.get(i).name(), greetings[i]);
    }
    return true;
  }
}
