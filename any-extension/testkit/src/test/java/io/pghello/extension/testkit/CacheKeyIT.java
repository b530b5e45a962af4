// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Preparers with keys, in annotations and with Flyway. */
class CacheKeyIT {
  // region key
  static final class Products implements DatabasePreparer {
    private final SqlScripts tables = SqlScripts.fromClassPath("schema/products.sql");

    @Override
    public void prepare(DataSource dataSource) throws SQLException {
      tables.prepare(dataSource);
      try (Connection connection = dataSource.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute(
            "INSERT INTO product SELECT i, 'product ' || i FROM generate_series(1, 100000) i");
      }
    }

    @Override
    public Optional<String> cacheKey() {
      return tables.cacheKey().map(hash -> hash + " 100000 products");
    }
  }

  @ExtensionTest(extensions = "pg_trgm", preparer = Products.class)
  // endregion
  @Nested
  class OfAnAnnotation {
    @RepeatedTest(2)
    void hasItsRows(Connection connection, TestDatabase database) throws SQLException {
      assertThat(ask(connection, "SELECT count(*) FROM product")).isEqualTo("100000");
      assertThat(ask(connection, "SELECT similarity('a', 'a')")).isEqualTo("1");
      try (Statement statement = connection.createStatement()) {
        statement.execute("TRUNCATE product");
      }
      assertThat(database.name()).startsWith("app_test_");
    }
  }

  /** A class with another preparer has another server. */
  @ExtensionTest(extensions = "pg_trgm")
  @Nested
  class WithoutPreparer {
    @Test
    void hasNoTables(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT to_regclass('product') IS NULL")).isEqualTo("t");
    }
  }

  private static final class Migrations extends FlywayMigrations {
    Migrations(Path folder) {
      super(Map.of("flyway.locations", "filesystem:" + folder));
    }
  }

  private static String history(Path folder) throws SQLException {
    var migrations = new Migrations(folder);
    try (ExtensionServer server =
            ExtensionServer.builder().extension("cube").preparer(migrations).start();
        TestDatabase database = server.createDatabase(migrations)) {
      return ask(
          database.dataSource(),
          "SELECT string_agg(version || ' ' || installed_on, ', ' ORDER BY version)"
              + " FROM flyway_schema_history");
    }
  }

  @Test
  void runsFlywayUntilAMigrationChanges(@TempDir Path folder) throws Exception {
    write(folder, "V1__one.sql", "CREATE TABLE one (id int); SELECT pg_sleep(0.3);");
    String first = history(folder);
    assertThat(first).startsWith("1 ");
    assertThat(history(folder)).isEqualTo(first);
    write(folder, "V2__two.sql", "CREATE TABLE two (id int);");
    assertThat(history(folder)).doesNotContain(first).contains("2 ");
  }

  /** Writes a migration that no earlier run of this test has stored. */
  private static void write(Path folder, String name, String sql) throws IOException {
    Files.writeString(folder.resolve(name), sql + " -- " + UUID.randomUUID());
  }
}
