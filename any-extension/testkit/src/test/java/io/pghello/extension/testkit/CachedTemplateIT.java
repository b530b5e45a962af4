// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TimeZone;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

/** Templates that later servers, also of other JVMs, start with. */
@ResourceLock(Resources.SYSTEM_PROPERTIES)
@Tag("slow") // starts JVMs and servers
class CachedTemplateIT {
  private static final String SWITCH = "pg-extension.cache-templates";

  /**
   * A preparer that records its runs in a file.
   *
   * @param seconds the time that it takes
   */
  private record Recorded(Path runs, String key, String value, double seconds)
      implements DatabasePreparer {
    @Override
    public void prepare(DataSource dataSource) throws Exception {
      Files.writeString(runs, "run\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      try (Connection connection = dataSource.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE t AS SELECT '" + value + "'::text AS v");
        statement.execute("SELECT pg_sleep(" + seconds + ")");
      }
    }

    @Override
    public Optional<String> cacheKey() {
      return key.isEmpty() ? Optional.empty() : Optional.of(key);
    }
  }

  @TempDir private Path folder;
  private Path runs;
  private String key;

  @BeforeEach
  void chooseKey() {
    runs = folder.resolve("runs");
    key = UUID.randomUUID().toString();
  }

  private Recorded slow() {
    return new Recorded(runs, key, "first", 0.3);
  }

  private static ExtensionServer start(DatabasePreparer preparer) {
    return ExtensionServer.builder().extension("cube").preparer(preparer).start();
  }

  /** Starts a server and returns the content of a test's database. */
  private static String content(DatabasePreparer preparer) throws SQLException {
    try (ExtensionServer server = start(preparer);
        TestDatabase database = server.createDatabase(preparer)) {
      return ask(database.dataSource(), "SELECT v FROM t");
    }
  }

  private long runs() throws IOException {
    return Files.exists(runs) ? Files.readAllLines(runs).size() : 0;
  }

  @Test
  void startsWithTheStoredTemplate() throws Exception {
    assertThat(content(slow())).isEqualTo("first");
    try (ExtensionServer server = start(slow())) {
      for (int i = 0; i < 3; i++) {
        try (TestDatabase database = server.createDatabase(slow());
            Connection connection = database.dataSource().getConnection()) {
          assertThat(ask(connection, "SELECT string_agg(v, ' ') FROM t")).isEqualTo("first");
          assertThat(ask(connection, "SELECT extname FROM pg_extension WHERE extname = 'cube'"))
              .isEqualTo("cube");
          assertThat(ask(connection, "SELECT current_user")).isEqualTo("app");
          try (Statement statement = connection.createStatement()) {
            statement.execute("INSERT INTO t VALUES ('second')");
          }
        }
      }
      // other templates are prepared on the same server
      var other = new Recorded(folder.resolve("other"), "", "other", 0);
      try (TestDatabase database = server.createDatabase(other)) {
        assertThat(ask(database.dataSource(), "SELECT v FROM t")).isEqualTo("other");
      }
      server.kill();
      server.startAgain();
      try (TestDatabase database = server.createDatabase(slow())) {
        assertThat(ask(database.dataSource(), "SELECT v FROM t")).isEqualTo("first");
      }
    }
    assertThat(runs()).isOne();
  }

  @Test
  void usesANewPasswordForEachServer() throws Exception {
    try (ExtensionServer one = start(slow());
        ExtensionServer two = start(slow())) {
      assertThat(one.password()).isNotEqualTo(two.password());
      assertThat(one.port()).isNotEqualTo(two.port());
    }
    assertThat(runs()).isOne();
  }

  @Test
  void preparesAgainIfTheKeyChanges() throws Exception {
    assertThat(content(slow())).isEqualTo("first");
    assertThat(content(new Recorded(runs, key + "2", "second", 0.3))).isEqualTo("second");
    assertThat(content(slow())).isEqualTo("first");
    assertThat(runs()).isEqualTo(2);
  }

  @Test
  void preparesAgainWithOtherExtensionsOrSettings() throws Exception {
    assertThat(content(slow())).isEqualTo("first");
    ExtensionServer.builder().extension("citext").preparer(slow()).start().close();
    ExtensionServer.builder()
        .extension("cube")
        .setting("default_transaction_isolation", "serializable")
        .preparer(slow())
        .start()
        .close();
    assertThat(runs()).isEqualTo(3);
  }

  @Test
  void storesNoTemplateWithoutKey() throws Exception {
    var withoutKey = new Recorded(runs, "", "first", 0.3);
    assertThat(content(withoutKey)).isEqualTo("first");
    assertThat(content(withoutKey)).isEqualTo("first");
    assertThat(runs()).isEqualTo(2);
  }

  @Test
  void storesNothingIfSwitchedOff() throws Exception {
    assertThat(content(slow())).isEqualTo("first");
    System.setProperty(SWITCH, "false");
    try {
      assertThat(content(slow())).isEqualTo("first");
      assertThat(runs()).isEqualTo(2);
    } finally {
      System.clearProperty(SWITCH);
    }
    System.setProperty(SWITCH, "perhaps");
    try {
      assertThatThrownBy(() -> content(slow()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("use true or false");
    } finally {
      System.clearProperty(SWITCH);
    }
  }

  /** A preparer that fails the first time. */
  private record Failing(Recorded recorded) implements DatabasePreparer {
    @Override
    public void prepare(DataSource dataSource) throws Exception {
      recorded.prepare(dataSource);
      if (Files.readAllLines(recorded.runs).size() == 1) {
        throw new IllegalStateException("not today");
      }
    }

    @Override
    public Optional<String> cacheKey() {
      return recorded.cacheKey();
    }
  }

  @Test
  void storesNothingIfThePreparerFails() throws Exception {
    assertThatThrownBy(() -> content(new Failing(slow()))).hasMessageContaining("not today");
    assertThat(content(new Failing(slow()))).isEqualTo("first");
    assertThat(content(new Failing(slow()))).isEqualTo("first");
    assertThat(runs()).isEqualTo(2);
  }

  /** A preparer whose scripts change while it runs. */
  private record Changing(Recorded recorded) implements DatabasePreparer {
    @Override
    public void prepare(DataSource dataSource) throws Exception {
      recorded.prepare(dataSource);
    }

    @Override
    public Optional<String> cacheKey() {
      return Optional.of(recorded.key + Files.exists(recorded.runs));
    }
  }

  @Test
  void storesNothingIfTheKeyChangesDuringThePreparation() throws Exception {
    assertThat(content(new Changing(slow()))).isEqualTo("first");
    // the second run has another key, and the third run uses its template
    assertThat(content(new Changing(slow()))).isEqualTo("first");
    assertThat(content(new Changing(slow()))).isEqualTo("first");
    assertThat(runs()).isEqualTo(2);
  }

  /** A preparer that needs a server itself. */
  private record Nested(Recorded inner, Recorded outer) implements DatabasePreparer {
    @Override
    public void prepare(DataSource dataSource) throws Exception {
      content(inner);
      outer.prepare(dataSource);
    }

    @Override
    public Optional<String> cacheKey() {
      return outer.cacheKey();
    }
  }

  @Test
  void allowsServersInPreparers() throws Exception {
    var outer = new Recorded(runs, key + "outer", "outer", 0.1);
    assertThat(content(new Nested(slow(), outer))).isEqualTo("outer");
    assertThat(content(new Nested(slow(), outer))).isEqualTo("outer");
    assertThat(runs()).isEqualTo(2);
  }

  /** A program that starts a server and prints its content. */
  static final class Program {
    private Program() {}

    public static void main(String[] arguments) throws Exception {
      var preparer =
          new Recorded(
              Path.of(arguments[0]), arguments[1], "first", Double.parseDouble(arguments[2]));
      System.out.println("content: " + content(preparer));
    }
  }

  private Process program(double seconds) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            // the key of a template contains the locale and the time zone
            "-Duser.language=" + Locale.getDefault().getLanguage(),
            "-Duser.country=" + Locale.getDefault().getCountry(),
            "-Duser.timezone=" + TimeZone.getDefault().getID(),
            "-cp",
            System.getProperty("java.class.path"),
            Program.class.getName(),
            runs.toString(),
            key,
            Double.toString(seconds))
        .redirectErrorStream(true)
        .start();
  }

  private static String output(Process process) throws Exception {
    try {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return output;
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void isPreparedByOneOfTwoJvms() throws Exception {
    List<Process> both = List.of(program(1), program(1));
    for (Process each : both) {
      assertThat(output(each)).contains("content: first");
    }
    assertThat(runs()).isOne();
    assertThat(content(slow())).isEqualTo("first");
    assertThat(runs()).isOne();
  }

  @Test
  void isPreparedAgainIfTheFirstJvmIsKilled() throws Exception {
    Process killed = program(60);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (runs() == 0 && killed.isAlive() && System.nanoTime() < end) {
      Thread.sleep(20);
    }
    killed.destroyForcibly().waitFor();
    assertThat(content(slow())).isEqualTo("first");
    assertThat(content(slow())).isEqualTo("first");
    assertThat(runs()).isEqualTo(2);
  }

  @Test
  void isNeverIncompleteIfJvmsAreKilledAtAnyTime() throws Exception {
    // the preparer takes 0.3 s, so some of these JVMs are killed while they store the template
    for (int millis : new int[] {700, 1_000, 1_300}) {
      Process killed = program(0.3);
      if (!killed.waitFor(millis, TimeUnit.MILLISECONDS)) {
        killed.destroyForcibly().waitFor();
      }
      assertThat(content(new Recorded(runs, key + millis, "other", 0))).isEqualTo("other");
    }
    assertThat(content(slow())).isEqualTo("first");
    assertThat(content(slow())).isEqualTo("first");
  }
}
