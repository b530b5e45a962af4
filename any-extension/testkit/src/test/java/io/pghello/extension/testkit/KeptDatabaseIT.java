// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineTestKit;

/** Keeps the databases of failed tests for later inspection. */
class KeptDatabaseIT {
  private static final long LIMIT_SECONDS = 120;
  private static final Pattern PSQL =
      Pattern.compile(
          "psql: PGPASSFILE='(\\S+)' psql -h 127.0.0.1 -p (\\d+) -U app (app_test_\\d+)\n");
  private static final Pattern JDBC =
      Pattern.compile("JDBC: (\\S+), run Java with -Dorg.postgresql.pgpassfile='(\\S+)'\n");
  private static final Pattern END = Pattern.compile("To stop it now: (.*)\n");

  @TempDir private Path folder;

  @ExtensionTest(extensions = "cube")
  @TestMethodOrder(MethodOrderer.OrderAnnotation.class)
  static class Failing {
    @Test
    @Order(1)
    void fails(Connection connection) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE evidence AS SELECT 42 AS answer");
      }
      throw new AssertionError("on purpose");
    }

    @Test
    @Order(2)
    void passes(Connection connection) throws SQLException {
      assertThat(connection.isValid(20)).isTrue();
    }

    @Test
    @Order(3)
    void isAborted(TestDatabase database) {
      Assumptions.abort("in " + database.name());
    }

    @Test
    @Order(4)
    void failsWithoutADatabase() {
      throw new AssertionError("on purpose");
    }
  }

  @ExtensionTest(extensions = "cube", database = ExtensionTest.Scope.CLASS)
  static final class FailingTwice {
    @Test
    void fails(TestDatabase database) {
      throw new AssertionError("on purpose in " + database.name());
    }

    @Test
    void failsAgain(TestDatabase database) {
      throw new AssertionError("on purpose in " + database.name());
    }
  }

  @ExtensionTest(extensions = "cube")
  static final class Leaking {
    @Test
    @SuppressWarnings("MustBeClosedChecker")
    void leaksAConnection(javax.sql.DataSource dataSource) throws SQLException {
      assertThat(dataSource.getConnection().isValid(20)).isTrue();
    }
  }

  private static final class FailingToClose implements AutoCloseable {
    @Override
    public void close() {
      throw new AssertionError("on purpose");
    }
  }

  /** Fails after all callbacks of the test. */
  @ExtensionTest(extensions = "cube")
  static final class FailingLate {
    @AutoClose private final AutoCloseable field = new FailingToClose();

    @Test
    void passes(TestDatabase database) {
      assertThat(field).isNotNull();
      assertThat(database.name()).isNotNull();
    }
  }

  /** Fails after all callbacks of the class. */
  @ExtensionTest(extensions = "cube", database = ExtensionTest.Scope.CLASS)
  static final class FailingAtTheEnd {
    @AutoClose private static final AutoCloseable FIELD = new FailingToClose();

    @Test
    void passes(TestDatabase database) {
      assertThat(FIELD).isNotNull();
      assertThat(database.name()).isNotNull();
    }
  }

  @ExtensionTest(extensions = "cube")
  static final class FailingDynamicTest {
    @TestFactory
    Stream<DynamicNode> fails(TestDatabase database) {
      return Stream.of(
          DynamicContainer.dynamicContainer(
              "container",
              Stream.of(
                  DynamicTest.dynamicTest(
                      "fails",
                      () -> {
                        throw new AssertionError("on purpose in " + database.name());
                      }))));
    }
  }

  @ExtensionTest(extensions = "cube")
  static final class AbortedDynamicTest {
    @TestFactory
    Stream<DynamicTest> isAborted(TestDatabase database) {
      return Stream.of(
          DynamicTest.dynamicTest(
              "aborted",
              () -> {
                System.out.println("aborts in " + database.name());
                Assumptions.abort();
              }));
    }
  }

  /** Runs a test class in a JVM that exits while its server keeps running. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) throws ClassNotFoundException {
      EngineTestKit.engine("junit-jupiter")
          .selectors(selectClass(Class.forName(args[0])))
          .execute();
    }
  }

  private String run(Class<?> test, String... options) throws Exception {
    Path output = folder.resolve("output");
    var command =
        new ArrayList<String>(
            List.of(System.getProperty("java.home") + "/bin/java", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of(options));
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Program.class.getName(),
            test.getName()));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    String said = Files.readString(output);
    assertThat(process.exitValue()).as(said).isZero();
    return said;
  }

  private static Matcher found(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    assertThat(matcher.find()).as(text).isTrue();
    return matcher;
  }

  private static String password(Path file) throws IOException {
    String line = Files.readString(file).strip();
    return line.substring(line.lastIndexOf(':') + 1);
  }

  private static void end(String said) throws Exception {
    String command = found(END, said).group(1);
    Process process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
    assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue())
        .as(command + new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isZero();
  }

  @Test
  void isAvailableAfterTheJvmHasExited() throws Exception {
    String said = run(Failing.class, "-Dpg-extension.keep-failed=true");
    Path passwords = Path.of(found(PSQL, said).group(1));
    try {
      assertThat(said)
          .containsOnlyOnce("is kept, and its server keeps running:")
          .contains(
              "The database "
                  + found(PSQL, said).group(3)
                  + " of the failed test "
                  + Failing.class.getName()
                  + ".fails(Connection) is kept")
          .doesNotContain(password(passwords));
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(passwords)))
          .isEqualTo("rw-------");
      assertThat(Path.of(found(JDBC, said).group(2))).isEqualTo(passwords);
      // another server starts normally, and does not remove the kept server
      ExtensionServer.builder().extension("cube").start().close();
      try (Connection connection =
          DriverManager.getConnection(
              found(JDBC, said).group(1) + "&password=" + password(passwords))) {
        assertThat(ask(connection, "SELECT answer FROM evidence")).isEqualTo("42");
        assertThat(
                ask(
                    connection,
                    "SELECT line FROM (VALUES ('"
                        + Files.readString(passwords).strip()
                        + "')) AS file (line) WHERE line LIKE '127.0.0.1:'"
                        + " || inet_server_port() || ':*:*:%'"))
            .isNotNull();
      }
    } finally {
      end(said);
    }
    assertThat(passwords.getParent()).doesNotExist();
  }

  @Test
  void isRemovedADayLater() throws Exception {
    String said = run(Failing.class, "-Dpg-extension.keep-failed=true");
    Path passwords = Path.of(found(PSQL, said).group(1));
    String url = found(JDBC, said).group(1) + "&password=" + password(passwords);
    Files.setLastModifiedTime(passwords, FileTime.from(Instant.now().minus(Duration.ofHours(25))));
    ExtensionServer.builder().extension("cube").start().close();
    // another JVM that starts a server at the same time may remove the kept server first
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (Files.exists(passwords.getParent()) && System.nanoTime() < limit) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    assertThat(passwords.getParent()).doesNotExist();
    assertThatThrownBy(() -> DriverManager.getConnection(url).close())
        .isInstanceOf(SQLException.class);
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        FailingTwice.class,
        Leaking.class,
        FailingLate.class,
        FailingAtTheEnd.class,
        FailingDynamicTest.class
      })
  void isLoggedOnce(Class<?> test) throws Exception {
    String said = run(test, "-Dpg-extension.keep-failed=true");
    try {
      assertThat(said).containsOnlyOnce("is kept, and its server keeps running:");
    } finally {
      end(said);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-Dpg-extension.keep-failed=false", "-Dpg-extension.keep-failed="})
  void isDroppedByDefault(String option) throws Exception {
    assertThat(run(Failing.class, option)).doesNotContain("is kept");
  }

  @Test
  void isDroppedAfterAnAbortedTest() throws Exception {
    assertThat(run(AbortedDynamicTest.class, "-Dpg-extension.keep-failed=true"))
        .contains("aborts in ")
        .doesNotContain("is kept");
  }

  @Test
  void staysOnAnExistingServer() throws Exception {
    try (ExtensionServer server = ExtensionServer.builder().extension("cube").start();
        TestDatabase mine = server.createDatabase()) {
      String said =
          run(
              Failing.class,
              "-Dpg-extension.keep-failed=true",
              "-Dpg-extension.server=jdbc:postgresql://127.0.0.1:"
                  + server.port()
                  + "/postgres?user=postgres&password="
                  + server.password());
      String name =
          found(Pattern.compile("psql: psql -h 127.0.0.1 -p \\d+ -U 'postgres' (\\S+)\n"), said)
              .group(1);
      assertThat(said)
          .containsOnlyOnce("is kept on your server:")
          .contains(
              "DROP DATABASE \"" + name + "\"; DROP ROLE \"" + name.replaceFirst("_test.*", ""))
          .doesNotContain(server.password());
      assertThat(
              ask(
                  mine.superuserDataSource(),
                  "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname ~ '^app_[0-9a-f]{8}'"))
          .isEqualTo(name);
    }
  }
}
