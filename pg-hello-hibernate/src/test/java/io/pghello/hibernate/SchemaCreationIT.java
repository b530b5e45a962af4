// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static io.pghello.hibernate.StartUpCheckIT.ask;
import static io.pghello.hibernate.StartUpCheckIT.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Persistence;
import java.io.StringWriter;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.HibernateException;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.ColumnDefault;
import org.hibernate.annotations.GeneratedColumn;
import org.hibernate.dialect.H2Dialect;
import org.hibernate.dialect.PostgreSQLDialect;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** The extension as part of the schema that Hibernate creates as the owner of the database. */
@PgHelloTest(create = false)
class SchemaCreationIT {
  private static final Map<String, Object> WITHOUT_DATABASE =
      Map.of(
          "hibernate.boot.allow_jdbc_metadata_access",
          "false",
          PgHelloSettings.CREATE_EXTENSION,
          "true");

  /** Its table cannot be created without the extension. */
  @Entity(name = "Guest")
  static class Guest {
    @Id long id;
    @Nullable String username;

    @GeneratedColumn("pg_hello(username, 2)")
    @Nullable String welcome;

    @ColumnDefault("now_ms()")
    @Column(insertable = false, updatable = false)
    @Nullable Long createdAt;
  }

  @ParameterizedTest
  @CsvSource({"create, true", "create-drop, TRUE", "update, true"})
  void createsItBeforeTheTables(String action, String wanted, DataSource dataSource)
      throws SQLException {
    assertThat(ask(dataSource, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
        .isEqualTo("f");
    try (SessionFactory factory = open(dataSource, action, wanted)) {
      factory.inTransaction(
          session -> {
            var guest = new Guest();
            guest.username = "Ada";
            session.persist(guest);
          });
      assertThat(ask(dataSource, "SELECT welcome FROM guest")).isEqualTo("Hello, Ada! Hello, Ada!");
      assertThat(ask(dataSource, "SELECT abs(now_ms() - createdat) < 60000 FROM guest"))
          .isEqualTo("t");
    }
  }

  @Test
  void createsItForJpa(DataSource dataSource, TestDatabase database) throws SQLException {
    Map<String, ?> settings =
        Map.of(
            "jakarta.persistence.jdbc.url",
            database.jdbcUrl(),
            "jakarta.persistence.schema-generation.database.action",
            "create",
            PgHelloSettings.CREATE_EXTENSION,
            true);
    Persistence.generateSchema("created", settings);
    assertThat(extension(dataSource)).isEqualTo("public");
  }

  @Test
  void isNotCreatedByDefault(DataSource dataSource) throws SQLException {
    Factories.open(dataSource, settings("create", null), Person.class).close();
    Factories.open(dataSource, settings("create", false), Person.class).close();
    Factories.open(dataSource, settings("update", "False"), Person.class).close();
    // nothing is created if Hibernate creates no tables
    open(dataSource, "none", true).close();
    open(dataSource, "drop", true).close();
    assertThat(extension(dataSource)).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "yes", "1", "on", "create", "true "})
  void refusesAnotherValue(String value, DataSource dataSource) {
    assertThatThrownBy(() -> open(dataSource, "create", value).close())
        .isInstanceOf(HibernateException.class)
        .hasMessage(
            "Setting pg-hello.create-extension is \"" + value + "\"; it must be true or false");
  }

  @Test
  void isNeverDropped(DataSource dataSource) throws SQLException {
    try (SessionFactory factory = open(dataSource, "create-drop", true)) {
      execute(dataSource, "CREATE TABLE theirs (at bigint DEFAULT now_ms())");
      factory.getSchemaManager().dropMappedObjects(true);
      assertThat(extension(dataSource)).isEqualTo("public");
      factory.getSchemaManager().exportMappedObjects(true);
    }
    assertThat(ask(dataSource, "SELECT to_regclass('guest')")).isNull();
    assertThat(extension(dataSource)).isEqualTo("public");
    for (String action : new String[] {"update", "update", "create", "drop"}) {
      open(dataSource, action, true).close();
      assertThat(extension(dataSource)).isEqualTo("public");
    }
    execute(dataSource, "INSERT INTO theirs DEFAULT VALUES");
    assertThat(ask(dataSource, "SELECT at > 0 FROM theirs")).isEqualTo("t");
  }

  @ParameterizedTest
  @ValueSource(strings = {"extensions", "Odd \"one", "a.b"})
  void isCreatedInTheConfiguredSchema(String schema, DataSource dataSource) throws SQLException {
    var settings = settings("create", true);
    settings.put(PgHelloSettings.SCHEMA, schema);
    settings.put(PgHelloSettings.PREFLIGHT, "fail");
    for (int i = 0; i < 2; i++) {
      try (SessionFactory factory = Factories.open(dataSource, settings, Person.class)) {
        assertThat(extension(dataSource)).isEqualTo(schema);
        factory.inTransaction(
            session ->
                assertThat(
                        session
                            .createQuery("select pg_hello('Ada')", String.class)
                            .getSingleResult())
                    .isEqualTo("Hello, Ada!"));
      }
    }
  }

  @Test
  void leavesOneThatIsThere(
      DataSource dataSource, @Superuser DataSource superuser, TestDatabase database)
      throws SQLException {
    execute(dataSource, "CREATE EXTENSION pg_hello VERSION '1.0'");
    Factories.open(dataSource, settings("create-drop", true), Person.class).close();
    assertThat(ask(dataSource, "SELECT extversion FROM pg_extension WHERE extname = 'pg_hello'"))
        .isEqualTo("1.0");
    // a role without the privilege can use the same settings
    execute(superuser, "CREATE ROLE regress_guest LOGIN PASSWORD 'guest'");
    try {
      execute(superuser, "ALTER EXTENSION pg_hello UPDATE");
      execute(superuser, "CREATE SCHEMA regress_guest AUTHORIZATION regress_guest");
      var guest = database.dataSource().unwrap(PGSimpleDataSource.class);
      guest.setUser("regress_guest");
      guest.setPassword("guest");
      open(guest, "update", true).close();
      assertThat(ask(guest, "SELECT to_regclass('regress_guest.guest')")).isEqualTo("guest");
    } finally {
      execute(superuser, "DROP OWNED BY regress_guest");
      execute(superuser, "DROP ROLE regress_guest");
    }
  }

  @Test
  void failsAtStartupIfTheRoleMayNotCreateIt(@Superuser DataSource superuser, TestDatabase database)
      throws SQLException {
    execute(superuser, "CREATE ROLE regress_guest LOGIN PASSWORD 'guest'");
    try {
      var guest = database.dataSource().unwrap(PGSimpleDataSource.class);
      guest.setUser("regress_guest");
      guest.setPassword("guest");
      assertThatThrownBy(() -> open(guest, "create", true).close())
          .hasStackTraceContaining("permission denied to create extension \"pg_hello\"");
    } finally {
      execute(superuser, "DROP OWNED BY regress_guest");
      execute(superuser, "DROP ROLE regress_guest");
    }
  }

  @Test
  void takesTheDocumentedRoundTrips(DataSource dataSource, WireProxy proxy) throws Exception {
    execute(dataSource, "CREATE SCHEMA extensions");
    execute(dataSource, "CREATE EXTENSION pg_hello SCHEMA extensions");
    var settings = settings("create", false);
    long without =
        proxy.countRoundTrips(() -> Factories.open(dataSource, settings, Person.class).close());
    settings.put(PgHelloSettings.CREATE_EXTENSION, true);
    proxy.assertRoundTrips(
        without + 1, () -> Factories.open(dataSource, settings, Person.class).close());
    settings.put(PgHelloSettings.SCHEMA, "extensions");
    proxy.assertRoundTrips(
        without + 2, () -> Factories.open(dataSource, settings, Person.class).close());
  }

  @Test
  void isInScripts() {
    var create = new StringWriter();
    var drop = new StringWriter();
    var settings = new HashMap<String, Object>(WITHOUT_DATABASE);
    settings.put("hibernate.dialect", PostgreSQLDialect.class.getName());
    settings.put("jakarta.persistence.schema-generation.scripts.action", "drop-and-create");
    settings.put("jakarta.persistence.schema-generation.scripts.create-target", create);
    settings.put("jakarta.persistence.schema-generation.scripts.drop-target", drop);
    Persistence.generateSchema("created", settings);
    assertThat(create.toString().lines().filter(line -> !line.isBlank()))
        .first()
        .isEqualTo("create extension if not exists pg_hello;");
    assertThat(create.toString()).containsOnlyOnce("extension").contains("create table");
    assertThat(drop.toString()).contains("drop table").doesNotContain("extension");
    create.getBuffer().setLength(0);
    settings.put(PgHelloSettings.SCHEMA, "Odd \"one");
    Persistence.generateSchema("created", settings);
    assertThat(create.toString().lines().filter(line -> !line.isBlank()).limit(2))
        .containsExactly(
            "create schema if not exists \"Odd \"\"one\";",
            "create extension if not exists pg_hello schema \"Odd \"\"one\";");
    assertThat(drop.toString()).doesNotContain("schema");
  }

  @Test
  void isNotInScriptsForAnotherDatabase() {
    var create = new StringWriter();
    var settings = new HashMap<String, Object>(WITHOUT_DATABASE);
    settings.put("hibernate.dialect", H2Dialect.class.getName());
    settings.put("jakarta.persistence.schema-generation.scripts.action", "create");
    settings.put("jakarta.persistence.schema-generation.scripts.create-target", create);
    settings.put(PgHelloSettings.SCHEMA, "extensions");
    Persistence.generateSchema("created", settings);
    assertThat(create.toString())
        .contains("create table")
        .doesNotContain("extension", "create schema");
  }

  private static SessionFactory open(
      DataSource dataSource, String action, @Nullable Object createExtension) {
    return Factories.open(dataSource, settings(action, createExtension), Guest.class);
  }

  private static Map<String, Object> settings(String action, @Nullable Object createExtension) {
    var settings = new HashMap<String, Object>();
    settings.put("hibernate.hbm2ddl.auto", action);
    // because otherwise an error is only logged
    settings.put("hibernate.hbm2ddl.halt_on_error", "true");
    settings.put(PgHelloSettings.PREFLIGHT, "off");
    if (createExtension != null) {
      settings.put(PgHelloSettings.CREATE_EXTENSION, createExtension);
    }
    return settings;
  }

  /** Returns the extension's schema; null if it does not exist. */
  private static @Nullable String extension(DataSource dataSource) throws SQLException {
    return ask(
        dataSource,
        "SELECT min(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
            + " WHERE extname = 'pg_hello'");
  }
}
