// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Migrations that create extensions, or expect them in a certain schema. */
class MigrationsIT {
  private static final String SCHEMA_OF =
      "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
          + " WHERE e.extname = ";

  @AutoClose
  private static final ExtensionServer SERVER =
      ExtensionServer.builder()
          .extension("citext")
          .extension("pg_trgm")
          .extension("pg_stat_statements")
          .start();

  /** Stands in for Flyway, which wraps the exceptions of the driver. */
  private record Migrations(List<String> statements) implements DatabasePreparer {
    Migrations(String... statements) {
      this(List.of(statements));
    }

    @Override
    public void prepare(DataSource dataSource) {
      try (Connection connection = dataSource.getConnection();
          Statement statement = connection.createStatement()) {
        for (String sql : statements) {
          statement.execute(sql);
        }
      } catch (SQLException e) {
        throw new IllegalStateException("migration failed\n" + e.getMessage(), e);
      }
    }
  }

  static final class Creating implements DatabasePreparer {
    @Override
    public void prepare(DataSource dataSource) {
      new Migrations(
              "CREATE EXTENSION pg_trgm",
              "CREATE SCHEMA extensions",
              "CREATE EXTENSION pg_hello WITH SCHEMA extensions",
              "CREATE TABLE greeting AS SELECT extensions.pg_hello('Ada') AS words")
          .prepare(dataSource);
    }
  }

  // region create
  @ExtensionTest(
      extensions = {"pg_trgm", "pg_hello"},
      create = false,
      preparer = Creating.class)
  // endregion
  @Nested
  class OfCreatingMigrations {
    @RepeatedTest(2)
    void createTheExtensions(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT words || similarity('a', 'a') FROM greeting"))
          .isEqualTo("Hello, Ada!1");
    }
  }

  @ExtensionTest(
      extensions = {"pg_trgm", "pg_hello"},
      create = false)
  @Nested
  class OfTests {
    @Test
    void createTheExtension(Connection connection) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute("CREATE EXTENSION pg_hello");
      }
      assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
    }
  }

  static final class Expecting implements DatabasePreparer {
    @Override
    public void prepare(DataSource dataSource) {
      new Migrations(
              "CREATE SCHEMA IF NOT EXISTS extensions",
              "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA extensions",
              "CREATE TABLE person (name extensions.citext)",
              "INSERT INTO person VALUES ('Ada')")
          .prepare(dataSource);
    }
  }

  // region schema
  @ExtensionTest(
      extensions = {"citext", "pg_hello", "pg_stat_statements"},
      schema = "extensions",
      preparer = Expecting.class)
  // endregion
  @Nested
  class OfExtensionsInASchema {
    @RepeatedTest(2)
    void findTheExtensionsThere(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT extensions.pg_hello(name::text) FROM person"))
          .isEqualTo("Hello, Ada!");
      for (String extension : List.of("citext", "pg_hello", "pg_stat_statements")) {
        assertThat(ask(connection, SCHEMA_OF + "'" + extension + "'")).isEqualTo("extensions");
      }
      assertThat(
              ask(
                  connection,
                  "SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'extensions'"))
          .isEqualTo("app");
    }
  }

  @ExtensionTest(extensions = "cube", schema = "My \"Extensions\"")
  @Nested
  class OfAnUnusualName {
    @Test
    void findTheExtensionThere(Connection connection) throws SQLException {
      assertThat(ask(connection, SCHEMA_OF + "'cube'")).isEqualTo("My \"Extensions\"");
    }
  }

  // region path
  @ExtensionTest(
      extensions = "cube",
      schema = "extensions",
      settings = "search_path = public, extensions")
  // endregion
  @Nested
  class OfASearchPath {
    @Test
    void findTheExtensionWithoutItsSchema(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT '(1)'::cube")).isEqualTo("(1)");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "CREATE EXTENSION pg_trgm"
            + " | extension \"pg_trgm\" already exists. The testkit created the extension pg_trgm"
            + " before the preparer ran: set create = false in the annotation, so that only the"
            + " preparer creates it.",
        "CREATE EXTENSION IF NOT EXISTS citext SCHEMA public; CREATE SCHEMA extensions;"
            + " CREATE TABLE t (c extensions.citext)"
            + " | The testkit created the extension citext in the schema public before the preparer"
            + " ran: set schema = \"extensions\" in the annotation, or create = false",
        "CREATE SCHEMA extensions; SELECT extensions.similarity('a', 'b')"
            + " | created the extension pg_trgm in the schema public",
        "CREATE SCHEMA extensions; CREATE TABLE t (c text); CREATE INDEX ON t USING gin (c"
            + " extensions.gin_trgm_ops)"
            + " | created the extension pg_trgm in the schema public",
        "CREATE SCHEMA extensions; SELECT * FROM extensions.pg_stat_statements"
            + " | created the extension pg_stat_statements in the schema public",
        "CREATE TABLE t (c extensions.citext)" + " | schema \"extensions\" does not exist",
        "CREATE TABLE t (c extensions.citext)"
            + " | The extensions may be in this schema in production: set schema = \"extensions\" in the"
            + " annotation.",
        "CREATE EXTENSION pageinspect"
            + " | Only a superuser can create the extension pageinspect: remove create = false from"
            + " the annotation"
      })
  void addsTheRemedyToTheError(String statements, String part) {
    var migrations = new Migrations(statements.split(";"));
    assertThatThrownBy(() -> SERVER.createDatabase(migrations))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(" failed: migration failed\n")
        .hasMessageContaining(part);
    var scripts = new SqlScripts(List.of(new SqlScripts.Script("a script", statements)));
    assertThatThrownBy(() -> SERVER.createDatabase(scripts))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("The script a script failed at line 1: ")
        .hasMessageContaining(part);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "CREATE SCHEMA extensions; CREATE TABLE t (c extensions.nothing)",
        "CREATE TABLE t (c public.citex)",
        "SELECT public.similarity(1)",
        "CREATE ROLE app",
        "SELECT nothing"
      })
  void doesNotChangeOtherErrors(String statements) {
    var migrations = new Migrations(statements.split(";"));
    assertThatThrownBy(() -> SERVER.createDatabase(migrations))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageNotContainingAny("testkit created", "annotation");
  }
}
