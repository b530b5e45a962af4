// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static io.pghello.testkit.PgHelloTestIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A server of one's own, for which the embedded one stands in. */
class ServerChoiceIT {
  private static final String LEFT =
      "SELECT string_agg(name, ' ') FROM (SELECT datname FROM pg_database"
          + " UNION ALL SELECT rolname FROM pg_roles) AS names (name)"
          + " WHERE name ~ '^hello_[0-9a-f]{8}'";

  @Test
  void leavesNothingOnAServerOfOnesOwn() throws SQLException {
    try (TestDatabase admin = PgHelloServer.shared().createDatabase()) {
      try (TestServer server = TestServer.of(admin.superuserJdbcUrl());
          TestDatabase database = server.createDatabase(true);
          TestDatabase bare = server.createDatabase(false)) {
        assertThat(database.name()).matches("hello_[0-9a-f]{8}_test_1");
        assertThat(ask(database.dataSource(), "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
        assertThat(ask(database.dataSource(), "SHOW is_superuser")).isEqualTo("off");
        assertThat(ask(bare.dataSource(), "SELECT to_regproc('pg_hello') IS NULL")).isEqualTo("t");
        assertThat(ask(admin.superuserDataSource(), LEFT)).contains(database.name());
        assertThatThrownBy(server::embedded)
            .hasMessage("needs an embedded server, but the tests run against an existing server");
      }
      assertThat(ask(admin.superuserDataSource(), LEFT)).isNull();
    }
  }

  @Test
  void leavesNothingWhereTheExtensionCannotBeCreated() throws SQLException {
    try (PgHelloServer server = PgHelloServer.start();
        TestDatabase admin = server.createDatabase()) {
      var template1 = admin.superuserDataSource().unwrap(PGSimpleDataSource.class);
      template1.setDatabaseName("template1");
      try (Connection connection = template1.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("CREATE FUNCTION public.pg_hello(text) RETURNS text RETURN $1");
      }
      assertThatThrownBy(() -> TestServer.of(admin.superuserJdbcUrl()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cannot be prepared")
          .hasMessageContaining("already exists");
      assertThat(ask(admin.superuserDataSource(), LEFT)).isNull();
    }
  }

  @Test
  void saysThatTheLogInMustBeASuperusers() throws SQLException {
    try (TestDatabase admin = PgHelloServer.shared().createDatabase()) {
      assertThatThrownBy(() -> TestServer.of(admin.jdbcUrl()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("the server that pghello.server names cannot be prepared: ")
          .hasMessageContaining("permission denied to create role")
          .hasMessageEndingWith(
              "The tests create roles and databases, and some ask for a superuser: log in as one,"
                  + " instead of as hello, in the URL that pghello.server (or PG_HELLO_SERVER) is.");
      assertThat(ask(admin.superuserDataSource(), LEFT)).isNull();
    }
  }

  /** Its files are those of a server that has the extension already. */
  @Test
  void startsAnInstalledServer(@TempDir Path folder) throws Exception {
    Path config = config(folder, installed("PKGLIBDIR"), installed("SHAREDIR"));
    PgHelloServer started;
    try (TestServer server = TestServer.of("local:" + config);
        TestDatabase database = server.createDatabase(true)) {
      started = server.embedded();
      assertThat(started.major()).isEqualTo(PgHelloServer.shared().major());
      assertThat(started.port()).isNotEqualTo(PgHelloServer.shared().port());
      assertThat(ask(database.dataSource(), "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
    }
    assertThat(started.isRunning()).isFalse();
    assertThatThrownBy(() -> TestServer.of("local:" + folder.resolve("none")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("There is no pg_config at " + folder);
  }

  /** Where make install has put it. */
  @Test
  void takesTheInstalledServersExtensionWhereTheJarHasNone(@TempDir Path folder) throws Exception {
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

  /** Returns a program that tells of these folders, and of the programs of the shared server. */
  private static Path config(Path folder, String libraries, String shared) throws Exception {
    Path config =
        Files.writeString(
            folder.resolve("pg_config"),
            "#!/bin/sh\nprintf '%%s\\n' '%s' '%s' '%s'\n"
                .formatted(installed("BINDIR"), libraries, shared));
    Files.setPosixFilePermissions(config, PosixFilePermissions.fromString("rwxr-xr-x"));
    return config;
  }

  @ParameterizedTest
  @ValueSource(strings = {"embeded", "docker", "containers", "jdbc:mysql://localhost/test"})
  void namesTheChoicesWhereItKnowsNone(String kind) {
    assertThatThrownBy(() -> TestServer.of(kind))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining('"' + kind + '"')
        .hasMessageContaining(
            "embedded, local, local:MAJOR, local:PATH of a pg_config, container, container:IMAGE, or"
                + " a JDBC URL");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://localhost:5432/postgres",
        "jdbc:postgresql://localhost/postgres?password=secret",
        "jdbc:postgresql://localhost,127.0.0.1/postgres?user=postgres",
        "jdbc:postgresql://localhost/postgres?user=postgres&sslmode=require"
      })
  void saysWhatTheUrlMustHave(String url) {
    assertThatThrownBy(() -> TestServer.of(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("jdbc:postgresql://HOST:PORT/postgres?user=USER&password=PASSWORD")
        .hasMessageNotContaining("secret");
  }

  @Test
  void saysThatTheServerCannotBeReached() {
    assertThatThrownBy(
            () -> TestServer.of("jdbc:postgresql://127.0.0.1:1/postgres?user=a&password=secret"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the server that pghello.server names")
        .hasMessageContaining("127.0.0.1:1 refused")
        .hasMessageNotContaining("secret");
  }
}
