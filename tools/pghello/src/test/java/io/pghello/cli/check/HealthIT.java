// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The program in a separate process, with real servers. */
@PgHelloTest
class HealthIT {
  // A busy machine must not cause warnings.
  private static final String[] PATIENT = {"--warning", "20000", "--critical", "20000"};

  @TempDir private Path folder;

  @Test
  void reportsHealthyServer(ExtensionServer server, TestDatabase database) {
    Run run = health(Run.environment(server, database), PATIENT);
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).as(run.out()).isZero();
    List<String> lines = run.out().lines().toList();
    assertThat(lines.get(0))
        .matches(
            "OK - "
                + database.name()
                + " at 127\\.0\\.0\\.1:[0-9]+: pg_hello answers in [0-9.]+ ms \\(median of 11 calls\\)"
                + " \\| time=[0-9.]+ms;20000;20000");
    assertThat(lines.subList(1, lines.size()))
        .allSatisfy(line -> assertThat(line).startsWith("ok "))
        .anySatisfy(line -> assertThat(line).contains("PostgreSQL " + server.major()))
        .anySatisfy(
            line ->
                assertThat(line)
                    .matches(
                        "ok +files +pg_hello.control, and scripts for 1.0, .*\\b"
                            + Pattern.quote(NativeExtension.fromClassPath("pg_hello").version())))
        .anySatisfy(line -> assertThat(line).contains("pg_hello_all(text[], integer[])"))
        .anySatisfy(line -> assertThat(line).contains("pg_hello.repeat is 1"));
    assertThat(lines)
        .filteredOn(line -> line.matches("ok +function .*"))
        .hasSameSizeAs(Health.CALLS_BY_FUNCTION.keySet());
  }

  /** The owner of a database can set these for all sessions. */
  @Test
  void ignoresDatabaseSettings(ExtensionServer server, TestDatabase database, Connection owner)
      throws Exception {
    for (String setting : List.of("quote_all_identifiers = on", "array_nulls = off")) {
      Run.execute(owner, "ALTER DATABASE " + database.name() + " SET " + setting);
    }
    Run run = health(Run.environment(server, database), PATIENT);
    assertThat(run.status()).as(run.out()).isZero();
  }

  @Test
  void reportsMissingFunction(
      ExtensionServer server, TestDatabase database, @Superuser Connection admin)
      throws SQLException {
    Run.execute(admin, "ALTER EXTENSION pg_hello DROP FUNCTION pg_hello(text)");
    Run run = health(Run.environment(server, database), PATIENT);
    assertThat(run.status()).as(run.out()).isEqualTo(2);
    assertThat(run.out()).contains("the extension has no function pg_hello(text)");
  }

  /**
   * A role that can create functions in a schema of the path could have them run by the checking
   * role.
   */
  @Test
  void doesNotCallUntrustedFunctions(
      ExtensionServer server, TestDatabase database, @Superuser Connection admin)
      throws SQLException {
    Run.execute(
        admin,
        "CREATE FUNCTION public.quote_ident(name) RETURNS text LANGUAGE plpgsql AS"
            + " 'BEGIN RAISE EXCEPTION ''called''; END'",
        "CREATE FUNCTION public.pg_hello(varchar) RETURNS text LANGUAGE plpgsql AS"
            + " 'BEGIN RAISE EXCEPTION ''called''; END'",
        "CREATE FUNCTION public.pg_hello(varchar, integer) RETURNS text LANGUAGE plpgsql AS"
            + " 'BEGIN RAISE EXCEPTION ''called''; END'",
        "CREATE FUNCTION public.pg_hello_all(text, text) RETURNS text[] LANGUAGE plpgsql AS"
            + " 'BEGIN RAISE EXCEPTION ''called''; END'");
    Run run = health(Run.environment(server, database), PATIENT);
    assertThat(run.status()).as(run.out()).isZero();
    Run load =
        Run.pghello(
            Run.environment(server, database),
            "load",
            "--rate",
            "100",
            "--time",
            "1s",
            "--late",
            "1m");
    assertThat(load.status()).as(load.out() + load.err()).isZero();
  }

  @Test
  void missingPasswordIsUnknownStatus(ExtensionServer server, TestDatabase database) {
    Map<String, String> environment = Run.environment(server, database);
    environment.remove("PGPASSWORD");
    environment.put("PGPASSFILE", folder.resolve("none").toString());
    Run run = health(environment, PATIENT);
    assertThat(run.status()).as(run.out()).isEqualTo(3);
    assertThat(run.out()).contains("check the role, and its password");
  }

  @Test
  void printsJson(ExtensionServer server, TestDatabase database, Connection connection)
      throws SQLException {
    Run run =
        health(
            Run.environment(server, database),
            "--json",
            "--warning",
            "20000",
            "--critical",
            "20000");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(Run.json(connection, run.out(), "$.status")).isEqualTo("ok");
    assertThat(Run.json(connection, run.out(), "$.findings[*] ? (@.check == \"extension\").text"))
        .isEqualTo("pg_hello " + NativeExtension.fromClassPath("pg_hello").version());
    assertThat(Double.parseDouble(Run.json(connection, run.out(), "$.milliseconds"))).isPositive();
  }

  @Test
  void readsPasswordFromFileOrService(ExtensionServer server, TestDatabase database)
      throws Exception {
    Map<String, String> environment = Run.environment(server, database);
    environment.remove("PGPASSWORD");
    String line = "127.0.0.1:%s:*:app:%s%n".formatted(server.port(), server.password());
    Path file = Files.writeString(folder.resolve("pgpass"), line);
    file.toFile().setReadable(false, false);
    file.toFile().setReadable(true, true);
    environment.put("PGPASSFILE", file.toString());
    assertThat(health(environment, PATIENT).status()).isZero();
    environment.put("PGHOST", "127.0.0.1,127.0.0.1");
    environment.put("PGPORT", "1," + server.port());
    for (String other : List.of("", "127.0.0.1:1:*:app:other\n")) {
      Files.writeString(file, other + line);
      Run second = health(environment, PATIENT);
      assertThat(second.status()).as("the second of two hosts: " + second.out()).isZero();
    }

    Path services =
        Files.writeString(
            folder.resolve("services"),
            """
            [app]
            host=127.0.0.1
            port=%s
            user=app
            dbname=%s
            password=%s
            """
                .formatted(String.valueOf(server.port()), database.name(), server.password()));
    Map<String, String> service = Map.of("PGSERVICE", "app", "PGSERVICEFILE", services.toString());
    assertThat(health(service, PATIENT).status()).isZero();
    Run unknown = health(service, "--service", "unheard-of");
    assertThat(unknown.status()).isEqualTo(3);
    assertThat(unknown.err()).contains("service unheard-of is not defined");
  }

  /** libpq, and therefore pg_dump, reads and ignores the same files. */
  @Test
  void readsPrivatePasswordFileInHome(ExtensionServer server, TestDatabase database)
      throws Exception {
    Map<String, String> environment = Run.environment(server, database);
    environment.remove("PGPASSWORD");
    environment.put("HOME", folder.toString());
    Path file = Files.writeString(folder.resolve(".pgpass"), "*:*:*:*:" + server.password());
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    Run run = health(environment, PATIENT);
    assertThat(run.status()).as(run.out()).isZero();
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Run ignored = health(environment, PATIENT);
    assertThat(ignored.status()).as(ignored.out()).isEqualTo(3);
    assertThat(ignored.err())
        .isEqualToIgnoringNewLines(
            "pghello: ignored the password file %s, which other users can access: run chmod 600"
                .formatted(file));
  }

  @Test
  void rejectedLoginIsUnknownStatus(ExtensionServer server, TestDatabase database) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGPASSWORD", "wrong");
    Run run = health(environment);
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.out())
        .startsWith("UNKNOWN - ")
        .contains("password authentication failed", "SQLSTATE 28P01")
        .doesNotContain("wrong", server.password());
    environment.put("PGPASSWORD", server.password());
    assertThat(health(environment, "-d", "unheard-of").status()).isEqualTo(3);
  }

  @Test
  void isCriticalIfServerIsDown(ExtensionServer server, TestDatabase database) throws Exception {
    int port;
    try (var socket = new java.net.ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    Run run = health(Run.environment(server, database), "-p", String.valueOf(port));
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out())
        .startsWith("CRITICAL - ")
        .contains("SQLSTATE 08001")
        .doesNotContain("PGSSLMODE");
    Run socket = Run.pghello(Map.of("PGHOST", "/no such folder"), "report", "compliance");
    assertThat(socket.err()).contains("failed: /no such folder/.s.PGSQL.5432: ").hasLineCount(1);
  }

  @Test
  void reportsMissingExtension(ExtensionServer server, TestDatabase database, Connection owner)
      throws SQLException {
    Run.execute(owner, "DROP EXTENSION pg_hello");
    Run run = health(Run.environment(server, database));
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out())
        .startsWith("CRITICAL - ")
        .contains("pg_hello does not exist in this database", "CREATE EXTENSION pg_hello");
  }

  @Test
  void warnsAboutOldVersion(ExtensionServer server, TestDatabase database, Connection owner)
      throws SQLException {
    Run.execute(owner, "DROP EXTENSION pg_hello", "CREATE EXTENSION pg_hello VERSION '1.0'");
    Run run = health(Run.environment(server, database), PATIENT);
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out())
        .startsWith("WARNING - ")
        .contains(
            "pg_hello 1.0, but the installed files are of version "
                + NativeExtension.fromClassPath("pg_hello").version(),
            "ALTER EXTENSION pg_hello UPDATE");
  }

  @Test
  void reportsMissingPrivileges(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run.execute(superuser, "REVOKE EXECUTE ON FUNCTION now_ms() FROM PUBLIC");
    Run run = health(Run.environment(server, database), PATIENT);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out())
        .contains("role app may not execute now_ms()")
        .contains("GRANT EXECUTE ON FUNCTION public.now_ms() TO app");
    Run.execute(
        superuser, "CREATE SCHEMA \"A \"\"b\"", "ALTER EXTENSION pg_hello SET SCHEMA \"A \"\"b\"");
    run = health(Run.environment(server, database), PATIENT);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out()).contains("GRANT USAGE ON SCHEMA \"A \"\"b\" TO app");
    Run.execute(
        superuser,
        "GRANT USAGE ON SCHEMA \"A \"\"b\" TO app",
        "GRANT EXECUTE ON FUNCTION \"A \"\"b\".now_ms() TO app");
    assertThat(health(Run.environment(server, database), PATIENT).status()).isZero();
  }

  @Test
  void reportsWrongResult(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run.execute(
        superuser,
        "CREATE OR REPLACE FUNCTION pg_hello(name text, repeat integer) RETURNS text"
            + " LANGUAGE c IMMUTABLE STRICT AS '$libdir/pg_hello', 'pg_hello'",
        "UPDATE pg_proc SET prosrc = 'gone' WHERE proname = 'now_ms'");
    Run run = health(Run.environment(server, database), PATIENT);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out())
        .contains("pg_hello(text, integer) returns a wrong result")
        .contains("now_ms(): ERROR: could not find function \"gone\"", "(SQLSTATE 42883)")
        .contains("the library is older than the extension");
  }

  @Test
  void comparesDurationWithLimits(ExtensionServer server, TestDatabase database, WireProxy proxy) {
    proxy.delay(Duration.ofMillis(30));
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGPORT", String.valueOf(proxy.port()));
    assertThat(health(environment, "--warning", "10", "--critical", "20000").status()).isEqualTo(1);
    assertThat(health(environment, "--warning", "1", "--critical", "10").status()).isEqualTo(2);
    assertThat(health(environment, PATIENT).status()).isZero();
  }

  @Test
  void timesOutIfServerStalls(ExtensionServer server, TestDatabase database, WireProxy proxy) {
    proxy.pause();
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGPORT", String.valueOf(proxy.port()));
    Run run = health(environment, "--timeout", "1");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out()).startsWith("CRITICAL - ");
  }

  @Test
  void isCriticalIfConnectionIsLost(ExtensionServer server, TestDatabase database, WireProxy proxy)
      throws Exception {
    proxy.delay(Duration.ofSeconds(1));
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGPORT", String.valueOf(proxy.port()));
    CompletableFuture<Run> run = CompletableFuture.supplyAsync(() -> health(environment, PATIENT));
    long connections = proxy.connections();
    while (proxy.connections() == connections && !run.isDone()) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
    long roundTrips = proxy.roundTrips();
    while (proxy.roundTrips() < roundTrips + 2 && !run.isDone()) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
    proxy.resetConnections();
    assertThat(run.get(60, TimeUnit.SECONDS).status()).isEqualTo(2);
    assertThat(run.get().out()).contains("SQLSTATE 08");
  }

  /** The next client would get a session with this program's search_path. */
  @Test
  void doesNotChangeSessionsOfPoolers(ExtensionServer server, TestDatabase database)
      throws Exception {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGSSLMODE", "disable");
    try (var pooler =
        new ServerSocket(0, 50, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
      environment.put("PGPORT", String.valueOf(pooler.getLocalPort()));
      var thread = new Thread(() -> handOn(pooler, server.port()), "pooler");
      thread.setDaemon(true);
      thread.start();
      Run run = health(environment, PATIENT);
      assertThat(run.status()).as(run.out()).isEqualTo(3);
      assertThat(run.err()).contains("a pooler").hasLineCount(1);
    }
  }

  /** Forwards a connection, but reports another process id to the client, like a pooler. */
  private static void handOn(ServerSocket pooler, int port) {
    try (Socket client = pooler.accept();
        var server = new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port)) {
      var requests = new Thread(() -> passOn(client, server), "pooler-requests");
      requests.setDaemon(true);
      requests.start();
      var in = new DataInputStream(server.getInputStream());
      var out = new DataOutputStream(client.getOutputStream());
      for (int type = in.read(); type >= 0; type = in.read()) {
        byte[] message = in.readNBytes(in.readInt() - Integer.BYTES);
        if (type == 'K') {
          ByteBuffer.wrap(message).putInt(1);
        }
        out.writeByte(type);
        out.writeInt(message.length + Integer.BYTES);
        out.write(message);
        out.flush();
      }
    } catch (IOException e) {
      // The program exits and closes its connection.
    }
  }

  private static void passOn(Socket client, Socket server) {
    try {
      client.getInputStream().transferTo(server.getOutputStream());
      server.shutdownOutput();
    } catch (IOException e) {
      // The program exits and closes its connection.
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "unheard-of",
        "health --unheard-of",
        "health surplus",
        "health -p 0",
        "health --timeout 0",
        "health --warning 0",
        "health --warning 20 --critical 10",
        "health --critical Infinity",
        "health --warning x",
        "health --password secret"
      })
  void rejectsInvalidCommandLine(String arguments) {
    Run run = Run.pghello(Map.of(), arguments.isEmpty() ? new String[0] : arguments.split(" "));
    assertThat(run.status()).as(run.out()).isEqualTo(3);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("pghello").doesNotContain("\tat ").hasLineCount(1);
  }

  @Test
  void explainsRejectedLogins(ExtensionServer server, TestDatabase database) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGSSLMODE", "require");
    Run run = health(environment);
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.out())
        .contains("set PGSSLMODE to the required encryption")
        .doesNotContain("check the role");
    assertThat(run.err()).isEmpty();
    assertThat(
            Health.remedyOf(
                new SQLException(
                    "ERROR: could not load library \"/lib/pg_hello.so\": libx.so.1: cannot open shared object file: No such file or directory",
                    "58P01")))
        .contains("ldd");
    assertThat(
            Health.remedyOf(
                new SQLException(
                    "ERROR: could not access file \"$libdir/pg_hello\": No such file or directory",
                    "58P01")))
        .contains("make install");
  }

  /** Output that cannot be written is an error. */
  @Test
  void failsIfOutputCannotBeWritten() {
    List<String> command =
        List.of(
            "sh",
            "-c",
            "exec \"$@\" >/dev/full",
            "sh",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            "io.pghello.cli.Pghello",
            "--help");
    Run run = Run.start(Map.of(), command).end();
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err())
        .isEqualTo("pghello: cannot write to standard output" + System.lineSeparator());
  }

  @Test
  void shows() {
    Run help = Run.pghello(Map.of(), "help", "backup");
    assertThat(help.status()).isZero();
    assertThat(help.out()).startsWith("Usage: pghello backup");
    assertThat(Run.pghello(Map.of(), "help").out()).startsWith("Usage: pghello ");
    Run run = Run.pghello(Map.of(), "health", "--help");
    assertThat(run.status()).isZero();
    assertThat(run.out()).contains("Example:", "pghello health -h db.example.com", "$PGHOST");
    assertThat(Run.pghello(Map.of(), "--help").out()).contains("Exit status:", "health");
    assertThat(Run.pghello(Map.of(), "--version").out()).startsWith("pghello ");
  }

  private static Run health(Map<String, String> environment, String... options) {
    var arguments = new ArrayList<>(List.of("health"));
    arguments.addAll(List.of(options));
    return Run.pghello(environment, arguments.toArray(String[]::new));
  }
}
