// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import javax.sql.DataSource;

/**
 * A new database on a server that has the files of the extensions under test. The database is owned
 * by an ordinary role, not by a superuser. Only the testkit implements this interface; any release
 * may add methods.
 *
 * <p>Thread-safe.
 */
public interface TestDatabase extends AutoCloseable {
  /** Returns the name of the database. */
  String name();

  /**
   * Returns the JDBC URL for the database's owner, with the password. For an embedded server or a
   * container, the URL prevents the driver from sending the password in clear text ({@code
   * requireAuth}).
   */
  String jdbcUrl();

  /**
   * Returns a data source that logs in as the database's owner. The data source has no pool: each
   * call of {@code getConnection()} opens a new connection.
   */
  DataSource dataSource();

  /** Returns the name of the role that owns the database. */
  String user();

  /**
   * Returns the password of the role that owns the database.
   *
   * @throws NullPointerException if the role has no password; on the servers of this package, the
   *     role always has one
   */
  String password();

  /** Returns the JDBC URL for the superuser, with the password. */
  String superuserJdbcUrl();

  /** Returns a data source that logs in as the superuser, without a pool. */
  DataSource superuserDataSource();

  /**
   * Creates a copy of this database. Later changes to this database do not affect the copy. This
   * method ends all sessions in this database.
   *
   * @throws IllegalStateException if the database cannot be copied
   */
  TestDatabase copy();

  /**
   * Replaces the content of this database with the content of another database on the same server.
   * This database keeps its name. This method ends all sessions in both databases.
   *
   * @param other the other database, which is not changed
   * @throws IllegalStateException if the database cannot be replaced
   */
  void restoreFrom(TestDatabase other);

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
  void close();

  /** Returns the JDBC URL without user and password. */
  @Override
  String toString();
}
