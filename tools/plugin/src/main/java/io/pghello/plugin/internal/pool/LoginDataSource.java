// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import io.pghello.plugin.internal.Texts;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Opens connections. After the server rejects a login, no further login is attempted for some time,
 * because a pool would retry several times a second and lock the account. Thread-safe.
 */
@SuppressWarnings("serial") // Instances are never serialized.
final class LoginDataSource extends PGSimpleDataSource {
  /**
   * Expressions that seed random(), release advisory locks, and return true if no statements
   * prepared with SQL are left. If any are left, the session must be closed. RESET and ROLLBACK do
   * none of this.
   */
  static final String LEFT = Texts.resource(LoginDataSource.class, "left.sql");

  private static final Driver DRIVER = new Driver();
  private static final long PAUSE_MIN_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long PAUSE_MAX_NANOS = TimeUnit.MINUTES.toNanos(5);

  // Without this setting, the server notices a lost client only when it sends the result.
  private static final String CHECK_CLIENT =
      "SELECT pg_catalog.set_config('client_connection_check_interval', '2000', false)";

  private final String url;
  private final Properties properties;
  private final Refusals refusals;
  private final String session;
  private volatile boolean checksClient = true;

  LoginDataSource(ConnectionConfig config, Limits limits, Refusals refusals) {
    this.url = config.url();
    this.properties = config.properties(limits.maxBytes());
    this.refusals = refusals;
    // The server formats JSON according to the first three settings. The driver parses SQL
    // according to the fourth setting, standard_conforming_strings.
    this.session =
        Texts.resource(LoginDataSource.class, "session.sql")
            .formatted(limits.idleInTransactionMillis(), limits.statementMillis());
  }

  /**
   * Limits of a session.
   *
   * @param maxBytes the maximum size of one result; the driver stops reading a larger result
   * @param idleInTransactionMillis the time after which the server ends an idle transaction
   * @param statementMillis the time after which the server ends a statement that was not cancelled
   */
  record Limits(int maxBytes, long idleInTransactionMillis, long statementMillis) {}

  /**
   * Returns the statements that reset the session to its state after login, in one round trip. The
   * last statement returns whether the reset succeeded. The driver's prepared statements are kept.
   */
  String reset() {
    return "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; UNLISTEN *;"
        + " DISCARD TEMP; DISCARD SEQUENCES; "
        + (checksClient ? CHECK_CLIENT + "; " : "")
        + "SELECT "
        + session
        + ", "
        + LEFT;
  }

  @Override
  public Connection getConnection() throws SQLException {
    SQLException before = refusals.last();
    if (before != null) {
      throw new SQLException("refused before", before.getSQLState(), before);
    }
    try {
      Connection connection = Objects.requireNonNull(DRIVER.connect(url, properties));
      try (Statement statement = connection.createStatement()) {
        statement.execute("SELECT " + session);
        checkClient(statement);
      } catch (SQLException e) {
        connection.close();
        throw e;
      }
      refusals.accepted();
      return connection;
    } catch (SQLException e) {
      if (ServerErrors.isRefused(e)) {
        refusals.refused(e);
      }
      throw e;
    }
  }

  /**
   * Makes the server check for lost clients. Some operating systems and server versions do not
   * support this.
   */
  private void checkClient(Statement statement) throws SQLException {
    if (checksClient) {
      try {
        statement.execute(CHECK_CLIENT);
      } catch (SQLException e) {
        if (ServerErrors.isLost(e)) {
          throw e;
        }
        checksClient = false;
      }
    }
  }

  /** Records rejected logins of a configuration, with their times and errors. Thread-safe. */
  static final class Refusals {
    private @Nullable SQLException refusal;
    private long refusedAt;
    private long pause;

    /** Returns the last error if logins are currently suspended; null otherwise. */
    synchronized @Nullable SQLException last() {
      return refusal != null && System.nanoTime() - refusedAt < pause ? refusal : null;
    }

    private synchronized void refused(SQLException e) {
      pause = refusal == null ? PAUSE_MIN_NANOS : Math.min(2 * pause, PAUSE_MAX_NANOS);
      refusal = e;
      refusedAt = System.nanoTime();
    }

    private synchronized void accepted() {
      refusal = null;
    }
  }
}
