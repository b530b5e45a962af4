// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static io.pghello.testkit.PgHelloTestIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import com.github.dockerjava.api.DockerClient;
import io.pghello.extension.testkit.TestDatabase;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.testcontainers.DockerClientFactory;

/** A container. */
@EnabledIfEnvironmentVariable(
    named = "PG_HELLO_TEST_IMAGE",
    matches = ".+",
    disabledReason =
        "needs a container engine with the image that PG_HELLO_TEST_IMAGE names; see"
            + " scripts/ci/offline/containers.sh")
@Timeout(60)
class PgHelloContainerIT {
  private static final String IMAGE =
      Objects.requireNonNullElse(System.getenv("PG_HELLO_TEST_IMAGE"), "postgres:17");

  @AutoClose private static final PgHelloContainer CONTAINER = new PgHelloContainer(IMAGE);

  @BeforeAll
  static void start() {
    CONTAINER.start();
  }

  @Test
  void hasTheMajorVersionOfTheImage() throws Exception {
    String major = CONTAINER.execInContainer("printenv", "PG_MAJOR").getStdout().strip();
    try (TestDatabase database = CONTAINER.createDatabase()) {
      assertThat(ask(database.dataSource(), "SHOW server_version")).startsWith(major + ".");
    }
    assertThat(CONTAINER).hasToString("PgHelloContainer[" + IMAGE + "]");
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
      statement.execute("CREATE EXTENSION pg_hello_ops");
      assertThat(ask(connection, "SELECT count(*) FROM hello_ops.members"))
          .isEqualTo(ask(connection, OperationsIT.FUNCTIONS));
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
    try (var another = new PgHelloContainer(IMAGE)) {
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
  void servesTestsAndContexts() {
    System.setProperty("pg-hello.server", "container:" + IMAGE);
    try {
      EngineTestKit.engine("junit-jupiter")
          .selectors(selectMethod(PgHelloTestIT.Example.class, "passes", DataSource.class))
          .selectors(selectClass(Embedded.class))
          .selectors(selectClass(ServerChoiceIT.OfContext.class))
          .execute()
          .testEvents()
          .assertStatistics(events -> events.succeeded(3).aborted(2).failed(0));
    } finally {
      System.clearProperty("pg-hello.server");
    }
    assertThat(List.of(PgHelloTestIT.Example.used, ServerChoiceIT.OfContext.used))
        .allMatch(name -> name.matches("hello_[0-9a-f]{8}_test_1"));
  }

  @PgHelloTest
  static final class Embedded {
    @Test
    void isAborted(PgHelloServer server) {
      assertThat(server).as("not reached").isNull();
    }

    @Nested
    class Before {
      @BeforeEach
      void prepare(PgHelloServer server) {
        assertThat(server).as("not reached").isNull();
      }

      @Test
      void isAborted() {}
    }
  }

  @Test
  @EnabledIfEnvironmentVariable(
      named = "PG_HELLO_TEST_ALPINE_IMAGE",
      matches = ".+",
      disabledReason = "needs an Alpine image that PG_HELLO_TEST_ALPINE_IMAGE names")
  void servesAlpine() throws Exception {
    try (var container = new PgHelloContainer(System.getenv("PG_HELLO_TEST_ALPINE_IMAGE"))) {
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
    try (var container = new PgHelloContainer(name)) {
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
