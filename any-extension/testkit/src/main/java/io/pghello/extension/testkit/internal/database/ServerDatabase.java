// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import java.sql.SQLException;
import java.util.Objects;
import javax.sql.DataSource;

/** A database on a test server. Thread-safe. */
public class ServerDatabase implements TestDatabase {
  private final DatabaseFactory databases;
  private final String name;

  /** Creates an object for an existing database. */
  public ServerDatabase(DatabaseFactory databases, String name) {
    this.databases = databases;
    this.name = name;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String jdbcUrl() {
    return databases.url(name, databases.owner());
  }

  @Override
  public DataSource dataSource() {
    return databases.dataSource(name, databases.owner());
  }

  @Override
  public String user() {
    return databases.owner().user();
  }

  @Override
  public String password() {
    return Objects.requireNonNull(databases.owner().password());
  }

  @Override
  public String superuserJdbcUrl() {
    return databases.url(name, databases.superuser());
  }

  @Override
  public DataSource superuserDataSource() {
    return databases.dataSource(name, databases.superuser());
  }

  /** Returns a data source that connects to this database through a proxy. */
  public DataSource dataSource(WireProxy proxy, boolean superuser) {
    return databases.dataSource(
        proxy.host(), proxy.port(), name, superuser ? databases.superuser() : databases.owner());
  }

  /** Returns all databases of the server. */
  public DatabaseFactory databases() {
    return databases;
  }

  @Override
  public TestDatabase copy() {
    try {
      return new ServerDatabase(databases, databases.copy(name));
    } catch (SQLException e) {
      throw new IllegalStateException("could not copy the database " + name, e);
    }
  }

  @Override
  public void restoreFrom(TestDatabase other) {
    try {
      databases.replace(name, other.name());
    } catch (SQLException e) {
      throw new IllegalStateException(
          "could not replace the database " + name + " by " + other.name(), e);
    }
  }

  @Override
  public void close() {
    try {
      databases.discard(name);
    } catch (SQLException e) {
      throw new IllegalStateException("could not drop the database " + name, e);
    }
  }

  @Override
  public String toString() {
    return databases.address(name);
  }
}
