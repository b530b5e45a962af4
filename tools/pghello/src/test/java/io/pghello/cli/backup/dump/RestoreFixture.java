// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.cli.Run;
import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.TargetResolver;
import io.pghello.cli.output.Failure;
import io.pghello.cli.system.Programs;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A server with extensions that create schemas and configuration tables. Its databases are restored
 * by {@code pghello} and, for comparison, by {@code pg_restore} directly.
 */
final class RestoreFixture implements AutoCloseable {
  private static final Path EXTENSIONS = Path.of("src/test/resources/installed");

  private final ExtensionServer server =
      ExtensionServer.builder()
          .extension(NativeExtension.fromClassPath("pg_hello").withoutCreate())
          .extension(NativeExtension.fromInstall(EXTENSIONS, "own_schema").withoutCreate())
          .extension(NativeExtension.fromInstall(EXTENSIONS, "own_config").withoutCreate())
          .extension(NativeExtension.fromInstall(EXTENSIONS, "a_settings").withoutCreate())
          .start();
  private final TestDatabase maintenance = server.createEmptyDatabase("maintenance");

  /** Returns whether this machine has the programs that verify backups of the server. */
  boolean hasServer() {
    return has(() -> Programs.ofServer(server.major(), null));
  }

  private static boolean has(Runnable programs) {
    try {
      programs.run();
      return true;
    } catch (Failure e) {
      return false;
    }
  }

  int major() {
    return server.major();
  }

  Path logFile() {
    return server.logFile();
  }

  /** Logs in as the superuser. */
  Connection connect(String database) throws SQLException {
    return connect(database, "postgres", server.password());
  }

  Connection connect(String database, String role, String password) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:%d/%s"
            .formatted(server.port(), URLEncoder.encode(database, StandardCharsets.UTF_8)),
        role,
        password);
  }

  void execute(String database, String... statements) throws SQLException {
    try (Connection connection = connect(database)) {
      Run.execute(connection, statements);
    }
  }

  /** Drops databases and roles of other tests. */
  void dropAll() throws SQLException {
    for (String database :
        values(
            "SELECT datname FROM pg_database WHERE oid > 16383 AND NOT datistemplate AND datname <> 'maintenance'")) {
      drop(database);
    }
    for (String role :
        values(
            "SELECT quote_ident(rolname) FROM pg_roles WHERE oid > 16383 AND rolname <> 'app'")) {
      execute("maintenance", "DROP ROLE " + role);
    }
  }

  /** Drops a database, with its subscriptions. */
  void drop(String database) throws SQLException {
    for (String subscription :
        values(
            "SELECT quote_ident(subname) FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = ?",
            database)) {
      execute(
          database,
          "ALTER SUBSCRIPTION %s SET (slot_name = NONE)".formatted(subscription),
          "DROP SUBSCRIPTION " + subscription);
    }
    execute("maintenance", "DROP DATABASE \"%s\" WITH (FORCE)".formatted(database));
  }

  private List<String> values(String sql, String... parameters) throws SQLException {
    try (Connection connection = connect("maintenance")) {
      return Query.values(connection, sql, parameters);
    }
  }

  @Nullable String value(String database, String sql) throws SQLException {
    try (Connection connection = connect(database)) {
      return Run.value(connection, sql);
    }
  }

  /** Returns a value in a session whose login fires no event triggers. */
  @Nullable String valueWithoutEventTriggers(String database, String sql) throws SQLException {
    Map<String, String> environment = new HashMap<>(environment());
    environment.put("PGDATABASE", database);
    try (Connection connection =
        TargetResolver.find(Map.of(), Map.of(), environment::get, "nobody", 60)
            .withoutEventTriggers(server.major())
            .connect()) {
      return Run.value(connection, sql);
    }
  }

  Run pghello(String... arguments) {
    return Run.pghello(environment(), arguments);
  }

  /** Backs up a database, and returns the backup. */
  Path backup(Path folder, String database) throws IOException {
    program("pg_dump");
    Run backup = pghello("backup", "--to", folder.toString(), database);
    assertThat(backup.status()).as(backup.err()).isZero();
    try (Stream<Path> made = Files.list(folder)) {
      return made.filter(path -> path.getFileName().toString().startsWith("2"))
          .max(Path::compareTo)
          .orElseThrow();
    }
  }

  /** Restores a database with pg_restore, without pghello. */
  Run plain(Path backup, String database, String... options) throws IOException {
    var command =
        new ArrayList<>(List.of(program("pg_restore"), "--exit-on-error", "--no-password"));
    command.addAll(List.of(options));
    command.add(Backup.dump(backup, database).toString());
    return Run.start(environment(), command).end();
  }

  /** Verifies a backup, with the files of its extensions. */
  Run verify(Path folder, Path backup, String... arguments) throws IOException {
    Path files = Files.createDirectories(backup.resolve(Backup.FILES));
    try (Stream<Path> scripts = Files.list(EXTENSIONS.resolve("share/extension"))) {
      for (Path script : scripts.toList()) {
        Files.copy(script, files.resolve(script.getFileName()));
      }
    }
    Files.delete(backup.resolve(Backup.SUMS));
    Backup.seal(backup);
    var all = new ArrayList<>(List.of("verify", "--trust-owners", "--from", folder.toString()));
    all.addAll(List.of(arguments));
    return Run.pghello(Map.of(), all.toArray(String[]::new));
  }

  /** Returns pg_dump's output for a database: catalogs, privileges and rows. */
  String dump(String database, String... options) {
    var command = new ArrayList<>(List.of(program("pg_dump"), "--no-password"));
    command.addAll(List.of(options));
    command.add(database);
    Run run = Run.start(environment(), command).end();
    assertThat(run.status()).as(run.err()).isZero();
    return run.out().replaceAll("(?m)^.(un)?restrict .*$", "");
  }

  /** Skips the test if this machine cannot dump databases of the server. */
  private String program(String name) {
    assumeTrue(has(() -> Programs.forServer(server.major(), null)), "no programs of this version");
    return Programs.forServer(server.major(), null).path(name);
  }

  private Map<String, String> environment() {
    return new HashMap<>(
        Map.of(
            "PGHOST", "127.0.0.1",
            "PGPORT", String.valueOf(server.port()),
            "PGUSER", "postgres",
            "PGDATABASE", maintenance.name(),
            "PGPASSWORD", server.password()));
  }

  @Override
  public void close() {
    server.close();
  }
}
