// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.CALL_TIMEOUT;
import static io.pghello.FaultsIT.assertFails;
import static io.pghello.FaultsIT.await;
import static io.pghello.FaultsIT.terminate;
import static io.pghello.PgHelloClientIT.ask;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.FaultsIT.Scene;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Shows which errors callers receive from a server that crashes, or that lacks memory, disk space
 * or the right library.
 */
@Tag("slow")
@Timeout(240)
class ServerFaultsIT {
  private static final Code[] WHILE_IT_IS_DOWN = {
    Code.CONNECTION_LOST, Code.CONNECTION_UNAVAILABLE, Code.TIMEOUT
  };

  /**
   * If the kernel kills one session, for example because memory has run out, the server ends all
   * sessions.
   */
  @Test
  void outlivesCrashesOfTheServer() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        var scene = new Scene(database.dataSource(), 8, builder -> {})) {
      Load load = Load.start(scene.client, 64, 64);
      for (int i = 0; i < 3; i++) {
        load.awaitAnswers(500);
        crash(server, database.superuserDataSource());
      }
      load.awaitAnswers(500);
      load.stop().assertOnly(CALL_TIMEOUT, WHILE_IT_IS_DOWN);
      scene.assertFullService();
    }
  }

  @Test
  void leavesNothingOfAnExtensionThatWasBeingCreated() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createEmptyDatabase();
        PgHelloClient client = PgHelloClient.create(database.dataSource())) {
      DataSource superuser = database.superuserDataSource();
      try (Connection connection = superuser.getConnection();
          Statement statement = connection.createStatement()) {
        connection.setAutoCommit(false);
        statement.execute("CREATE EXTENSION pg_hello");
        crash(server, connection);
      } catch (SQLException e) {
        // the connection is closed already
        assertThat(e.getSQLState()).startsWith("08");
      }
      awaitStart(superuser);
      assertFails(Code.NOT_CREATED, () -> client.hello("Ada"));
      assertThat(
              ask(
                  superuser,
                  "SELECT count(*) FROM pg_proc WHERE proname IN ('pg_hello', 'now_ms') OR probin ~"
                      + " 'pg_hello'"))
          .isEqualTo("0");
      execute(superuser, "CREATE EXTENSION pg_hello");
      crash(server, superuser);
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  /** Only the statement fails; its session remains usable. */
  @Test
  void reportsAServerOutOfMemory() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection connection = database.dataSource().getConnection();
        PgHelloClient client =
            PgHelloClient.builder()
                .dataSource(database.dataSource())
                .callTimeout(Duration.ofMinutes(1))
                .build()) {
      PgHelloOperations calls = client.withConnection(connection);
      String name = "x".repeat(8_000_000);
      assertThat(calls.hello(name, 10)).hasSize(10 * name.length() + 10 * 9 - 1);
      String pid = ask(connection, "SELECT pg_backend_pid()");
      long used = 1024L * Long.parseLong(field(pid, "VmSize"));
      assumeTrue(
          runs("prlimit", "--pid", pid, "--as=" + (used + 48_000_000L)), "there is no prlimit");
      FunctionCallException e = assertFails(Code.SERVER_ERROR, () -> calls.hello(name, 10));
      assertThat(e.sqlState()).hasValue("53200");
      assertThat(e).hasMessageContaining("out of memory").hasMessageNotContaining("xxx");
      assertThat(calls.hello("Ada")).isEqualTo("Hello, Ada!");
      assertThat(ask(connection, "SELECT pg_backend_pid()")).isEqualTo(pid);
    }
  }

  /** Writers receive an error. Calls are not affected, because they write nothing. */
  @Tag("long")
  @Test
  void greetsOnWhenNoRowCanBeWritten(@TempDir Path folder) throws Exception {
    try (var disk = new SmallDisk(folder, 16);
        ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        var scene = new Scene(database.dataSource(), 4, builder -> {})) {
      DataSource superuser = database.superuserDataSource();
      execute(superuser, "CREATE TABLESPACE small LOCATION '" + disk.folder + "'");
      try {
        execute(superuser, "CREATE TABLE others TABLESPACE small AS SELECT repeat('x', 5000)");
        createGuests(superuser, "TABLESPACE small");
        Load load = Load.start(scene.client, 32, 32);
        load.awaitAnswers(500);
        var written = new ArrayList<Integer>();
        assertThat(write(superuser, written)).isEqualTo("53100");
        load.awaitAnswers(500);
        load.stop().assertOnly(CALL_TIMEOUT);
        assertThat(load.failures()).isEmpty();
        assertGuests(superuser, written);
        disk.grow(64);
        int before = written.size();
        write(superuser, written, before + 100);
        assertThat(written).hasSize(before + 100);
        assertGuests(superuser, written);
      } finally {
        execute(superuser, "DROP TABLE guests, others");
        execute(superuser, "DROP TABLESPACE small");
      }
    }
  }

  /** The server stops when it cannot write its log. After it has restarted, no row is missing. */
  @Tag("long")
  @Test
  void losesNoRowWhenTheLogCannotBeWritten(@TempDir Path folder) throws Exception {
    try (var disk = new SmallDisk(folder, 80);
        ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase()) {
      server.stop();
      moveLog(server, disk.folder);
      server.startAgain();
      DataSource superuser = database.superuserDataSource();
      try (var scene = new Scene(database.dataSource(), 4, builder -> {})) {
        createGuests(superuser, "");
        Load load = Load.start(scene.client, 32, 32);
        load.awaitAnswers(500);
        var written = new ArrayList<Integer>();
        assertThat(write(superuser, written)).matches("08...|57P..|53100");
        load.awaitFailure(Code.CONNECTION_UNAVAILABLE);
        disk.grow(400);
        server.stop();
        server.startAgain();
        load.awaitAnswers(500);
        load.stop().assertOnly(CALL_TIMEOUT, WHILE_IT_IS_DOWN);
        scene.assertFullService();
        assertThat(written).isNotEmpty();
        assertGuests(superuser, written);
      }
    }
  }

  /**
   * The library is renamed into place, as installers do. Existing sessions keep the old library;
   * new sessions load the new one.
   */
  @Tag("long")
  @Test
  void outlivesAnUpdateWithAnotherLibraryUnderLoad(@TempDir Path folder) throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        var own = new OwnServer(server, database.superuserDataSource(), folder, Map.of());
        var scene = new Scene(database.dataSource(), 8, builder -> {})) {
      DataSource superuser = database.superuserDataSource();
      execute(superuser, "DROP EXTENSION pg_hello");
      execute(superuser, "CREATE EXTENSION pg_hello VERSION '1.0'");
      Load load = Load.start(scene.client, 64, 64);
      load.awaitFailure(Code.VERSION_TOO_OLD);
      own.install(Files.readAllBytes(own.library));
      execute(superuser, "ALTER EXTENSION pg_hello UPDATE");
      load.awaitAnswers(1_000);
      terminate(superuser);
      load.awaitAnswers(1_000);
      load.stop()
          .assertOnly(
              CALL_TIMEOUT, Code.VERSION_TOO_OLD, Code.CONNECTION_UNAVAILABLE, Code.TIMEOUT);
      scene.assertFullService();
    }
  }

  @Tag("long")
  @Test
  void reportsAnIncompatibleLibrary(@TempDir Path folder) throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        var own = new OwnServer(server, database.superuserDataSource(), folder, Map.of());
        var scene = new Scene(database.dataSource(), 2, builder -> {})) {
      DataSource superuser = database.superuserDataSource();
      byte[] right = Files.readAllBytes(own.library);
      own.install(libraryOf(server.major() == 15 ? 17 : 15));
      terminate(superuser);
      FunctionCallException e = failure(scene.client);
      assertThat(e.code()).isEqualTo(Code.SERVER_ERROR);
      assertThat(e).hasMessageMatching(".* incompatible library .*: version mismatch.*");
      own.install("no library".getBytes(StandardCharsets.US_ASCII));
      terminate(superuser);
      e = failure(scene.client);
      assertThat(e.code()).isEqualTo(Code.FILES_MISSING);
      assertThat(e).hasMessageContaining("the server cannot load the extension's library");
      own.install(right);
      scene.assertFullService();
    }
  }

  /** Only the results of {@code now_ms()} follow the clock. */
  @Test
  void answersOnWhenTheClockOfTheServerIsSet(@TempDir Path folder) throws Exception {
    Optional<Path> faketime = SetClockIT.library();
    assumeTrue(faketime.isPresent(), "there is no libfaketime");
    Path file = Files.writeString(folder.resolve("clock"), "+0");
    Map<String, String> environment =
        Map.of(
            "LD_PRELOAD",
            faketime.get().toString(),
            "FAKETIME_TIMESTAMP_FILE",
            file.toString(),
            "FAKETIME_NO_CACHE",
            "1",
            "FAKETIME_DONT_FAKE_MONOTONIC",
            "1");
    Path tree = Files.createDirectory(folder.resolve("server"));
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        var own = new OwnServer(server, database.superuserDataSource(), tree, environment);
        var scene = new Scene(database.dataSource(), 4, builder -> {})) {
      Load load = Load.start(scene.client, 16, 16);
      for (int i = 0; i < 20; i++) {
        load.awaitAnswers(200);
        long seconds = i % 2 == 0 ? -3_600 : 3_600;
        Path next = Files.writeString(folder.resolve("next"), "%+d".formatted(seconds));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        await("now_ms() follows", () -> Math.abs(ahead(scene.client) - seconds * 1_000) < 600_000);
      }
      load.awaitAnswers(200);
      load.stop().assertOnly(CALL_TIMEOUT);
      assertThat(own.library).exists();
    }
  }

  private static long ahead(PgHelloClient client) {
    return client.nowMillis() - System.currentTimeMillis();
  }

  private static byte[] libraryOf(int major) throws IOException {
    String platform = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
    String name = "/io/pghello/extension/linux-" + platform + "/" + major + "/pg_hello.so";
    try (InputStream in = ServerFaultsIT.class.getResourceAsStream(name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }

  /** Returns the error of a call that has reached the server. */
  private static FunctionCallException failure(PgHelloClient client) {
    while (true) {
      try {
        client.hello("Ada", 2);
        throw new AssertionError("the call succeeds");
      } catch (FunctionCallException e) {
        if (!List.of(WHILE_IT_IS_DOWN).contains(e.code())) {
          return e;
        }
      }
    }
  }

  private static void createGuests(DataSource superuser, String where) throws SQLException {
    execute(
        superuser,
        "CREATE TABLE guests (id int, name text, greeting text GENERATED ALWAYS AS"
            + " (pg_hello(name, 2)) STORED) "
            + where);
  }

  /** Writes rows until a write fails, and returns the SQLSTATE. */
  private static String write(DataSource superuser, List<Integer> written) {
    return write(superuser, written, Integer.MAX_VALUE);
  }

  private static String write(DataSource superuser, List<Integer> written, int limit) {
    byte[] random = new byte[2_000];
    try (Connection connection = superuser.getConnection();
        PreparedStatement insert =
            connection.prepareStatement("INSERT INTO guests VALUES (?, encode(?, 'hex'))")) {
      while (written.size() < limit) {
        ThreadLocalRandom.current().nextBytes(random);
        insert.setInt(1, written.size());
        insert.setBytes(2, random);
        insert.executeUpdate();
        written.add(written.size());
      }
      return "";
    } catch (SQLException e) {
      return e.getSQLState();
    }
  }

  private static void assertGuests(DataSource superuser, List<Integer> written)
      throws SQLException {
    assertThat(
            ask(
                superuser,
                "SELECT count(DISTINCT id) FROM guests WHERE id < "
                    + written.size()
                    + " AND greeting = format('Hello, %s! Hello, %1$s!', name)"))
        .isEqualTo(Integer.toString(written.size()));
  }

  /** Kills its own session, and waits until the server has restarted. */
  private static void crash(ExtensionServer server, DataSource superuser) throws Exception {
    try (Connection connection = superuser.getConnection()) {
      crash(server, connection);
    }
    awaitStart(superuser);
  }

  private static void crash(ExtensionServer server, Connection connection) throws Exception {
    long before = crashes(server);
    long pid = Long.parseLong(ask(connection, "SELECT pg_backend_pid()"));
    assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();
    await("the server recovers", () -> crashes(server) > before);
  }

  private static long crashes(ExtensionServer server) {
    try (Stream<String> lines = Files.lines(server.logFile())) {
      return lines.filter(line -> line.contains("terminated; reinitializing")).count();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void awaitStart(DataSource superuser) throws SQLException {
    await(
        "the server answers",
        () -> {
          try {
            return ask(superuser, "SELECT 1").equals("1");
          } catch (SQLException e) {
            assertThat(e.getSQLState()).matches("08...|57P..");
            return false;
          }
        });
  }

  private static String field(String pid, String name) throws IOException {
    return Files.readAllLines(Path.of("/proc", pid, "status")).stream()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.replaceAll("\\D", ""))
        .findFirst()
        .orElseThrow();
  }

  private static boolean runs(String... command) {
    try {
      return new ProcessBuilder(command).inheritIO().start().onExit().join().exitValue() == 0;
    } catch (IOException e) {
      // the program does not exist
      return false;
    }
  }

  private static void moveLog(ExtensionServer server, Path folder) throws IOException {
    Path log = data(server).resolve("pg_wal");
    copy(log, folder);
    try (Stream<Path> files = Files.walk(log)) {
      for (Path file : files.sorted((one, other) -> other.compareTo(one)).toList()) {
        Files.delete(file);
      }
    }
    Files.createSymbolicLink(log, folder);
  }

  private static Path data(ExtensionServer server) {
    return Objects.requireNonNull(server.logFile().getParent()).resolve("data");
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from, FileVisitOption.FOLLOW_LINKS)) {
      for (Path file : files.toList()) {
        Path copied = to.resolve(from.relativize(file).toString());
        if (!Files.isDirectory(copied)) {
          Files.copy(file, copied, StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
  }

  private static boolean isRoot() {
    return System.getProperty("user.name").equals("root");
  }

  /** A file system in memory. */
  private static final class SmallDisk implements AutoCloseable {
    final Path folder;

    SmallDisk(Path parent, int megabytes) throws IOException {
      folder = Files.createDirectory(parent.resolve("disk"));
      assumeTrue(
          isRoot() && runs("mount", "-t", "tmpfs", "-o", size(megabytes), "tmpfs", path()),
          "no file system can be mounted");
    }

    private String path() {
      return folder.toString();
    }

    private static String size(int megabytes) {
      return "size=" + megabytes + "m,mode=700";
    }

    void grow(int megabytes) {
      assertThat(runs("mount", "-o", "remount," + size(megabytes), path())).isTrue();
    }

    @Override
    public void close() {
      assertThat(runs("umount", "-l", path())).isTrue();
    }
  }

  /**
   * A server with its own copy of the program files, on the port and the data directory of another
   * server.
   */
  private static final class OwnServer implements AutoCloseable {
    private final List<String> control = new ArrayList<>();
    final Path library;

    OwnServer(
        ExtensionServer server, DataSource superuser, Path folder, Map<String, String> environment)
        throws IOException, SQLException {
      String setting = "SELECT setting FROM pg_config() WHERE name = ";
      Path programs = Path.of(ask(superuser, setting + "'BINDIR'"));
      Path tree = Objects.requireNonNull(programs.getParent());
      Path libraries = Path.of(ask(superuser, setting + "'PKGLIBDIR'"));
      server.stop();
      copy(tree, folder);
      library = folder.resolve(tree.relativize(libraries)).resolve("pg_hello.so");
      if (isRoot()) {
        // PostgreSQL refuses to run as root
        control.addAll(List.of("unshare", "-U"));
      }
      control.add("env");
      environment.forEach((name, value) -> control.add(name + "=" + value));
      control.add(folder.resolve("bin/pg_ctl").toString());
      control.addAll(List.of("-D", data(server).toString(), "-w"));
      String options =
          "-p " + server.port() + " -c unix_socket_directories= -c fsync=off -c max_connections=90";
      run("-l", server.logFile().toString(), "-o", options, "start");
    }

    private void run(String... arguments) {
      var command = new ArrayList<>(control);
      command.addAll(List.of(arguments));
      assertThat(runs(command.toArray(new String[0]))).isTrue();
    }

    /** Replaces the library while sessions still have the old one mapped. */
    void install(byte[] bytes) throws IOException {
      Path file = library.resolveSibling("pg_hello.so.new");
      Files.write(file, bytes);
      Files.move(file, library, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() {
      run("-m", "fast", "stop");
    }
  }
}
