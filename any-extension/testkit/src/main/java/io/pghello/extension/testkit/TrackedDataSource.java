// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A data source that records each connection that it opens, together with the caller's stack trace.
 * Thread-safe.
 */
final class TrackedDataSource implements DataSource {
  private final DataSource target;
  private final OpenConnections opened;

  TrackedDataSource(DataSource target, OpenConnections opened) {
    this.target = target;
    this.opened = opened;
  }

  Connection untracked() throws SQLException {
    return target.getConnection();
  }

  @Override
  public Connection getConnection() throws SQLException {
    return opened.track(target.getConnection());
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    return opened.track(target.getConnection(user, password));
  }

  @Override
  public @Nullable PrintWriter getLogWriter() throws SQLException {
    return target.getLogWriter();
  }

  @Override
  public void setLogWriter(@Nullable PrintWriter out) throws SQLException {
    target.setLogWriter(out);
  }

  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    target.setLoginTimeout(seconds);
  }

  @Override
  public int getLoginTimeout() throws SQLException {
    return target.getLoginTimeout();
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getLogger("io.pghello.extension.testkit");
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return type.isInstance(target) ? type.cast(target) : target.unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return type.isInstance(target) || target.isWrapperFor(type);
  }
}
