// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ComposedAnnotationIT.awaitAnswer;
import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/** Databases, stops and failures of a server. */
class ServerLifecycleIT {
  @AutoClose private static final ExtensionServer SERVER = ExtensionServer.start("pg_hello");

  private static final String TEST_DATABASES =
      "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database"
          + " WHERE datname LIKE 'app\\_test\\_%'";

  private static final String CREATING =
      "SELECT count(*) FROM pg_stat_activity"
          + " WHERE state = 'active' AND query LIKE 'CREATE DATABASE%'";

  @Test
  void startsWithoutInstalledPostgres() throws SQLException {
    // region server
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection connection = database.dataSource().getConnection()) {
      assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
    }
    // endregion
  }

  @Test
  void hasTheMajorVersionOfTheBuild() throws SQLException {
    assumeFalse(
        ServerLocation.isLocal(ServerLocation.ofAny().value()), "an installed one has its own");
    ExtensionServer server = SERVER;
    String asked = System.getProperty("postgres.major");
    assertThat(server.major()).isEqualTo(Integer.parseInt(asked == null ? "17" : asked));
    try (TestDatabase database = server.createDatabase()) {
      assertThat(ask(database.dataSource(), "SHOW server_version"))
          .matches(server.major() + "(\\.|beta|rc).*");
    }
  }

  @Test
  void listensOnTheLoopbackInterfaceOnly() throws SQLException {
    try (TestDatabase database = SERVER.createDatabase()) {
      assertThat(ask(database.dataSource(), "SHOW listen_addresses")).isEqualTo("127.0.0.1");
      assertThat(ask(database.superuserDataSource(), "SHOW unix_socket_directories")).isEmpty();
    }
  }

  @Test
  void letsTheOwnerCreateTheExtension() throws SQLException {
    try (TestDatabase database = SERVER.createEmptyDatabase();
        Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      assertThat(ask(connection, "SELECT count(*) FROM pg_extension WHERE extname = 'pg_hello'"))
          .isEqualTo("0");
      statement.execute("CREATE EXTENSION pg_hello");
      assertThat(ask(connection, "SELECT pg_hello('Ada', 2)")).isEqualTo("Hello, Ada! Hello, Ada!");
    }
  }

  @Test
  void copiesADatabaseAndPutsTheCopyInItsPlace() throws SQLException {
    ExtensionServer server = SERVER;
    try (TestDatabase database = server.createDatabase();
        Connection open = database.dataSource().getConnection();
        Statement statement = open.createStatement()) {
      statement.execute("CREATE TABLE note AS SELECT pg_hello('Ada') AS text");
      try (TestDatabase copy = database.copy()) {
        assertThat(open.isValid(10)).as("the copy has ended the sessions").isFalse();
        assertThat(ask(copy.dataSource(), "DELETE FROM note RETURNING text"))
            .isEqualTo("Hello, Ada!");
        assertThat(ask(database.dataSource(), "SELECT count(*) FROM note")).isEqualTo("1");
        for (int i = 0; i < 2; i++) {
          database.restoreFrom(copy);
          assertThat(ask(database.dataSource(), "SELECT count(*) FROM note")).isEqualTo("0");
          assertThat(ask(database.dataSource(), "INSERT INTO note VALUES ('x') RETURNING text"))
              .isEqualTo("x");
        }
        assertThat(ask(copy.dataSource(), "SELECT count(*) FROM note")).isEqualTo("0");
        assertThat(ask(database.dataSource(), "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
      }
    }
  }

  @Test
  void keepsDatabasesApart() throws SQLException {
    ExtensionServer server = SERVER;
    List<TestDatabase> databases =
        IntStream.range(0, 8).parallel().mapToObj(i -> server.createDatabase()).toList();
    assertThat(databases).extracting(TestDatabase::name).doesNotHaveDuplicates();
    for (TestDatabase database : databases) {
      try (database;
          Connection connection = database.dataSource().getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE mine ()");
      }
    }
  }

  @Test
  void createsTheNextDatabaseAhead() throws SQLException {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase admin = server.createDatabase("admin")) {
      DataSource superuser = admin.superuserDataSource();
      assertThat(ask(superuser, TEST_DATABASES)).isNull();
      TestDatabase first = server.createDatabase();
      assertThat(first.name()).isEqualTo("app_test_1");
      awaitAnswer(superuser, TEST_DATABASES, "app_test_1 app_test_2");
      // wait until the testkit's own session has completed the statement, too
      awaitAnswer(superuser, CREATING, "0");
      server.stop();
      server.startAgain();
      try (TestDatabase second = server.createDatabase()) {
        assertThat(second.name()).isEqualTo("app_test_2");
        assertThat(ask(second.dataSource(), "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
        first.close();
        awaitAnswer(superuser, TEST_DATABASES, "app_test_2 app_test_3");
      }
    }
  }

  /** The statement that drops a database may have to wait for a lock. */
  @Test
  void waitsForNoDatabaseToBeDropped() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase admin = server.createDatabase("admin");
        Connection holder = admin.superuserDataSource().getConnection()) {
      DataSource superuser = admin.superuserDataSource();
      TestDatabase first = server.createDatabase();
      awaitAnswer(superuser, TEST_DATABASES, "app_test_1 app_test_2");
      lock(holder, first.name());
      first.close();
      awaitAnswer(superuser, "SELECT count(*) FROM pg_locks WHERE NOT granted", "1");
      for (String name : List.of("app_test_2", "app_test_3", "app_test_4")) {
        TestDatabase database =
            CompletableFuture.supplyAsync(server::createDatabase).get(30, TimeUnit.SECONDS);
        assertThat(database.name()).isEqualTo(name);
      }
      holder.rollback();
      awaitAnswer(superuser, TEST_DATABASES, "app_test_2 app_test_3 app_test_4 app_test_5");
    }
  }

  @Test
  void respectsAnInterruptWhileADatabaseIsBeingCreated() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase admin = server.createDatabase("admin");
        Connection holder = admin.superuserDataSource().getConnection()) {
      DataSource superuser = admin.superuserDataSource();
      server.createDatabase();
      awaitAnswer(superuser, TEST_DATABASES, "app_test_1 app_test_2");
      lock(holder, "app_template");
      assertThat(server.createDatabase().name()).isEqualTo("app_test_2");
      awaitAnswer(superuser, "SELECT count(*) FROM pg_locks WHERE NOT granted", "1");
      CompletableFuture<Boolean> interrupted =
          CompletableFuture.supplyAsync(
              () -> {
                Thread.currentThread().interrupt();
                assertThatThrownBy(server::createDatabase)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("could not create a database: ");
                return Thread.interrupted();
              });
      assertThat(interrupted.get(30, TimeUnit.SECONDS)).isTrue();
      holder.rollback();
      assertThat(server.createDatabase().name()).isEqualTo("app_test_3");
    }
  }

  /**
   * Locks a database, so that it cannot be dropped or used as a template until the connection's
   * transaction ends.
   */
  private static void lock(Connection connection, String database) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("COMMENT ON DATABASE " + database + " IS 'held'");
    }
  }

  @Test
  void dropsDatabasesLaterIfTheServerIsStopped() throws SQLException {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase admin = server.createDatabase("admin")) {
      DataSource superuser = admin.superuserDataSource();
      TestDatabase database = server.createDatabase();
      awaitAnswer(superuser, TEST_DATABASES, "app_test_1 app_test_2");
      awaitAnswer(superuser, CREATING, "0");
      server.stop();
      database.close();
      server.startAgain();
      awaitAnswer(superuser, TEST_DATABASES, "app_test_2");
    }
  }

  @Test
  void setsTheApplicationNameOfItsSessions() throws SQLException {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase()) {
      server.createDatabase().close();
      String others =
          "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
              + " AND pid <> pg_backend_pid() AND application_name <> 'pg-extension-testkit'";
      // the driver sets the name after login
      awaitAnswer(database.superuserDataSource(), others, "0");
      String kept =
          "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = 'postgres'"
              + " AND application_name = 'pg-extension-testkit'";
      awaitAnswer(database.superuserDataSource(), kept, "t");
    }
  }

  @Test
  void canBeClosedAgainAfterAFailure() throws IOException {
    ExtensionServer server = ExtensionServer.start("pg_hello");
    Path folder = folder(server);
    server.stop();
    // a directory in place of the file, which therefore contains no process ID
    Path obstacle = Files.createDirectory(folder.resolve("data").resolve("postmaster.pid"));
    assertThatThrownBy(server::close).isInstanceOf(UncheckedIOException.class);
    assertThat(folder).exists();
    Files.delete(obstacle);
    server.close();
    assertThat(folder).doesNotExist();
  }

  @Test
  void createsNoDatabaseAheadOfEmptyOnes() throws SQLException {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase empty = server.createEmptyDatabase();
        TestDatabase named = server.createDatabase("named")) {
      assertThat(named.name()).isEqualTo("named");
      assertThat(ask(empty.superuserDataSource(), TEST_DATABASES)).isEqualTo(empty.name());
    }
  }

  @Test
  void failsImmediatelyAfterClosing() {
    ExtensionServer server = ExtensionServer.start("pg_hello");
    TestDatabase database = server.createDatabase();
    server.kill();
    // a database that was created ahead of time may exist
    assertThatThrownBy(() -> List.of(server.createDatabase(), server.createDatabase()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("could not create a database: ");
    database.close();
    server.close();
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(server::createDatabase)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("could not create a database: ");
    }
  }

  @Test
  void dropsADatabaseInTheBackground() throws SQLException {
    ExtensionServer server = SERVER;
    try (TestDatabase other = server.createDatabase()) {
      TestDatabase database = server.createDatabase();
      database.close();
      awaitAnswer(
          other.dataSource(),
          "SELECT count(*) FROM pg_database WHERE datname = '" + database.name() + "'",
          "0");
      assertThatThrownBy(() -> database.dataSource().getConnection())
          .isInstanceOf(SQLException.class);
    }
  }

  @Test
  void dropsANamedDatabaseImmediately() {
    ExtensionServer server = SERVER;
    for (int i = 0; i < 2; i++) {
      try (TestDatabase database = server.createDatabase("again")) {
        assertThat(database.name()).isEqualTo("again");
      }
    }
  }

  @Test
  void dropsADatabaseThatIsInUse() throws SQLException {
    ExtensionServer server = SERVER;
    TestDatabase database = server.createDatabase();
    try (TestDatabase other = server.createDatabase();
        Connection connection = database.dataSource().getConnection()) {
      database.close();
      database.close();
      awaitAnswer(
          other.dataSource(),
          "SELECT count(*) FROM pg_database WHERE datname = '" + database.name() + "'",
          "0");
      assertThatThrownBy(() -> ask(connection, "SELECT 1")).isInstanceOf(SQLException.class);
    }
  }

  @Test
  void usesTheGivenDatabaseName() {
    ExtensionServer server = SERVER;
    try (TestDatabase database = server.createDatabase("My \"own\" & one")) {
      assertThat(database.jdbcUrl())
          .endsWith(
              "/My+%22own%22+%26+one?user=app&password="
                  + server.password()
                  + "&requireAuth=%21password");
      assertThatThrownBy(() -> server.createDatabase(database.name()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(database.name());
    }
  }

  @Test
  void keepsItsDataOverStopsAndKills() throws SQLException {
    try (ExtensionServer server = ExtensionServer.start("pg_hello")) {
      int port = server.port();
      TestDatabase database = server.createDatabase();
      try (Connection connection = database.dataSource().getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE kept AS SELECT pg_hello('Ada') AS greeting");
        server.stop();
        assertThat(server.isRunning()).isFalse();
        assertThatThrownBy(() -> ask(connection, "SELECT 1")).isInstanceOf(SQLException.class);
      }
      assertThatThrownBy(() -> database.dataSource().getConnection())
          .isInstanceOf(SQLException.class);
      server.startAgain();
      server.startAgain();
      assertThat(server.isRunning()).isTrue();
      assertThat(server.port()).isEqualTo(port);
      try (Connection connection = database.dataSource().getConnection();
          Statement statement = connection.createStatement()) {
        assertThat(ask(connection, "SELECT greeting FROM kept")).isEqualTo("Hello, Ada!");
        statement.execute("UPDATE kept SET greeting = pg_hello('Grace')");
        server.kill();
        assertThat(server.isRunning()).isFalse();
        assertThatThrownBy(() -> ask(connection, "SELECT 1")).isInstanceOf(SQLException.class);
      }
      server.startAgain();
      assertThat(ask(database.dataSource(), "SELECT greeting FROM kept"))
          .isEqualTo("Hello, Grace!");
    }
  }

  @Test
  void startsAgainAfterAnAttemptThatHasFailed() throws IOException {
    try (ExtensionServer server = ExtensionServer.start("pg_hello")) {
      server.stop();
      Path settings = folder(server).resolve("data").resolve("postgresql.auto.conf");
      String before = Files.readString(settings);
      Files.writeString(settings, "no_such_setting = 1\n");
      assertThatThrownBy(server::startAgain)
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageContaining("no_such_setting");
      Files.writeString(settings, before);
      server.startAgain();
      assertThat(server.isRunning()).isTrue();
    }
  }

  @Test
  void leavesNothingBehind() throws IOException {
    ExtensionServer server = ExtensionServer.start("pg_hello");
    Path folder = Objects.requireNonNull(server.logFile().getParent());
    assertThat(folder).exists();
    server.close();
    server.close();
    assertThat(folder).doesNotExist();
    assertThat(server.isRunning()).isFalse();
    assertThatThrownBy(server::startAgain)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void removesLeftoversOfAKilledJvm() throws Exception {
    Process jvm =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                System.getProperty("java.class.path"),
                Orphan.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String[] told = jvm.inputReader().readLine().split(" ", 2);
    ProcessHandle orphan = ProcessHandle.of(Long.parseLong(told[0])).orElseThrow();
    var folder = Path.of(told[1]);
    jvm.destroyForcibly().waitFor();
    assertThat(orphan.isAlive()).isTrue();
    try (ExtensionServer server = ExtensionServer.start("pg_hello")) {
      assertThat(server.isRunning()).isTrue();
      orphan.onExit().get(60, TimeUnit.SECONDS);
      // another JVM that starts a server may be removing it
      for (int i = 0; i < 600 && Files.exists(folder); i++) {
        Thread.sleep(100);
      }
      assertThat(folder).doesNotExist();
    }
  }

  /** A JVM that prints its server and waits to be killed. */
  static final class Orphan {
    private Orphan() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws Exception {
      ExtensionServer server = ExtensionServer.start("pg_hello");
      Path folder = Objects.requireNonNull(server.logFile().getParent());
      String pid = Files.readAllLines(folder.resolve("data").resolve("postmaster.pid")).get(0);
      System.out.println(pid + " " + folder);
      Thread.sleep(60_000);
    }
  }

  @Test
  void removesPartiallyRemovedDirectories() throws IOException {
    Path parent = Objects.requireNonNull(folder(SERVER).getParent());
    Path half = Files.createTempDirectory(parent, "pg-hello-");
    Files.writeString(half.resolve("server.log"), "");
    Files.setLastModifiedTime(half, FileTime.from(Instant.now().minus(Duration.ofMinutes(2))));
    ExtensionServer.start("pg_hello").close();
    assertThat(half).doesNotExist();
  }

  @Test
  void doesNotTouchOtherFiles(@TempDir Path precious) throws IOException {
    Files.writeString(precious.resolve("lock"), "");
    Files.writeString(precious.resolve("file"), "");
    Path parent = Objects.requireNonNull(folder(SERVER).getParent());
    Path link = parent.resolve("pg-hello-" + precious.getFileName());
    Files.createSymbolicLink(link, precious);
    try {
      ExtensionServer.start("pg_hello").close();
      assertThat(precious.resolve("file")).exists();
    } finally {
      Files.delete(link);
    }
  }

  private static Path folder(ExtensionServer server) {
    return Objects.requireNonNull(server.logFile().getParent());
  }

  @Test
  void rejectsLoginsWithoutThePassword() throws SQLException {
    try (TestDatabase database = SERVER.createDatabase()) {
      for (String user : List.of("app", "postgres")) {
        PGSimpleDataSource stranger = database.dataSource().unwrap(PGSimpleDataSource.class);
        stranger.setUser(user);
        stranger.setPassword("guess");
        assertThatThrownBy(stranger::getConnection)
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
      }
    }
  }

  @Test
  void keepsItsCacheToItself() throws IOException {
    Path data = folder(SERVER).resolve("data");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data)))
        .isEqualTo("rwx------");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(data.resolve("pg-hello-password"))))
        .isEqualTo("rw-------");
  }

  @Test
  void reportsThatThePortIsInUse() throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(
              () ->
                  ExtensionServer.builder()
                      .extension("pg_hello")
                      .port(taken.getLocalPort())
                      .start())
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageStartingWith("Port " + taken.getLocalPort() + " is taken");
    }
    assertThatThrownBy(() -> ExtensionServer.builder().extension("pg_hello").port(65536))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("between 0 and 65535");
  }

  /** If the library is preloaded, the extension's setting exists at the start of each session. */
  @Test
  void takesSettings() throws SQLException {
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension("pg_hello")
                .setting("session_preload_libraries", "pg_hello")
                .setting("application_name", "it's $HOME; \"quoted\"")
                .start();
        TestDatabase database = server.createDatabase();
        Connection connection = database.dataSource().getConnection()) {
      assertThat(reportedRepeat(connection)).isEqualTo("1");
      assertThat(ask(connection, "SHOW pg_hello.repeat")).isEqualTo("1");
      assertThat(
              ask(
                  database.superuserDataSource(),
                  "SELECT boot_val <> reset_val FROM pg_settings WHERE name = 'max_connections'"))
          .isEqualTo("t");
    }
  }

  /** The error comes from pg_ctl, and is not a timeout. */
  @Test
  void reportsAnInvalidSetting() {
    ExtensionServer.Builder builder =
        ExtensionServer.builder().extension("pg_hello").setting("no_such_setting", "1");
    assertThatThrownBy(builder::start)
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("pg_ctl ended with status 1. ")
        .hasMessageContaining("unrecognized configuration parameter \"no_such_setting\"");
  }

  private static @Nullable String reportedRepeat(Connection connection) throws SQLException {
    return connection.unwrap(PGConnection.class).getParameterStatus("pg_hello.repeat");
  }

  @Test
  void startsUnderATurkishLocale() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("tr-TR"));
    try (ExtensionServer server = ExtensionServer.start("pg_hello")) {
      assertThat(server.isRunning()).isTrue();
    } finally {
      Locale.setDefault(before);
    }
  }
}
