// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.DockerClient;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.Objects;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.startupcheck.OneShotStartupCheckStrategy;

/** A container with extensions. */
@EnabledIfEnvironmentVariable(
    named = "PG_HELLO_TEST_IMAGE",
    matches = ".+",
    disabledReason =
        "needs a container engine with the image that PG_HELLO_TEST_IMAGE names; see"
            + " scripts/ci/offline/containers.sh")
@Timeout(60)
class ExtensionContainerIT {
  private static final String IMAGE =
      Objects.requireNonNullElse(System.getenv("PG_HELLO_TEST_IMAGE"), "postgres:17");

  @AutoClose
  private static final ExtensionContainer CONTAINER =
      new ExtensionContainer(IMAGE).withExtension("pg_hello");

  @BeforeAll
  static void start() {
    CONTAINER.start();
  }

  @Test
  void hasAnExtensionOfTheImage() throws Exception {
    // region container
    try (var container = new ExtensionContainer(IMAGE).withExtension("pg_trgm")) {
      container.start();
      try (TestDatabase database = container.createDatabase();
          Connection connection = database.dataSource().getConnection()) {
        assertThat(ask(connection, "SELECT 'PostgreSQL' % 'Postgres'")).isEqualTo("t");
      }
    }
    // endregion
  }

  /** In the place of an application, psql connects from the other container. */
  @Test
  void acceptsConnectionsOfAnotherContainer() {
    // region network
    try (Network network = Network.newNetwork();
        var postgres =
            new ExtensionContainer(IMAGE)
                .withExtension("pg_trgm")
                .withNetwork(network)
                .withNetworkAliases("db")) {
      postgres.start();
      try (TestDatabase database = postgres.createDatabase();
          var application =
              new GenericContainer<>(IMAGE)
                  .withNetwork(network)
                  .withEnv("PGHOST", "db")
                  .withEnv("PGDATABASE", database.name())
                  .withEnv("PGUSER", database.user())
                  .withEnv("PGPASSWORD", database.password())
                  .withCommand("psql", "-c", "SELECT similarity('word', 'words')")
                  .withStartupCheckStrategy(new OneShotStartupCheckStrategy())) {
        application.start();
        assertThat(application.getLogs()).contains("0.571");
      }
    }
    // endregion
  }

  @Test
  void hasExtensionsOfAllKinds() throws Exception {
    try (var container =
        new ExtensionContainer(IMAGE)
            .withExtension("pg_hello")
            .withExtension("pg_trgm")
            .withExtension(NativeExtension.fromInstall(Path.of("src/test/installed")))) {
      container.start();
      try (TestDatabase database = container.createDatabase();
          Connection connection = database.dataSource().getConnection()) {
        assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
        assertThat(ask(connection, "SELECT acme_distance('1', '3')")).isEqualTo("2");
      }
    }
  }

  @Test
  void hasTheRequiredSettingsAndLibraries() throws Exception {
    try (var container =
        new ExtensionContainer(IMAGE)
            .withExtension(
                NativeExtension.contrib("pg_stat_statements")
                    .preload("pg_stat_statements")
                    .setting("pg_stat_statements.max", "123"))) {
      container.start();
      try (TestDatabase database = container.createDatabase();
          Connection connection = database.dataSource().getConnection()) {
        assertThat(ask(connection, "SELECT count(*) >= 0 FROM pg_stat_statements")).isEqualTo("t");
        assertThat(ask(connection, "SHOW pg_stat_statements.max")).isEqualTo("123");
        assertThat(ask(connection, "SHOW fsync"))
            .as("setting of the original command")
            .isEqualTo("off");
      }
    }
  }

  @Test
  void rejectsALibraryThatTheImageCannotLoad(@TempDir Path folder) {
    byte[] arm64 = Stage.library(17);
    arm64[18] = (byte) 183;
    Stage.write(folder.resolve("usr/local/lib/acme.so"), arm64);
    Stage.of(folder, "acme", "");
    try (var container =
        new ExtensionContainer(IMAGE).withExtension(NativeExtension.fromInstall(folder))) {
      assertThatThrownBy(container::start)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith(IMAGE + " cannot be used: The library acme.so was built for");
      assertThat(container.getContainerId()).isNull();
    }
  }

  @Test
  void namesAMissingExtension() {
    try (var container = new ExtensionContainer(IMAGE).withExtension("no_such_extension")) {
      assertThatThrownBy(container::start)
          .hasStackTraceContaining("CREATE EXTENSION \"no_such_extension\" failed: ");
    }
  }

  @Test
  void hasTheMajorVersionOfTheImage() throws Exception {
    String major = CONTAINER.execInContainer("printenv", "PG_MAJOR").getStdout().strip();
    try (TestDatabase database = CONTAINER.createDatabase()) {
      assertThat(ask(database.dataSource(), "SHOW server_version")).startsWith(major + ".");
    }
    assertThat(CONTAINER).hasToString("ExtensionContainer[" + IMAGE + "]");
  }

  @Test
  void createsFreshDatabasesForAnOrdinaryRole() throws SQLException {
    try (TestDatabase first = CONTAINER.createDatabase();
        TestDatabase second = CONTAINER.createDatabase()) {
      for (TestDatabase database : new TestDatabase[] {first, second}) {
        try (Connection connection = database.dataSource().getConnection();
            Statement statement = connection.createStatement()) {
          statement.execute("CREATE TABLE mine ()");
          assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
          assertThat(ask(connection, "SHOW is_superuser")).isEqualTo("off");
        }
      }
      assertThat(ask(first.superuserDataSource(), "SHOW is_superuser")).isEqualTo("on");
    }
  }

  @Test
  void letsTheOwnerCreateTheExtension() throws SQLException {
    try (TestDatabase database = CONTAINER.createDatabase();
        Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("DROP EXTENSION pg_hello");
      statement.execute("CREATE EXTENSION pg_hello");
      assertThat(ask(connection, "SELECT pg_hello('Ada', 2)")).isEqualTo("Hello, Ada! Hello, Ada!");
    }
  }

  @Test
  void hasTheExtensionInItsOwnDatabaseToo() throws SQLException {
    try (Connection connection = CONTAINER.createConnection("");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION IF NOT EXISTS pg_hello");
      assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void runsBesidesAnother() throws SQLException {
    try (var another = new ExtensionContainer(IMAGE).withExtension("pg_hello")) {
      assertThatThrownBy(another::createDatabase)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("the container is not started: call start()");
      another.start();
      try (TestDatabase here = CONTAINER.createDatabase();
          TestDatabase there = another.createDatabase()) {
        assertThat(here.jdbcUrl()).contains(":" + CONTAINER.getMappedPort(5432) + "/");
        assertThat(there.jdbcUrl()).contains(":" + another.getMappedPort(5432) + "/");
        assertThat(another.getMappedPort(5432)).isNotEqualTo(CONTAINER.getMappedPort(5432));
        assertThat(ask(there.dataSource(), "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
        assertThat(ask(here.dataSource(), "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
      }
      // a second start creates a new container
      another.stop();
      assertThatThrownBy(another::createDatabase)
          .hasMessageStartingWith("the container is not started: call start()");
      another.start();
      another.createDatabase().close();
    }
  }

  @Test
  @EnabledIfEnvironmentVariable(
      named = "PG_HELLO_TEST_ALPINE_IMAGE",
      matches = ".+",
      disabledReason = "needs an Alpine image that PG_HELLO_TEST_ALPINE_IMAGE names")
  void servesAlpine() throws Exception {
    try (var container =
        new ExtensionContainer(System.getenv("PG_HELLO_TEST_ALPINE_IMAGE"))
            .withExtension("pg_hello")) {
      container.start();
      assertThat(container.execInContainer("cat", "/etc/alpine-release").getExitCode()).isZero();
      try (TestDatabase database = container.createDatabase()) {
        assertThat(ask(database.dataSource(), "SELECT pg_hello('Ada', 2)"))
            .isEqualTo("Hello, Ada! Hello, Ada!");
      }
    }
  }

  @Test
  void refusesAlpineWithoutALibrary() throws Exception {
    assertRefuses("amd64", "PG_MAJOR=9", "etc/alpine-release")
        .hasMessageContaining("no library for PostgreSQL 9 on linux-amd64-musl");
  }

  @Test
  void refusesAnArchitectureWithoutALibrary() throws Exception {
    assertRefuses("riscv64", "PG_MAJOR=17", "etc/debian_version")
        .hasMessageContaining("no library for PostgreSQL 17 on linux-riscv64")
        .hasMessageContaining("linux-amd64/17");
  }

  @Test
  void refusesAMajorWithoutALibrary() throws Exception {
    assertRefuses("amd64", "PG_MAJOR=9", "etc/debian_version")
        .hasMessageContaining("no library for PostgreSQL 9 on linux-amd64");
  }

  @Test
  void rejectsAnImageWithoutAMajorVersion() throws Exception {
    for (String variable : new String[] {"LANG=C", "PG_MAJOR=", "PG_MAJOR=devel"}) {
      assertRefuses("amd64", variable, "etc/debian_version")
          .hasMessageContaining("does not set PG_MAJOR, so its PostgreSQL version is unknown");
    }
  }

  /**
   * Creates a container of an image that contains only this one file. The image is rejected before
   * it is run.
   */
  private static AbstractThrowableAssert<?, ? extends Throwable> assertRefuses(
      String architecture, String variable, String file) throws Exception {
    String name = "localhost/pg-hello-test:" + file.replace('/', '-');
    DockerClient client = DockerClientFactory.instance().client();
    client.loadImageCmd(image(name, architecture, variable, file)).exec();
    try (var container = new ExtensionContainer(name).withExtension("pg_hello")) {
      return assertThatThrownBy(container::start)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(name)
          .satisfies(e -> assertThat(container.getContainerId()).isNull());
    } finally {
      client.removeImageCmd(name).withForce(true).exec();
    }
  }

  /** Returns an image archive, in the format of docker save. */
  private static ByteArrayInputStream image(
      String name, String architecture, String variable, String file) throws Exception {
    byte[] layer = tar(file, "1\n");
    String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(layer));
    String config =
        """
        {"architecture": "%s", "os": "linux", "config": {"Env": ["%s"]},
         "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}
        """
            .formatted(architecture, variable, digest);
    String manifest =
        """
        [{"Config": "config.json", "RepoTags": ["%s"], "Layers": ["layer.tar"]}]
        """
            .formatted(name);
    return new ByteArrayInputStream(
        tar(
            "manifest.json",
            manifest,
            "config.json",
            config,
            "layer.tar",
            new String(layer, StandardCharsets.ISO_8859_1)));
  }

  private static byte[] tar(String... namesAndContents) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(bytes)) {
      for (int i = 0; i < namesAndContents.length; i += 2) {
        byte[] content = namesAndContents[i + 1].getBytes(StandardCharsets.ISO_8859_1);
        var entry = new TarArchiveEntry(namesAndContents[i]);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }
}
