// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;

import com.example.Products;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Preparers with keys, in annotations and with Flyway and Liquibase. */
class CacheKeyIT {
  @ExtensionTest(extensions = "pg_trgm", preparer = Products.class)
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

  @AutoClose
  private static final ExtensionServer SERVER = ExtensionServer.builder().extension("cube").start();

  private static final class Migrations extends FlywayMigrations {
    Migrations(Path folder) {
      super(Map.of("flyway.locations", "filesystem:" + folder));
    }
  }

  private static String history(Path folder) throws SQLException {
    return askNewServer(
        new Migrations(folder),
        "SELECT string_agg(version || ' ' || installed_on, ', ' ORDER BY version)"
            + " FROM flyway_schema_history");
  }

  private static String askNewServer(DatabasePreparer preparer, String sql) throws SQLException {
    try (ExtensionServer server =
            ExtensionServer.builder().extension("cube").preparer(preparer).start();
        TestDatabase database = server.createDatabase(preparer)) {
      return ask(database.dataSource(), sql);
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

  private static final class Changelog extends LiquibaseChangelog {
    Changelog(Path folder) {
      super(
          Map.of(
              "searchPath", folder.toString(),
              "changelogFile", "db/main.xml",
              "contexts", "test",
              "parameter.tenant", "7",
              "databaseChangelogTableName", "history"));
    }
  }

  private static void writeChangelog(Path folder, String includes) throws IOException {
    Files.createDirectories(folder.resolve("db/all"));
    Files.createDirectories(folder.resolve("db/data"));
    Files.createDirectories(folder.resolve("other"));
    Files.writeString(
        folder.resolve("db/main.xml"),
        """
        <databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
            xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
            xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
              http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
        """
            + includes
            + "</databaseChangeLog>");
    write(
        folder,
        "db/one.sql",
        """
        --liquibase formatted sql
        --changeset me:1
        CREATE TABLE one (id int); SELECT pg_sleep(0.3);
        --changeset me:2 context:production
        INSERT INTO one VALUES (1000);
        """);
    Files.writeString(
        folder.resolve("db/all/2.yaml"),
        """
        databaseChangeLog:
          - changeSet:
              id: 3
              author: me
              changes:
                - loadData: {tableName: one, file: db/data/rows.csv}
                - sqlFile: {path: ../data/more.sql, relativeToChangelogFile: true}
        """);
    Files.writeString(folder.resolve("db/data/rows.csv"), "id\n10\n");
    Files.writeString(folder.resolve("db/data/more.sql"), "INSERT INTO one VALUES (200)");
    Files.writeString(
        folder.resolve("db/all/3.json"),
        """
        {"databaseChangeLog": [{"changeSet": {"id": "4", "author": "me", "changes": [
          {"insert": {"tableName": "one",
            "columns": [{"column": {"name": "id", "valueNumeric": "${tenant}"}}]}}]}}]}
        """);
  }

  private static String changes(Path folder) throws SQLException {
    return askNewServer(
        new Changelog(folder),
        "SELECT (SELECT sum(id) FROM one) || ' ' || string_agg(id || ' ' || dateexecuted, ', '"
            + " ORDER BY id) FROM history");
  }

  @Test
  void runsLiquibaseUntilAFileChanges(@TempDir Path folder) throws Exception {
    writeChangelog(
        folder,
        "<include file='one.sql' relativeToChangelogFile='true'/><includeAll path='db/all'/>");
    String first = changes(folder);
    assertThat(first).startsWith("217 1 ").contains(" 3 ", " 4 ").doesNotContain(" 2 ");
    assertThat(changes(folder)).isEqualTo(first);
    Files.writeString(folder.resolve("db/data/rows.csv"), "id\n20\n");
    assertThat(changes(folder)).startsWith("227 1 ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<include file='other/two.sql'/>",
        "<include file='../other/two.sql' relativeToChangelogFile='true'/>",
        "<includeAll path='other'/>",
        "<changeSet id='5' author='me'><sqlFile path='other/two.sql'/></changeSet>",
        "<changeSet id='5' author='me'><sqlFile path='../other/two.sql'"
            + " relativeToChangelogFile='true'/></changeSet>",
        "<property file='other/missing.properties' errorIfMissing='false'/>"
      })
  void runsLiquibaseAgainIfItReadsOtherFiles(String outside, @TempDir Path folder)
      throws Exception {
    writeChangelog(folder, outside + "<include file='db/one.sql'/>");
    write(folder, "other/two.sql", "--liquibase formatted sql\n--changeset me:5\nSELECT 1");
    var changelog = new Changelog(folder);
    assertThat(changelog.cacheKey()).isPresent();
    try (TestDatabase database = SERVER.createDatabase(changelog)) {
      assertThat(ask(database.dataSource(), "SELECT count(*) FROM history WHERE id = '1'"))
          .isEqualTo("1");
    }
    assertThat(changelog.cacheKey()).isEmpty();
  }

  /** Writes a script that no earlier run of this test has stored. */
  private static void write(Path folder, String name, String sql) throws IOException {
    Files.writeString(folder.resolve(name), sql + " -- " + UUID.randomUUID());
  }
}
