// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * Opens connections. After the server has refused a log-in, it asks the server no more for some
 * time: a pool would try again several times a second, and lock the account. Thread-safe.
 */
final class LoginSource implements DataSource {
  private static final Driver DRIVER = new Driver();
  private static final long PAUSE_MIN_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long PAUSE_MAX_NANOS = TimeUnit.MINUTES.toNanos(5);

  private final String url;
  private final Properties properties;
  private final String session;
  private @Nullable SQLException refusal;
  private long refusedAt;
  private long pause;

  LoginSource(ConnectionConfig config, long idleInTransactionMillis) {
    this.url = config.url();
    this.properties = config.properties();
    // the server makes JSON as these say, and the driver takes SQL apart as the fourth says
    this.session =
        "SELECT set_config('TimeZone', 'UTC', false),"
            + " set_config('IntervalStyle', 'iso_8601', false),"
            + " set_config('bytea_output', 'hex', false),"
            + " set_config('standard_conforming_strings', 'on', false),"
            + " set_config('idle_in_transaction_session_timeout', '"
            + idleInTransactionMillis
            + "', false)";
  }

  @Override
  public Connection getConnection() throws SQLException {
    SQLException before = refusal();
    if (before != null) {
      throw new SQLException("refused before", before.getSQLState(), before);
    }
    try {
      Connection connection = Objects.requireNonNull(DRIVER.connect(url, properties));
      try (Statement statement = connection.createStatement()) {
        statement.execute(session);
      } catch (SQLException e) {
        connection.close();
        throw e;
      }
      accepted();
      return connection;
    } catch (SQLException e) {
      if (ServerErrors.isRefused(e)) {
        refused(e);
      }
      throw e;
    }
  }

  /**
   * What a server says at the first contact.
   *
   * @param connectionLimit how many connections it has for ordinary roles
   * @param readCommitted whether transactions are so unless they say otherwise
   */
  record Server(int connectionLimit, boolean readCommitted) {
    static Server of(Connection connection) throws SQLException {
      try (PreparedStatement statement =
              connection.prepareStatement(
                  "SELECT current_setting('max_connections')::int"
                      + " - current_setting('superuser_reserved_connections')::int,"
                      + " current_setting('default_transaction_isolation') = 'read committed'");
          var result = statement.executeQuery()) {
        result.next();
        return new Server(result.getInt(1), result.getBoolean(2));
      }
    }
  }

  private synchronized @Nullable SQLException refusal() {
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

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    throw new SQLFeatureNotSupportedException("the log-in is in the configuration");
  }

  @Override
  public int getLoginTimeout() {
    return 0;
  }

  @Override
  public void setLoginTimeout(int seconds) {
    // the configuration has one
  }

  @Override
  public @Nullable PrintWriter getLogWriter() {
    return null;
  }

  @Override
  public void setLogWriter(PrintWriter out) throws SQLException {
    throw new SQLFeatureNotSupportedException("there is no log writer");
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    throw new SQLFeatureNotSupportedException("there is no parent logger");
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    throw new SQLException("not a wrapper");
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return false;
  }
}
