// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.internal.DatabaseServer;
import io.pghello.extension.testkit.internal.Databases;
import javax.sql.DataSource;

/**
 * A fresh database on a server with the extension {@code pg_hello}. It is owned by an ordinary
 * role, not by a superuser.
 *
 * <p>Thread-safe.
 */
public final class TestDatabase extends io.pghello.extension.testkit.TestDatabase {
  TestDatabase(Databases databases, String name) {
    super(databases, name);
  }

  /** Creates a database with or without the extension. */
  static TestDatabase create(Databases databases, boolean withExtension) {
    return new TestDatabase(databases, DatabaseServer.createDatabase(databases, withExtension));
  }

  @Override
  public TestDatabase copy() {
    return new TestDatabase(databases(), super.copy().name());
  }

  // makes the method accessible in this package
  @Override
  protected DataSource dataSource(io.pghello.extension.testkit.WireProxy proxy, boolean superuser) {
    return super.dataSource(proxy, superuser);
  }

  // makes the method accessible in this package
  @Override
  protected Databases databases() {
    return super.databases();
  }
}
