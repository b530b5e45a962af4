// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import java.sql.SQLException;
import java.util.Objects;
import javax.sql.DataSource;

/**
 * A new database on a server that has the files of the extensions under test. The database is owned
 * by an ordinary role, not by a superuser.
 *
 * <p>Thread-safe.
 */
public class TestDatabase implements AutoCloseable {
  private final DatabaseFactory databases;
  private final String name;

  /**
   * Wraps an existing database. For use by the testkit only; call {@code createDatabase()} of a
   * server to create a database.
   */
  public TestDatabase(DatabaseFactory databases, String name) {
    this.databases = databases;
    this.name = name;
  }

  /** Returns the name of the database. */
  public String name() {
    return name;
  }

  /**
   * Returns the JDBC URL for the database's owner, with the password. For an embedded server or a
   * container, the URL prevents the driver from sending the password in clear text ({@code
   * requireAuth}).
   */
  public String jdbcUrl() {
    return databases.url(name, databases.owner());
  }

  /**
   * Returns a data source that logs in as the database's owner. The data source has no pool: each
   * call of {@code getConnection()} opens a new connection.
   */
  public DataSource dataSource() {
    return databases.dataSource(name, databases.owner());
  }

  /** Returns the name of the role that owns the database. */
  public String user() {
    return databases.owner().user();
  }

  /**
   * Returns the password of the role that owns the database.
   *
   * @throws NullPointerException if the role has no password; on the servers of this package, the
   *     role always has one
   */
  public String password() {
    return Objects.requireNonNull(databases.owner().password());
  }

  /** Returns the JDBC URL for the superuser, with the password. */
  public String superuserJdbcUrl() {
    return databases.url(name, databases.superuser());
  }

  /** Returns a data source that logs in as the superuser, without a pool. */
  public DataSource superuserDataSource() {
    return databases.dataSource(name, databases.superuser());
  }

  /** Returns a data source that connects to this database through a proxy. */
  DataSource dataSource(WireProxy proxy, boolean superuser) {
    return databases.dataSource(
        proxy.host(), proxy.port(), name, superuser ? databases.superuser() : databases.owner());
  }

  DatabaseFactory databases() {
    return databases;
  }

  /**
   * Creates a copy of this database. Later changes to this database do not affect the copy. This
   * method ends all sessions in this database.
   *
   * @throws IllegalStateException if the database cannot be copied
   */
  public TestDatabase copy() {
    try {
      return new TestDatabase(databases, databases.copy(name));
    } catch (SQLException e) {
      throw new IllegalStateException("could not copy the database " + name, e);
    }
  }

  /**
   * Replaces the content of this database with the content of another database on the same server.
   * This database keeps its name. This method ends all sessions in both databases.
   *
   * @param other the other database, which is not changed
   * @throws IllegalStateException if the database cannot be replaced
   */
  public void restoreFrom(TestDatabase other) {
    try {
      databases.replace(name, other.name);
    } catch (SQLException e) {
      throw new IllegalStateException(
          "could not replace the database " + name + " by " + other.name, e);
    }
  }

  /**
   * Ends the remaining sessions in the database and drops it. On an embedded server, a database
   * with a generated name is dropped in the background, or after the next start if the server is
   * not running; its sessions may still be open when this method returns. A database with a custom
   * name, or on another kind of server, is dropped before this method returns. Further calls do
   * nothing.
   *
   * @throws IllegalStateException if the server refuses to drop the database; failures in the
   *     background are logged
   */
  @Override
  public void close() {
    try {
      databases.discard(name);
    } catch (SQLException e) {
      throw new IllegalStateException("could not drop the database " + name, e);
    }
  }

  /** Returns the JDBC URL without user and password. */
  @Override
  public String toString() {
    return databases.address(name);
  }
}
