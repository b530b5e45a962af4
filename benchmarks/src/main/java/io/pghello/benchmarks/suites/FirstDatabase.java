// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.FlywayMigrations;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * A program that starts a server and creates the database of its first test, with the tables of the
 * migrations in {@code classpath:db/migration}. Prints the milliseconds until the database has
 * answered, from the start of the server or, with a second argument, after it has started.
 */
final class FirstDatabase {
  /** Prepares the template, which is stored in the cache. */
  static final String STORED = "stored";

  /** Uses the stored template. Fails if there is none. */
  static final String CACHED = "cached";

  /** Runs Flyway in the database. */
  static final String MIGRATED = "migrated";

  /** Creates no tables. */
  static final String EMPTY = "empty";

  private FirstDatabase() {}

  private static final class Migrations extends FlywayMigrations {
    private final boolean cached;

    Migrations(boolean cached) {
      this.cached = cached;
    }

    @Override
    public void prepare(DataSource dataSource) {
      if (cached) {
        throw new IllegalStateException("the template is not in the cache");
      }
      super.prepare(dataSource);
    }
  }

  public static void main(String[] args) throws SQLException {
    long start = System.nanoTime();
    String tables = args[0];
    var migrations = new Migrations(tables.equals(CACHED));
    boolean prepared = tables.equals(STORED) || tables.equals(CACHED);
    ExtensionServer.Builder builder = ExtensionServer.builder().extension("pg_hello");
    if (prepared) {
      builder.preparer(migrations);
    }
    try (ExtensionServer server = builder.start()) {
      if (args.length > 1) {
        start = System.nanoTime();
      }
      try (TestDatabase database =
          prepared ? server.createDatabase(migrations) : server.createDatabase()) {
        if (tables.equals(MIGRATED)) {
          migrations.prepare(database.dataSource());
        }
        FlywayTables.requireTables(database, tables.equals(EMPTY) ? 0 : FlywayTables.TABLES);
        System.out.println((System.nanoTime() - start) / 1e6);
      }
    }
  }
}
