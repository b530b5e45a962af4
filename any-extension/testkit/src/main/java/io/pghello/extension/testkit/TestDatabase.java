// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.Databases;
import java.sql.SQLException;
import java.util.Objects;
import javax.sql.DataSource;

/**
 * A fresh database on a server that has the extensions. It belongs to an ordinary role, not to a
 * superuser.
 *
 * <p>Thread-safe.
 */
public class TestDatabase implements AutoCloseable {
  private final Databases databases;
  private final String name;

  /** Names a database that exists, for subclasses that add to it. */
  protected TestDatabase(Databases databases, String name) {
    this.databases = databases;
    this.name = name;
  }

  /** Returns its name. */
  public String name() {
    return name;
  }

  /**
   * Returns its JDBC URL as the role it belongs to, with the password. On an embedded server and in
   * a container, it has the driver refuse to send the password in clear text ({@code requireAuth}).
   */
  public String jdbcUrl() {
    return databases.url(name, databases.owner());
  }

  /**
   * Returns a source of new connections as the role it belongs to. There is no pool behind it: each
   * call of {@code getConnection()} opens one.
   */
  public DataSource dataSource() {
    return databases.dataSource(name, databases.owner());
  }

  /** Returns the name of the role it belongs to. */
  public String user() {
    return databases.owner().user();
  }

  /**
   * Returns the password of the role it belongs to.
   *
   * @throws NullPointerException if the role logs in without one, which no server of this package
   *     has
   */
  public String password() {
    return Objects.requireNonNull(databases.owner().password());
  }

  /** Returns its JDBC URL as the superuser. */
  public String superuserJdbcUrl() {
    return databases.url(name, databases.superuser());
  }

  /** Returns a source of new connections as the superuser. */
  public DataSource superuserDataSource() {
    return databases.dataSource(name, databases.superuser());
  }

  /** Returns a source of connections to the same database through a proxy. */
  protected DataSource dataSource(WireProxy proxy, boolean superuser) {
    return databases.dataSource(
        proxy.host(), proxy.port(), name, superuser ? databases.superuser() : databases.owner());
  }

  /** Returns the databases of the same server. */
  protected Databases databases() {
    return databases;
  }

  /**
   * Creates a database with the same content, which stays when this one is changed. Ends the
   * sessions in this one.
   *
   * @throws IllegalStateException if the server does not do it
   */
  public TestDatabase copy() {
    try {
      return new TestDatabase(databases, databases.copy(name));
    } catch (SQLException e) {
      throw new IllegalStateException("could not copy the database " + name, e);
    }
  }

  /**
   * Gives this database, under its name, the content of another one on the same server. Ends the
   * sessions in both.
   *
   * @param other stays as it is
   * @throws IllegalStateException if the server does not do it
   */
  public void replaceBy(TestDatabase other) {
    try {
      databases.replace(name, other.name);
    } catch (SQLException e) {
      throw new IllegalStateException(
          "could not replace the database " + name + " by " + other.name, e);
    }
  }

  /**
   * Ends the sessions that are left in the database, and drops it. On an embedded server, this
   * returns immediately unless the program has chosen the name of the database. Sessions are
   * terminated and the database is dropped in the background or, if the server is stopped, after
   * its next start. If other databases are waiting to be dropped, this terminates the sessions. A
   * second call does nothing.
   *
   * @throws IllegalStateException if another server does not do it
   */
  @Override
  public void close() {
    try {
      databases.discard(name);
    } catch (SQLException e) {
      throw new IllegalStateException("could not drop the database " + name, e);
    }
  }

  /** Returns its JDBC URL without role and password. */
  @Override
  public String toString() {
    return databases.address(name);
  }
}
