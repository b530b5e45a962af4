// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.PgHelloException.Code;
import io.pghello.internal.Errors;
import io.pghello.internal.Names;
import io.pghello.internal.Preflight;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Calls the functions of the PostgreSQL extension {@code pg_hello}.
 *
 * <pre>{@code
 * PgHelloClient client = PgHelloClient.create(dataSource);
 * String greeting = client.hello("Ada"); // Hello, Ada!
 * }</pre>
 *
 * <p>Each call takes a connection from the data source, sends one statement, and gives the
 * connection back: use a pool. It changes no setting and leaves no transaction open. The client
 * finds the schema that the extension is in with its first call, which therefore takes one round
 * trip more.
 *
 * <p>Needs version 1.1 of the extension; on 1.0, all but {@link #hello(String, int)} work.
 *
 * <p>All methods throw {@link PgHelloException}, whose code and message say what is wrong and what
 * mends it.
 *
 * <p>Thread-safe.
 */
public final class PgHelloClient {
  private static final int REPEAT_MIN = 1;
  private static final int REPEAT_MAX = 10;

  // Milliseconds from 1970 to 2000, where the clocks of other builds begin.
  private static final long POSTGRES_EPOCH_MILLIS = 946_684_800_000L;
  private static final long DAY_MILLIS = 86_400_000L;

  private final DataSource dataSource;
  private volatile @Nullable Preflight found;

  private PgHelloClient(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  /**
   * Creates a client. No connection is made before the first call.
   *
   * @param dataSource where connections come from; it stays the caller's to close
   */
  public static PgHelloClient create(DataSource dataSource) {
    return new PgHelloClient(Objects.requireNonNull(dataSource, "dataSource"));
  }

  /**
   * SQL {@code pg_hello(name)}: greets a name, as in {@code Hello, Ada!}, as many times as the
   * session's setting {@code pg_hello.repeat} says (1 by default). One round trip.
   *
   * @param name any text, even empty, that has neither the character U+0000 nor an unpaired
   *     surrogate
   * @return the greeting, never null
   * @throws NullPointerException if the name is null
   * @throws PgHelloException if the name cannot be sent ({@link Code#INVALID_NAME}), if the
   *     greeting exceeds the server's limit of 1 GB ({@link Code#RESULT_TOO_LARGE}), or if the
   *     extension or the server cannot be used
   */
  public String hello(String name) {
    Names.check(name);
    return call(
        "pg_hello(text)", "pg_hello(?::text)", s -> s.setString(1, name), r -> r.getString(1));
  }

  /**
   * SQL {@code pg_hello(name, repeat)}: greets a name a number of times, with one space between the
   * greetings. One round trip.
   *
   * @param name any text, even empty, that has neither the character U+0000 nor an unpaired
   *     surrogate
   * @param repeat how many times, 1 to 10
   * @return the greeting, never null
   * @throws NullPointerException if the name is null
   * @throws PgHelloException if the count is out of range ({@link Code#INVALID_REPEAT}), if the
   *     extension is at version 1.0 ({@link Code#TOO_OLD}), or as {@link #hello(String)} does
   */
  public String hello(String name, int repeat) {
    Names.check(name);
    if (repeat < REPEAT_MIN || repeat > REPEAT_MAX) {
      throw new PgHelloException(
          new PgHelloProblem(
              Code.INVALID_REPEAT,
              "The repeat count is " + repeat + ".",
              "Use a count between " + REPEAT_MIN + " and " + REPEAT_MAX + "."),
          null,
          null);
    }
    return call(
        "pg_hello(text,integer)",
        "pg_hello(?::text, ?)",
        s -> {
          s.setString(1, name);
          s.setInt(2, repeat);
        },
        r -> r.getString(1));
  }

  /**
   * SQL {@code now_ms()}: returns the server's wall clock, in whole milliseconds. It goes on within
   * a transaction. One round trip.
   *
   * @throws PgHelloException if the extension or the server cannot be used
   */
  public Instant now() {
    return Instant.ofEpochMilli(nowMillis());
  }

  /**
   * SQL {@code now_ms()}: returns the server's wall clock in milliseconds since
   * 1970-01-01T00:00:00Z, as {@link System#currentTimeMillis()} counts. One round trip.
   *
   * @throws PgHelloException if the extension or the server cannot be used
   */
  public long nowMillis() {
    long millis = call("now_ms()", "now_ms()", s -> {}, r -> r.getLong(1));
    Preflight known = found;
    if (known != null
        && Math.abs(millis + POSTGRES_EPOCH_MILLIS - System.currentTimeMillis()) < DAY_MILLIS) {
      throw new PgHelloException(Preflight.foreignBuild(known.database()), null, null);
    }
    return millis;
  }

  /**
   * SQL {@code spi_version()}: returns what {@code SELECT version()} says on the server. One round
   * trip.
   *
   * @throws PgHelloException if the extension or the server cannot be used
   */
  public String spiVersion() {
    return call("spi_version()", "spi_version()", s -> {}, r -> r.getString(1));
  }

  /**
   * Looks whether the extension can be used, and says what stands in the way. One round trip.
   *
   * @return what is wrong, the gravest first, each with the statement that mends it; empty if all
   *     is well
   * @throws PgHelloException if the server cannot be asked
   */
  public List<PgHelloProblem> preflight() {
    try (Connection connection = connect()) {
      Preflight result = look(connection);
      found = result;
      return result.problems();
    } catch (SQLException e) {
      throw Errors.translate(e);
    }
  }

  private interface Parameters {
    void set(PreparedStatement statement) throws SQLException;
  }

  private interface Answer<T> {
    T read(ResultSet row) throws SQLException;
  }

  private <T> T call(String function, String expression, Parameters parameters, Answer<T> answer) {
    try (Connection connection = connect()) {
      Preflight known = found;
      if (known == null || !known.functions().contains(function)) {
        known = find(connection, function);
      }
      try {
        return execute(connection, known, expression, parameters, answer);
      } catch (SQLException e) {
        if (!Errors.mayBeInstallation(e)) {
          throw e;
        }
        // the extension may have moved, or gone, since it was found
        endTransaction(connection);
        Preflight now = find(connection, function);
        if (Objects.equals(now.schema(), known.schema())) {
          throw e;
        }
        return execute(connection, now, expression, parameters, answer);
      }
    } catch (SQLException e) {
      throw Errors.translate(e);
    }
  }

  private static <T> T execute(
      Connection connection,
      Preflight known,
      String expression,
      Parameters parameters,
      Answer<T> answer)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT " + known.schema() + "." + expression)) {
      parameters.set(statement);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return answer.read(row);
      }
    } finally {
      endTransaction(connection);
    }
  }

  /** Finds the extension, or says why this function cannot be called. */
  private Preflight find(Connection connection, String function) throws SQLException {
    Preflight result = look(connection);
    Optional<PgHelloProblem> obstacle = result.obstacle(function);
    if (obstacle.isPresent()) {
      throw new PgHelloException(obstacle.get(), null, null);
    }
    found = result;
    return result;
  }

  private static Preflight look(Connection connection) throws SQLException {
    try {
      return Preflight.run(connection);
    } finally {
      endTransaction(connection);
    }
  }

  /** A connection that is not in autocommit mode is given back without a transaction. */
  private static void endTransaction(Connection connection) throws SQLException {
    if (!connection.getAutoCommit()) {
      connection.rollback();
    }
  }

  private Connection connect() {
    try {
      return dataSource.getConnection();
    } catch (SQLException e) {
      throw Errors.noConnection(e);
    }
  }

  @Override
  public String toString() {
    return "PgHelloClient[" + dataSource.getClass().getSimpleName() + "]";
  }
}
