// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import io.pghello.cli.backup.folder.Backup;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.system.Programs;
import io.pghello.cli.system.Undo;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Restores databases of a backup, each under a passing name that it keeps until all of it is there.
 * Not thread-safe.
 */
public final class Restoration {
  private static final Pattern OF_DATABASE =
      Pattern.compile(
          "[0-9]+; [0-9]+ [0-9]+ (DATABASE -|DATABASE PROPERTIES -|(ACL|COMMENT|SECURITY LABEL) - DATABASE) .*");

  /** Has all be in the database's default tablespace. */
  public static final String NO_TABLESPACES = "--no-tablespaces";

  private static final String HAS_LITTLE_MEMORY =
      "SELECT setting::int < 262144 FROM pg_settings WHERE name = ?";

  private final Programs programs;
  private final Target maintenance;
  private final int jobs;
  private final List<String> options;
  private final Runnable check;
  private final Undo undo;

  /**
   * @param maintenance a database that is not restored
   * @param jobs how many tables and indexes are restored at once
   * @param options of pg_restore, as {@link #NO_TABLESPACES}
   * @param check what must succeed before a database gets its name
   */
  public Restoration(
      Programs programs,
      Target maintenance,
      int jobs,
      List<String> options,
      Runnable check,
      Undo undo) {
    this.programs = programs;
    this.maintenance = maintenance;
    this.jobs = jobs;
    this.options = options;
    this.check = check;
    this.undo = undo;
  }

  /**
   * A database that has been restored.
   *
   * @param before what the database that had the name before is called now; null if there was none
   * @param extensionVersion of the extension in it, which the server's files decide; null if it has
   *     none
   */
  public record Restored(@Nullable String before, @Nullable String extensionVersion) {}

  /**
   * Restores a database.
   *
   * @param name what it is called then, which is its own name or that of a copy
   */
  public Restored restore(Backup backup, String database, String name)
      throws SQLException, IOException {
    Path dump = backup.dump(database);
    List<String> script = script(dump);
    String passing = "pghello_restore_" + UUID.randomUUID().toString().substring(0, 8);
    Undo.Step drop = () -> takeBack("DROP DATABASE IF EXISTS %s WITH (FORCE)".formatted(passing));
    // not for longer, as it would be idle while the restore takes hours
    try (Connection session = maintenance.connectForLong()) {
      String create = createStatement(session, script, database, passing);
      var statements = new ArrayList<>(List.of(create));
      statements.add("REVOKE CONNECT, TEMPORARY ON DATABASE %s FROM PUBLIC".formatted(passing));
      if (ask(session, HAS_LITTLE_MEMORY, "maintenance_work_mem").equals("t")) {
        // for indexes; by the database, so that options and settings of the role come before it
        statements.add("ALTER DATABASE %s SET maintenance_work_mem = '256MB'".formatted(passing));
      }
      undo.begin(() -> execute(session, statements), drop);
    }

    var command =
        new ArrayList<>(
            List.of(
                programs.path("pg_restore"),
                "--exit-on-error",
                "--no-password",
                "--jobs=" + jobs,
                "--dbname=" + Target.conninfo(passing)));
    command.addAll(options);
    command.add(dump.toString());
    undo.run(command, maintenance.environment(), Redirect.DISCARD);

    String version;
    try (Connection connection = maintenance.in(passing).connect()) {
      version = ServerDatabases.extensionVersion(connection);
    }
    check.run();
    try (Connection session = maintenance.connectForLong()) {
      String before =
          giveName(
              session,
              drop,
              passing,
              name,
              name.equals(database)
                  ? properties(script, quoted(session, database))
                  : List.of(
                      "COMMENT ON DATABASE %s IS 'copy of backup %s'"
                          .formatted(quoted(session, name), backup.name())));
      return new Restored(before, version);
    }
  }

  /** Does all at once, so that nobody comes in before privileges and settings are there. */
  private @Nullable String giveName(
      Connection session, Undo.Step drop, String passing, String name, List<String> properties)
      throws SQLException {
    String quoted = quoted(session, name);
    boolean exists = exists(session, name);
    String before =
        name.substring(0, Math.min(name.length(), 30)) + "_before_" + passing.substring(16);
    var statements = new ArrayList<String>();
    statements.add("SET LOCAL standard_conforming_strings = on");
    if (exists) {
      undo.begin(
          () ->
              execute(
                  session, List.of("ALTER DATABASE %s ALLOW_CONNECTIONS false".formatted(quoted))),
          () -> takeBack("ALTER DATABASE %s ALLOW_CONNECTIONS true".formatted(quoted)));
      endSessions(session, name);
      statements.add("ALTER DATABASE %s RENAME TO %s".formatted(quoted, quoted(session, before)));
    }
    // the owner may be in, and could come again
    execute(session, List.of("ALTER DATABASE %s ALLOW_CONNECTIONS false".formatted(passing)));
    endSessions(session, passing);
    statements.add("ALTER DATABASE %s RESET maintenance_work_mem".formatted(passing));
    statements.add("ALTER DATABASE %s RENAME TO %s".formatted(passing, quoted));
    statements.add("ALTER DATABASE %s ALLOW_CONNECTIONS true".formatted(quoted));
    statements.addAll(properties);
    undo.complete(drop, () -> executeTogether(session, statements));
    return exists ? before : null;
  }

  /** Returns what the dump says of the database as a whole. */
  private List<String> script(Path dump) throws IOException {
    List<String> entries =
        output("--create", "--list", dump.toString())
            .lines()
            .filter(OF_DATABASE.asMatchPredicate())
            .toList();
    Path list = Files.createTempFile("pghello", ".list");
    try {
      Files.write(list, entries);
      return Roles.statements(
          output("--create", "--file=-", "--use-list=" + list, dump.toString()));
    } finally {
      Files.delete(list);
    }
  }

  /** Returns the dump's own statement, with its encoding and locale, under another name. */
  private String createStatement(
      Connection session, List<String> script, String database, String passing)
      throws SQLException {
    String name = quoted(session, database);
    String create = "CREATE DATABASE " + name + " ";
    String owner = "ALTER DATABASE " + name + " OWNER TO ";
    String rest = "";
    String ownerName = "";
    for (String statement : script) {
      if (statement.startsWith(create)) {
        rest = statement.substring(create.length(), statement.length() - 1);
      } else if (statement.startsWith(owner)) {
        ownerName = statement.substring(owner.length(), statement.length() - 1);
      }
    }
    if (rest.isEmpty()) {
      throw Failure.critical("the dump has no CREATE DATABASE " + name);
    }
    if (options.contains(NO_TABLESPACES)) {
      rest = rest.replaceFirst(" TABLESPACE = .*$", "");
    }
    return "CREATE DATABASE "
        + passing
        + " "
        + rest
        + (ownerName.isEmpty() ? "" : " OWNER = " + ownerName);
  }

  /** Returns the statements for privileges, settings and the comment of the database. */
  private static List<String> properties(List<String> script, String name) {
    var properties = new ArrayList<String>();
    // the dump says how its privileges differ from those of a new database
    properties.add("GRANT CONNECT, TEMPORARY ON DATABASE %s TO PUBLIC".formatted(name));
    script.stream()
        .filter(
            statement ->
                statement.startsWith("ALTER DATABASE " + name + " ")
                    || statement.startsWith("ALTER ROLE ")
                    || statement.startsWith("GRANT ")
                    || statement.startsWith("REVOKE ")
                    || statement.startsWith("COMMENT ON DATABASE " + name + " ")
                    || statement.startsWith("SECURITY LABEL "))
        .forEach(properties::add);
    return properties;
  }

  private String output(String... arguments) {
    Path file = null;
    try {
      file = Files.createTempFile("pghello", ".out");
      var command = new ArrayList<String>();
      command.add(programs.path("pg_restore"));
      command.addAll(List.of(arguments));
      undo.run(command, maintenance.environment(), Redirect.to(file.toFile()));
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw Failure.critical(e.toString());
    } finally {
      if (file != null) {
        file.toFile().delete();
      }
    }
  }

  public static boolean exists(Connection session, String name) throws SQLException {
    return !ask(session, "SELECT datname FROM pg_database WHERE datname = ?", name).isEmpty();
  }

  private static String quoted(Connection session, String name) throws SQLException {
    return ask(session, "SELECT quote_ident(?)", name);
  }

  private static void endSessions(Connection session, String database) throws SQLException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!ask(
            session,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                + " WHERE datname = ? AND backend_type IS DISTINCT FROM 'autovacuum worker'",
            database)
        .equals("0")) {
      if (System.nanoTime() > end) {
        throw Failure.critical("sessions in the database " + database + " do not end");
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  private static String ask(Connection session, String sql, String parameter) throws SQLException {
    try (PreparedStatement statement = session.prepareStatement(sql)) {
      statement.setString(1, parameter);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getString(1) : "";
      }
    }
  }

  private static void execute(Connection session, List<String> statements) throws SQLException {
    try (Statement statement = session.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static void executeTogether(Connection session, List<String> statements)
      throws SQLException {
    session.setAutoCommit(false);
    execute(session, statements);
    session.commit();
  }

  /** Runs a statement in a session of its own, as the one before may be gone. */
  private void takeBack(String sql) throws SQLException {
    try (Connection session = maintenance.connectForLong()) {
      execute(session, List.of(sql));
    }
  }
}
