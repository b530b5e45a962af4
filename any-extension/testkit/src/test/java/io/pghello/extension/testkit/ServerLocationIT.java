// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.abortedWithReason;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase.Reset;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.Condition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.junit.jupiter.SpringJUnitConfig;

/** Runs tests on an existing server. An embedded server stands in for it. */
@Isolated("sets a system property")
class ServerLocationIT {
  private static final String PROPERTY = "pg-extension.server";
  private static final int LIMIT_SECONDS = 120;

  // except for databases that the testkit creates ahead of time
  private static final String NAMES =
      "SELECT string_agg(name, ' ' ORDER BY name) FROM (SELECT datname FROM pg_database"
          + " UNION ALL SELECT rolname FROM pg_roles) AS names (name)"
          + " WHERE name !~ '^app_test_'";

  @AutoClose
  private static final ExtensionServer SERVER =
      ExtensionServer.builder()
          .extension("pg_hello")
          .extension(NativeExtension.fromInstall(Path.of("src/test/installed")))
          .setting("acme.unit", "km")
          .start();

  private static String before = "";

  @BeforeAll
  static void createDatabasesThatMustStay() throws SQLException {
    execute("CREATE DATABASE app_0123abcd_test_1");
    execute("CREATE ROLE app_0123abcd");
    before = answer(NAMES);
    assertThat(before).contains("app app_0123abcd app_0123abcd_test_1 ");
  }

  @AfterEach
  void checkThatTheServerIsUnchanged() throws SQLException {
    System.clearProperty(PROPERTY);
    assertThat(answer(NAMES)).isEqualTo(before);
  }

  private static String url() {
    return "jdbc:postgresql://127.0.0.1:"
        + SERVER.port()
        + "/postgres?user=postgres&password="
        + SERVER.password();
  }

  private static String answer(String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url())) {
      return ask(connection, query);
    }
  }

  private static void execute(String statement) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url());
        Statement by = connection.createStatement()) {
      by.execute(statement);
    }
  }

  private static EngineExecutionResults run(String place, Class<?> test) {
    System.setProperty(PROPERTY, place);
    return EngineTestKit.engine("junit-jupiter").selectors(selectClass(test)).execute();
  }

  private static void fails(String place, Class<?> test, String... parts) {
    run(place, test)
        .allEvents()
        .assertThatEvents()
        .haveExactly(
            1,
            event(
                finishedWithFailure(
                    new Condition<>(
                        thrown -> {
                          assertThat(messages(thrown)).contains(parts).doesNotContain("secret");
                          return true;
                        },
                        "reports the problem"))));
  }

  private static String messages(Throwable thrown) {
    return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause)
        .map(Throwable::getMessage)
        .collect(Collectors.joining("\n"));
  }

  @ExtensionTest(
      extensions = {"acme_geo", "pg_hello"},
      install = "src/test/installed",
      settings = "acme.unit = km")
  static final class Example {
    static String used = "";

    @Test
    void hasExtensions(Connection owner, @Superuser Connection superuser, WireProxy proxy)
        throws Exception {
      used = ask(owner, "SELECT current_database()");
      assertThat(ask(owner, "SELECT pg_hello('Ada') || acme_distance('1', '3')"))
          .isEqualTo("Hello, Ada!2");
      assertThat(ask(owner, "SHOW is_superuser")).isEqualTo("off");
      assertThat(ask(superuser, "SHOW is_superuser")).isEqualTo("on");
      proxy.assertRoundTrips(1, () -> ask(owner, "SELECT 1"));
    }

    @Test
    void isSkipped(ExtensionServer server) {
      assertThat(server).as("not reached").isNull();
    }
  }

  @ExtensionTest(extensions = "pg_hello")
  static final class PreparesServer {
    @BeforeEach
    void prepare(ExtensionServer server) {
      assertThat(server).as("not reached").isNull();
    }

    @Test
    void isSkipped() {}
  }

  @Test
  void skipsTestsThatPrepareAnEmbeddedServer() {
    run(url(), PreparesServer.class)
        .testEvents()
        .assertStatistics(events -> events.aborted(1).failed(0));
  }

  @Test
  void runsTestsOnAnExistingServer() {
    EngineExecutionResults results = run(url(), Example.class);
    results.testEvents().assertStatistics(events -> events.succeeded(1).aborted(1).failed(0));
    results
        .testEvents()
        .assertThatEvents()
        .haveExactly(
            1,
            event(
                abortedWithReason(
                    message(
                        "needs an embedded server, but the tests run against an existing"
                            + " server"))));
    assertThat(Example.used).matches("app_[0-9a-f]{8}_test_1");
  }

  @Configuration
  static class Application {}

  @SpringJUnitConfig(Application.class)
  @AutoConfigureExtensionDatabase(
      extensions = {"pg_hello", "acme_geo"},
      install = "src/test/installed",
      settings = "acme.unit = km",
      reset = Reset.BEFORE_EACH_METHOD)
  static class OfContext {
    static String used = "";

    @Autowired private Environment environment;

    @RepeatedTest(2)
    void findsARestoredDatabase() throws SQLException {
      try (Connection connection =
              DriverManager.getConnection(
                  environment.getRequiredProperty("spring.datasource.url"));
          Statement statement = connection.createStatement()) {
        assertThat(ask(connection, "SELECT pg_hello('Ada') || acme_distance('1', '3')"))
            .isEqualTo("Hello, Ada!2");
        used = ask(connection, "SELECT current_database()");
        // fails if the table exists
        statement.execute("CREATE TABLE once ()");
      }
    }
  }

  @DirtiesContext
  static final class OfClosedContext extends OfContext {}

  @Test
  void createsDatabasesForContexts() {
    run(url(), OfClosedContext.class)
        .testEvents()
        .assertStatistics(events -> events.succeeded(2).failed(0));
    assertThat(OfContext.used).matches("app_[0-9a-f]{8}_test_1");
  }

  @Configuration
  static class Broken {
    Broken() {
      throw new IllegalStateException("broken by the test");
    }
  }

  @SpringJUnitConfig(Broken.class)
  @AutoConfigureExtensionDatabase(extensions = "pg_hello")
  static final class OfBrokenContext {
    @Test
    void isNotRun() {}
  }

  @Test
  void dropsTheDatabaseOfAFailedContext() {
    fails(url(), OfBrokenContext.class, "Failed to load ApplicationContext", "broken by the test");
  }

  /** Runs the tests in a separate JVM. The JVM closes the context before it exits. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) {
      EngineTestKit.engine("junit-jupiter")
          .selectors(selectClass(OfContext.class), selectClass(Example.class))
          .execute()
          .testEvents()
          .assertStatistics(events -> events.succeeded(3).aborted(1).failed(0));
    }
  }

  @ExtensionTest(extensions = "pg_hello")
  static final class Endless {
    @Test
    @SuppressWarnings("SystemOut")
    void waits(Connection connection) throws Exception {
      System.out.println(ask(connection, "SELECT current_database()"));
      Thread.sleep(TimeUnit.SECONDS.toMillis(LIMIT_SECONDS));
    }
  }

  /** Runs the endless test. */
  static final class EndlessProgram {
    private EndlessProgram() {}

    public static void main(String[] args) {
      EngineTestKit.engine("junit-jupiter").selectors(selectClass(Endless.class)).execute();
    }
  }

  private static Process start(Class<?> program, Path output) throws IOException {
    return new ProcessBuilder(
            System.getProperty("java.home") + "/bin/java",
            "-XX:TieredStopAtLevel=1",
            "-D" + PROPERTY + "=" + url(),
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            program.getName())
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
  }

  @Test
  void dropsDatabasesOfTerminatedTests(@TempDir Path folder) throws Exception {
    Path output = folder.resolve("output");
    Process program = start(EndlessProgram.class, output);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!Files.readString(output).endsWith("\n") && System.nanoTime() < end) {
      Thread.sleep(10);
    }
    assertThat(answer(NAMES)).contains(Files.readString(output).strip());
    program.destroy();
    assertThat(program.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.readString(output)).matches("app_[0-9a-f]{8}_test_1\n");
  }

  @Test
  void runsTestsOfSeveralJvms(@TempDir Path folder) throws Exception {
    var programs = new ArrayList<Process>();
    for (String name : List.of("one", "other")) {
      programs.add(start(Program.class, folder.resolve(name)));
    }
    for (Process program : programs) {
      assertThat(program.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(Files.readString(folder.resolve("one"))).isEmpty();
    assertThat(Files.readString(folder.resolve("other"))).isEmpty();
    assertThat(programs).extracting(Process::exitValue).containsOnly(0);
  }

  @Test
  @EnabledIfEnvironmentVariable(
      named = "PG_HELLO_TEST_IMAGE",
      matches = ".+",
      disabledReason =
          "needs a container engine with the image that PG_HELLO_TEST_IMAGE names; see"
              + " scripts/ci/offline/containers.sh")
  void runsTestsAndContextsInAContainer() {
    String place = "container:" + System.getenv("PG_HELLO_TEST_IMAGE");
    for (Class<?> test : List.of(Example.class, OfClosedContext.class)) {
      run(place, test)
          .testEvents()
          .assertStatistics(events -> events.failed(0).aborted(test == Example.class ? 1 : 0));
    }
    assertThat(List.of(Example.used, OfContext.used)).allMatch(n -> n.matches("app_.{8}_test_1"));
  }

  /** ExtensionServer starts an embedded server even if the property names another kind. */
  @Test
  void startsAnEmbeddedServerNextToAnExistingOne() {
    System.setProperty(PROPERTY, "container:none");
    try (ExtensionServer server = ExtensionServer.builder().start()) {
      assertThat(server.isRunning()).isTrue();
    }
  }

  @ExtensionTest(extensions = "no_such_extension")
  static final class Missing {
    @Test
    void isNotRun() {}
  }

  @SpringJUnitConfig(Application.class)
  @AutoConfigureExtensionDatabase(extensions = "no_such_extension")
  static final class OfMissing {
    @Test
    void isNotRun() {}
  }

  @Test
  void explainsHowToInstallAMissingExtension() {
    String[] parts = {
      "the server set in pg-extension.server cannot be prepared: CREATE EXTENSION"
          + " \"no_such_extension\" failed: ",
      " The server lacks the files of no_such_extension. Install them on the server's machine with"
          + " the jar (java -jar JAR install)"
    };
    fails(url(), Missing.class, parts);
    fails(url(), OfMissing.class, parts);
  }

  @ExtensionTest(
      extensions = "pg_trgm",
      settings = {"acme.unit = miles", "work_mem = 4MB"})
  static final class OfSetting {
    @Test
    void isNotRun() {}
  }

  @ExtensionTest(extensions = "pg_trgm", settings = "shared_preload_libraries = pg_cron")
  static final class OfPreload {
    @Test
    void isNotRun() {}
  }

  @Test
  void listsRequiredSettings() {
    fails(
        url(),
        OfSetting.class,
        "the tests need acme.unit = miles, but the server that pg-extension.server names has km:"
            + " set it in the server's");
    fails(
        url(),
        OfPreload.class,
        "the tests need shared_preload_libraries = pg_cron, but the server that"
            + " pg-extension.server names has \"\": set it in the server's");
  }

  @ExtensionTest(extensions = "pg_trgm")
  static final class OfAny {
    @Test
    void isNotRun() {}
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "docker",
        "containers",
        "container:",
        "jdbc:mysql://localhost/test",
        "local17",
        "embedded17",
        "embedded:new",
        "local:"
      })
  void listsThePlacesForAnInvalidValue(String place) {
    fails(
        place,
        OfAny.class,
        "pg-extension.server (or PG_EXTENSION_SERVER) is \"" + place + "\"; use embedded,",
        " embedded:MAJOR, local, local:MAJOR, local:PATH of a pg_config, container, container:IMAGE, or a JDBC URL");
  }

  @ParameterizedTest
  @CsvSource({
    "/postgres, the JDBC URL in pg-extension.server must contain the login of a superuser",
    "/postgres?user=postgres&ssl=true, one server and no other parameters",
    "/postgres?user=postgres&requireAuth=none, one server and no other parameters",
    "/postgres?user=postgres&password=secret, is its login correct?",
    "/none?user=postgres, is its login correct?"
  })
  void listsTheRequiredPartsOfTheUrl(String end, String part) {
    fails("jdbc:postgresql://127.0.0.1:" + SERVER.port() + end, OfAny.class, part);
  }

  /** The driver's URL parser logs invalid URLs, but the log does not contain the rejected URL. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "//u:secret@localhost/db",
        "//u:secret@localhost/db?user=u",
        "//localhost:secret/db?user=u",
        "//localhost/db?user=u&password=secret%zz",
        "//localhost:99999/db?user=u&password=secret",
        "//localhost,u:secret@other/db?user=u",
        "//u:secret@localhost",
        "u:secret@localhost"
      })
  void hidesThePasswordOfARejectedUrl(String end) {
    var logged = new ArrayList<String>();
    var handler =
        new Handler() {
          @Override
          public void publish(LogRecord message) {
            logged.add(message.getMessage() + Arrays.toString(message.getParameters()));
          }

          @Override
          public void flush() {
            // nothing to flush
          }

          @Override
          public void close() {
            // nothing to close
          }
        };
    Logger root = Logger.getLogger("");
    root.addHandler(handler);
    try {
      fails("jdbc:postgresql:" + end, OfAny.class, "one server and no other parameters");
    } finally {
      root.removeHandler(handler);
    }
    assertThat(logged).noneMatch(each -> each.contains("secret"));
  }

  @ExtensionTest(extensions = "pg_trgm", scripts = "schema/tables.sql")
  static final class OfSchema {
    @RepeatedTest(2)
    void hasTheTable(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT count(*) FROM person")).isEqualTo("0");
    }
  }

  /** Uses a URL that TestDatabase returned. */
  @Test
  void copiesASchemaOnAnExistingServer() {
    run(url() + "&requireAuth=%21password", OfSchema.class)
        .testEvents()
        .assertStatistics(events -> events.succeeded(2).failed(0));
  }

  @Test
  void decodesTheLoginInTheUrl() throws SQLException {
    execute("CREATE ROLE \"ma'k+er\" SUPERUSER LOGIN PASSWORD 'p%+& Zoë'");
    try {
      run(
              "jdbc:postgresql://127.0.0.1:"
                  + SERVER.port()
                  + "/postgres?user=ma'k%2Ber&password=p%25%2B%26+Zo%C3%AB",
              Example.class)
          .testEvents()
          .assertStatistics(events -> events.succeeded(1).aborted(1).failed(0));
    } finally {
      execute("DROP ROLE \"ma'k+er\"");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"NOCREATEROLE", "CREATEROLE", "CREATEDB", "CREATEDB CREATEROLE"})
  void leavesNothingIfTheLoginIsNoSuperuser(String rights) throws SQLException {
    execute("CREATE ROLE maker LOGIN PASSWORD 'secret' " + rights);
    try {
      fails(
          "jdbc:postgresql://127.0.0.1:" + SERVER.port() + "/postgres?user=maker&password=secret",
          Example.class,
          "The tests create roles and databases, and some need a superuser: replace maker with a"
              + " superuser");
    } finally {
      execute("DROP ROLE maker");
    }
  }

  @Test
  void leavesNothingIfTheExtensionCannotBeCreated() throws SQLException {
    String template1 = url().replace("/postgres?", "/template1?");
    try (Connection connection = DriverManager.getConnection(template1);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE FUNCTION public.pg_hello(text) RETURNS text RETURN $1");
    }
    try {
      fails(url(), Example.class, "cannot be prepared", "already exists");
    } finally {
      try (Connection connection = DriverManager.getConnection(template1);
          Statement statement = connection.createStatement()) {
        statement.execute("DROP FUNCTION public.pg_hello(text)");
      }
    }
  }

  @Test
  void reportsThatTheServerIsNotReachable() {
    fails(
        "jdbc:postgresql://127.0.0.1:1/postgres?user=a&password=secret",
        OfAny.class,
        "the server set in pg-extension.server cannot be prepared: Connection to 127.0.0.1:1"
            + " refused.",
        " Is it running at the host and port of the URL?");
  }

  @Test
  void rejectsAnUnsupportedServerVersion() throws Exception {
    try (var older = new Older(SERVER.port())) {
      fails(
          url().replace(":" + SERVER.port(), ":" + older.port()),
          OfAny.class,
          "the server that pg-extension.server names is PostgreSQL 14, but the testkit needs 15"
              + " or later");
    }
  }

  /** Forwards a server's messages, but changes its version. */
  private static final class Older implements AutoCloseable {
    private static final Pattern VERSION = Pattern.compile("(server_version\0)[0-9]{2}");

    private final ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    private final int server;

    Older(int server) throws IOException {
      this.server = server;
      start(this::serve);
    }

    int port() {
      return socket.getLocalPort();
    }

    private static void start(Serving serving) {
      var thread =
          new Thread(
              () -> {
                try {
                  serving.run();
                } catch (IOException e) {
                  // a socket was closed
                  return;
                }
              });
      thread.setDaemon(true);
      thread.start();
    }

    private void serve() throws IOException {
      while (true) {
        Socket client = socket.accept();
        var behind = new Socket(InetAddress.getLoopbackAddress(), server);
        start(() -> client.getInputStream().transferTo(behind.getOutputStream()));
        start(() -> answer(behind.getInputStream(), client.getOutputStream()));
      }
    }

    private static void answer(InputStream from, OutputStream to) throws IOException {
      byte[] buffer = new byte[1 << 16];
      for (int read; (read = from.read(buffer)) > 0; ) {
        var said = new String(buffer, 0, read, StandardCharsets.ISO_8859_1);
        to.write(VERSION.matcher(said).replaceAll("$114").getBytes(StandardCharsets.ISO_8859_1));
        to.flush();
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  /** The task of a thread. The task ends when its socket is closed. */
  @FunctionalInterface
  private interface Serving {
    void run() throws IOException;
  }
}
