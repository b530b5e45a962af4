// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static io.pghello.testkit.PgHelloTestIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.server.SharedServer;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase.Reset;
import io.pghello.testkit.internal.ExtensionFiles;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.junit.jupiter.SpringJUnitConfig;

/** Tests against a separate server, for which an embedded server stands in. */
@Isolated("sets a system property")
class ServerChoiceIT {
  private static final String PROPERTY = "pg-hello.server";

  private static final String LEFT =
      "SELECT string_agg(name, ' ') FROM (SELECT datname FROM pg_database"
          + " UNION ALL SELECT rolname FROM pg_roles) AS names (name)"
          + " WHERE name ~ '^hello_[0-9a-f]{8}'";

  @BeforeEach
  @AfterEach
  void clearProperty() {
    System.clearProperty(PROPERTY);
  }

  private static TestServerHandle open(String place) {
    return TestServerHandle.open(
        new ServerLocation(PROPERTY, "PG_HELLO_SERVER", place), ExtensionFiles.NEEDS, null);
  }

  /** Runs tests against a server and returns leftover objects. */
  private static @Nullable String run(Class<?> test, long succeeded, long aborted)
      throws SQLException {
    try (TestDatabase admin = PgHelloServer.shared().createDatabase()) {
      System.setProperty(PROPERTY, admin.superuserJdbcUrl());
      EngineTestKit.engine("junit-jupiter")
          .selectors(selectClass(test))
          .execute()
          .testEvents()
          .assertStatistics(events -> events.succeeded(succeeded).aborted(aborted).failed(0));
      return ask(admin.superuserDataSource(), LEFT);
    }
  }

  @PgHelloTest
  static final class Example {
    static String used = "";

    @Test
    void greets(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
      used = ask(connection, "SELECT current_database()");
    }

    @Test
    void isSkipped(PgHelloServer server) {
      assertThat(server).as("not reached").isNull();
    }
  }

  @Test
  void servesTests() throws SQLException {
    assertThat(run(Example.class, 1, 1)).isNull();
    assertThat(Example.used).matches("hello_[0-9a-f]{8}_test_1");
  }

  @Configuration
  static class Application {}

  @DirtiesContext
  @SpringJUnitConfig(Application.class)
  @AutoConfigurePgHello(reset = Reset.BEFORE_EACH_METHOD)
  static final class OfContext {
    static String used = "";

    @Autowired private Environment environment;

    @RepeatedTest(2)
    void findsItAsItWas() throws SQLException {
      try (Connection connection =
              DriverManager.getConnection(
                  environment.getRequiredProperty("spring.datasource.url"));
          Statement statement = connection.createStatement()) {
        assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
        used = ask(connection, "SELECT current_database()");
        // fails if the extension exists
        statement.execute("CREATE TABLE once ()");
      }
    }
  }

  @Test
  void servesContextsUntilTheyAreClosed() throws SQLException {
    assertThat(run(OfContext.class, 2, 0)).isNull();
    assertThat(OfContext.used).matches("hello_[0-9a-f]{8}_test_1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"embedded", " "})
  void servesContextsByTheSharedServer(String place) throws SQLException {
    System.setProperty(PROPERTY, place);
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(OfContext.class))
        .execute()
        .testEvents()
        .assertStatistics(events -> events.succeeded(2).failed(0));
    assertThat(OfContext.used).matches("hello_test_[0-9]+");
  }

  /**
   * A program that starts its own server gets an embedded server, regardless of the server that the
   * tests use.
   */
  @Test
  void startsAServerDespiteAConfiguredUrl() {
    System.setProperty(PROPERTY, "jdbc:postgresql://127.0.0.1:1/postgres?user=postgres");
    try (PgHelloServer server = PgHelloServer.start()) {
      assertThat(server.isRunning()).isTrue();
    }
    System.setProperty(PROPERTY, "embeded");
    assertThatThrownBy(PgHelloServer::start)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("pg-hello.server (or PG_HELLO_SERVER) is \"embeded\"; use");
  }

  @Test
  void leavesNothingOnASeparateServer() throws SQLException {
    try (TestDatabase admin = PgHelloServer.shared().createDatabase()) {
      try (TestServerHandle server = open(admin.superuserJdbcUrl());
          TestDatabase database = SharedServer.createDatabase(server.databases(), true, null);
          TestDatabase bare = SharedServer.createDatabase(server.databases(), false, null)) {
        assertThat(database.name()).matches("hello_[0-9a-f]{8}_test_1");
        assertThat(ask(database.dataSource(), "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
        assertThat(ask(database.dataSource(), "SHOW is_superuser")).isEqualTo("off");
        assertThat(ask(bare.dataSource(), "SELECT to_regproc('pg_hello') IS NULL")).isEqualTo("t");
        assertThat(ask(admin.superuserDataSource(), LEFT)).contains(database.name());
        assertThat(server.own()).isNull();
      }
      assertThat(ask(admin.superuserDataSource(), LEFT)).isNull();
    }
  }

  @Test
  void leavesNothingIfTheExtensionCannotBeCreated() throws SQLException {
    try (PgHelloServer server = PgHelloServer.start();
        TestDatabase admin = server.createDatabase()) {
      var template1 = admin.superuserDataSource().unwrap(PGSimpleDataSource.class);
      template1.setDatabaseName("template1");
      try (Connection connection = template1.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("CREATE FUNCTION public.pg_hello(text) RETURNS text RETURN $1");
      }
      assertThatThrownBy(() -> open(admin.superuserJdbcUrl()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cannot be prepared")
          .hasMessageContaining("already exists");
      assertThat(ask(admin.superuserDataSource(), LEFT)).isNull();
    }
  }

  @Test
  void reportsThatTheLoginMustBeASuperuser() throws SQLException {
    try (TestDatabase admin = PgHelloServer.shared().createDatabase()) {
      assertThatThrownBy(() -> open(admin.jdbcUrl()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("the server set in pg-hello.server cannot be prepared: ")
          .hasMessageContaining("permission denied to create role")
          .hasMessageEndingWith(
              "The tests create roles and databases, and some need a superuser: replace hello with"
                  + " a superuser in the URL that pg-hello.server (or PG_HELLO_SERVER) contains.");
      assertThat(ask(admin.superuserDataSource(), LEFT)).isNull();
    }
  }

  /** Uses the files of a server that already has the extension. */
  @Test
  void startsAnInstalledServer(@TempDir Path folder) throws Exception {
    Path config = config(folder, installed("PKGLIBDIR"), installed("SHAREDIR"));
    System.setProperty(PROPERTY, "local:" + config);
    PgHelloServer started;
    try (PgHelloServer server = PgHelloServer.start();
        TestDatabase database = server.createDatabase()) {
      started = server;
      assertThat(started.major()).isEqualTo(PgHelloServer.shared().major());
      assertThat(started.port()).isNotEqualTo(PgHelloServer.shared().port());
      assertThat(ask(database.dataSource(), "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
    }
    assertThat(started.isRunning()).isFalse();
    System.setProperty(PROPERTY, "local:" + folder.resolve("none"));
    assertThatThrownBy(PgHelloServer::start)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("There is no pg_config at " + folder);
  }

  /** The extension is in the directory that make install uses. */
  @Test
  void usesTheInstalledExtensionIfTheJarHasNone(@TempDir Path folder) throws Exception {
    Files.createDirectory(folder.resolve("extension"));
    Files.writeString(folder.resolve("postgres.bki"), "# PostgreSQL 16\n");
    Path config = config(folder, folder.toString(), folder.toString());
    assertThat(PgHelloServer.extension("local:" + config).source().files(16)).isEmpty();
    int major = PgHelloServer.shared().major();
    Files.writeString(folder.resolve("postgres.bki"), "# PostgreSQL " + major + "\n");
    assertThat(PgHelloServer.extension("local:" + config).source().files(major)).isNotEmpty();
  }

  private static String installed(String folder) throws SQLException {
    try (TestDatabase database = PgHelloServer.shared().createDatabase()) {
      return ask(
          database.superuserDataSource(),
          "SELECT setting FROM pg_catalog.pg_config() WHERE name = '" + folder + "'");
    }
  }

  /** Returns a pg_config that prints these directories and the shared server's bin directory. */
  private static Path config(Path folder, String libraries, String shared) throws Exception {
    Path programs = Path.of(installed("BINDIR"));
    assumeTrue(
        programs.startsWith("/usr") || !programs.toString().contains("/usr/lib/postgresql/"),
        "a server from Debian's packages cannot take the place of an installed one");
    Path config =
        Files.writeString(
            folder.resolve("pg_config"),
            "#!/bin/sh\nprintf '%%s\\n' '%s' '%s' '%s'\n".formatted(programs, libraries, shared));
    Files.setPosixFilePermissions(config, PosixFilePermissions.fromString("rwxr-xr-x"));
    return config;
  }

  @ParameterizedTest
  @ValueSource(strings = {"embeded", "docker", "containers", "jdbc:mysql://localhost/test"})
  void listsTheOptionsForAnUnknownServer(String kind) {
    assertThatThrownBy(() -> open(kind))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining('"' + kind + '"')
        .hasMessageContaining(
            "embedded, embedded:MAJOR, local, local:MAJOR, local:PATH of a pg_config, container,"
                + " container:IMAGE, or a JDBC URL");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://localhost:5432/postgres",
        "jdbc:postgresql://localhost/postgres?password=secret",
        "jdbc:postgresql://localhost,127.0.0.1/postgres?user=postgres",
        "jdbc:postgresql://localhost/postgres?user=postgres&sslmode=require"
      })
  void reportsIncompleteUrls(String url) {
    assertThatThrownBy(() -> open(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("jdbc:postgresql://HOST:PORT/postgres?user=USER&password=PASSWORD")
        .hasMessageNotContaining("secret");
  }

  @Test
  void reportsAnUnreachableServer() {
    assertThatThrownBy(() -> open("jdbc:postgresql://127.0.0.1:1/postgres?user=a&password=secret"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the server set in pg-hello.server cannot be prepared")
        .hasMessageContaining("127.0.0.1:1 refused")
        .hasMessageNotContaining("secret");
  }
}
