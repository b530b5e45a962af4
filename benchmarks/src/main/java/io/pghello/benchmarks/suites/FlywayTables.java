// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.benchmarks.harness.Sql;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/**
 * The tables that Flyway creates in test databases.
 *
 * @param directory the directory of the migrations
 * @param migrations the number of scripts, which create 100 tables with one index each
 */
record FlywayTables(Path directory, int migrations) {
  static final int TABLES = 100;

  /** Writes the scripts. */
  void writeMigrations() throws IOException {
    Files.createDirectories(directory);
    for (int script = 0; script < migrations; script++) {
      var sql = new StringBuilder();
      for (int table = 0; table < TABLES / migrations; table++) {
        sql.append(
            "CREATE TABLE t%1$d_%2$d (id bigint PRIMARY KEY, name text, at timestamptz);%n"
                    .formatted(script, table)
                + "CREATE INDEX ON t%d_%d (name);%n".formatted(script, table));
      }
      Files.writeString(directory.resolve("V" + (script + 1) + "__tables.sql"), sql);
    }
  }

  /** Creates the tables in a database. */
  void migrate(DataSource dataSource) {
    Flyway.configure().locations("filesystem:" + directory).dataSource(dataSource).load().migrate();
  }

  /** Checks that a database has all tables, and drops the database. */
  static void countAndDrop(TestDatabase database) throws SQLException {
    try (database) {
      requireTables(database, TABLES);
    }
  }

  /** Checks the number of tables of a database. */
  static void requireTables(TestDatabase database, int expected) throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      String tables =
          Sql.text(connection, "SELECT count(*) FROM pg_tables WHERE tablename ~ '^t[0-9]+_.$'");
      if (!Integer.toString(expected).equals(tables)) {
        throw new IllegalStateException("expected " + expected + " tables, but got " + tables);
      }
    }
  }
}
