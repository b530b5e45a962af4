// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.SampleNames;
import java.io.Closeable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Handwritten code that uses JDBC with HikariCP. The driver prepares the statement on the server.
 */
public final class JdbcPeer implements Closeable {
  private static final String HELLO = "SELECT pg_hello(?)";

  private final HikariDataSource pool;

  public JdbcPeer(Address address, int connections) {
    this(pool(address, connections));
  }

  public JdbcPeer(HikariDataSource pool) {
    this.pool = pool;
  }

  /** Creates a pool of a fixed size. */
  public static HikariDataSource pool(Address address, int connections) {
    var config = new HikariConfig();
    config.setJdbcUrl(address.jdbcUrl());
    config.setUsername(address.user());
    config.setPassword(address.password());
    config.setMaximumPoolSize(connections);
    return new HikariDataSource(config);
  }

  /** Makes a call with handwritten code. */
  public @Nullable String hello(String name) throws SQLException {
    try (Connection connection = pool.getConnection();
        PreparedStatement statement = connection.prepareStatement(HELLO)) {
      return hello(statement, name);
    }
  }

  /** Greets names one after the other with one prepared statement. */
  public void helloAll(SampleNames names, int count) throws SQLException {
    try (Connection connection = pool.getConnection();
        PreparedStatement statement = connection.prepareStatement(HELLO)) {
      for (int i = 0; i < count; i++) {
        names.check(i, hello(statement, names.name(i)));
      }
    }
  }

  private static @Nullable String hello(PreparedStatement statement, String name)
      throws SQLException {
    statement.setString(1, name);
    try (ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getString(1);
    }
  }

  @Override
  public void close() {
    pool.close();
  }
}
