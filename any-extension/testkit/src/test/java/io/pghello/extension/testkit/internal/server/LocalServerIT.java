// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.Stage;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.distribution.Distributions;
import io.pghello.extension.testkit.internal.distribution.EmbeddedDistribution;
import io.pghello.extension.testkit.internal.distribution.PostgresDistribution;
import io.pghello.extension.testkit.internal.files.ClassPathExtension;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.junit.jupiter.SpringJUnitConfig;

/**
 * Adds extensions to installed servers: a server of the distribution, and one that stands in for
 * other installations.
 */
@Isolated("sets a system property")
class LocalServerIT {
  private static final String PROPERTY = "pg-extension.server";

  @TempDir private Path folder;
  private Path installed;

  /**
   * Unpacks the server archive on the class path, and adds a pg_config, because the archive has
   * none.
   */
  @BeforeEach
  void installServer() throws IOException {
    installed = ServerSetup.unpacked(InstallationCache.open(), onClassPath());
    Path config =
        Stage.write(
            folder.resolve("bin/pg_config"),
            "#!/bin/sh\n: > \"${0%/*}/asked\"\n"
                + "printf '%%s\\n' '%1$s/bin' '%1$s/lib/postgresql' '%1$s/share/postgresql'\n"
                    .formatted(installed));
    Files.setPosixFilePermissions(config, PosixFilePermissions.fromString("rwxr-xr-x"));
    System.setProperty(PROPERTY, "local:" + config);
  }

  @AfterEach
  void clearProperty() {
    System.clearProperty(PROPERTY);
  }

  @Test
  void hasExtensionsOfJarsDirectoriesAndTheServer() throws IOException, SQLException {
    String before = files(installed);
    Stage.of(folder, "acme", "CREATE FUNCTION acme() RETURNS int RETURN 1;");
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension("pg_hello")
                .extension(NativeExtension.fromInstall(folder))
                .extension(NativeExtension.contrib("pg_trgm"))
                .start();
        TestDatabase database = server.createDatabase();
        Connection connection = database.superuserDataSource().getConnection()) {
      assertThat(server.major()).isEqualTo(onClassPath().major());
      assertThat(ask(connection, "SELECT pg_hello('Ada') || acme() || show_trgm('') :: text"))
          .isEqualTo("Hello, Ada!1{}");
      String bin = ask(connection, "SELECT setting FROM pg_config() WHERE name = 'BINDIR'");
      // PostgreSQL 18 runs from its own directories
      assertThat(bin.equals(installed + "/bin")).as(bin).isEqualTo(server.major() >= 18);
    }
    assertThat(files(installed)).isEqualTo(before);
  }

  @ExtensionTest(extensions = "pg_trgm")
  static final class OfClass {
    @Test
    void isStartedByThisJvm(ExtensionServer server, Connection connection) throws SQLException {
      assertThat(server.isRunning()).isTrue();
      assertThat(ask(connection, "SELECT similarity('a', 'a')")).isEqualTo("1");
    }
  }

  @Configuration
  static class Application {}

  @DirtiesContext
  @SpringJUnitConfig(Application.class)
  @AutoConfigureExtensionDatabase(extensions = "pg_trgm")
  static final class OfContext {
    @Autowired private Environment environment;

    @Test
    void isThere() throws SQLException {
      try (Connection connection =
          DriverManager.getConnection(environment.getRequiredProperty("spring.datasource.url"))) {
        assertThat(ask(connection, "SELECT similarity('a', 'a')")).isEqualTo("1");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {OfClass.class, OfContext.class})
  void runsTestsAndContexts(Class<?> test) {
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(test))
        .execute()
        .testEvents()
        .assertStatistics(events -> events.succeeded(1).failed(0));
    assertThat(folder.resolve("bin/asked")).as("pg_config was run").exists();
  }

  @Test
  @Tag("slow")
  void runsTheServerOfTheDistribution() throws IOException, SQLException {
    int major =
        Stream.of(15, 17, 18, 19)
            .filter(each -> Files.exists(debian(each).resolve("postgres")))
            .findFirst()
            .orElse(0);
    assumeTrue(major != 0, "no server of the distribution");
    System.setProperty(PROPERTY, "local:" + major);
    try (ExtensionServer server = ExtensionServer.builder().extension("pg_hello").start();
        TestDatabase database = server.createDatabase();
        Connection connection = database.dataSource().getConnection()) {
      assertThat(server.major()).isEqualTo(major);
      assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
    }
  }

  /** The extension may have been installed with make install. */
  @Test
  void usesTheInstalledExtensionIfTheJarHasNoLibrary() throws IOException {
    Path control = Stage.write(folder.resolve("extension/pg_hello.control"), "");
    // no library is built for this version
    Path catalog = Stage.write(folder.resolve("postgres.bki"), "# PostgreSQL 98\n");
    Path config =
        Stage.write(
            folder.resolve("pg_config"),
            "#!/bin/sh\nprintf '%%s\\n' '%s/bin' '%s' '%2$s'\n".formatted(installed, folder));
    Files.setPosixFilePermissions(config, PosixFilePermissions.fromString("rwxr-xr-x"));
    ServerExtension jar = ClassPathExtension.named("pg_hello");
    PostgresDistribution server = Distributions.at("local:" + config);
    assertThat(ServerSetup.forServer(jar, server).source().files(98)).isEmpty();
    Files.delete(control);
    assertThatThrownBy(() -> ServerSetup.forServer(jar, server))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("The extension \"pg_hello\" has no library for PostgreSQL 98 on ")
        .hasMessageContaining(" Set pg-extension.server to local for a server with");
    Files.writeString(catalog, "# PostgreSQL " + onClassPath().major() + "\n");
    assertThat(ServerSetup.forServer(jar, Distributions.at("local:" + config))).isSameAs(jar);
  }

  @Test
  void listsTheValidPlaces() {
    System.setProperty(PROPERTY, "docker");
    ExtensionServer.Builder builder = ExtensionServer.builder();
    assertThatThrownBy(builder::start)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "pg-extension.server (or PG_EXTENSION_SERVER) is \"docker\"; use embedded,"
                + " embedded:MAJOR, local, local:MAJOR, local:PATH of a pg_config, container,"
                + " container:IMAGE, or a JDBC URL that begins with jdbc:postgresql:");
  }

  /** Returns the server on the class path. One from Debian's packages cannot be installed. */
  private static EmbeddedDistribution onClassPath() throws IOException {
    return EmbeddedDistribution.find(
        Platform.ofThisJvm(), EmbeddedDistribution.class.getClassLoader());
  }

  private static Path debian(int major) {
    return Path.of("/usr/lib/postgresql/" + major + "/bin");
  }

  /** Returns the names of all files with their modification times. */
  private static String files(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          // the cache changes the modification time of its directory
          .filter(file -> !file.equals(root))
          .map(file -> file + " " + file.toFile().lastModified())
          .sorted()
          .collect(Collectors.joining("\n"));
    }
  }

  private static String ask(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getString(1);
    }
  }
}
