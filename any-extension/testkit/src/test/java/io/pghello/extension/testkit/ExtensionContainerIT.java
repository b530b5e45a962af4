// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.startupcheck.OneShotStartupCheckStrategy;

/** A container with several extensions. */
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

  @Test
  void hasAnExtensionOfTheImage() throws Exception {
    // region container
    try (var container = new ExtensionContainer<>(IMAGE).withExtension("pg_trgm")) {
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
            new ExtensionContainer<>(IMAGE)
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
        new ExtensionContainer<>(IMAGE)
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
        new ExtensionContainer<>(IMAGE)
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
        new ExtensionContainer<>(IMAGE).withExtension(NativeExtension.fromInstall(folder))) {
      assertThatThrownBy(container::start)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith(IMAGE + " cannot be used: The library acme.so was built for");
      assertThat(container.getContainerId()).isNull();
    }
  }

  @Test
  void namesAMissingExtension() {
    try (var container = new ExtensionContainer<>(IMAGE).withExtension("no_such_extension")) {
      assertThatThrownBy(container::start)
          .hasStackTraceContaining("CREATE EXTENSION \"no_such_extension\" failed: ");
    }
  }
}
