// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.TerminalText;
import io.pghello.cli.system.CleanupStack;
import io.pghello.cli.system.Programs;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Restores databases of a backup. Each database has a temporary name until it is complete. Not
 * thread-safe.
 *
 * @param maintenance another database of the server, which is not restored; sessions in that
 *     database create and rename the restored databases
 * @param jobs the number of tables and indexes to restore in parallel
 * @param options the options of pg_restore, such as {@link #NO_TABLESPACES}
 * @param check the check that must succeed before a database is renamed into place
 * @param trustOwners whether to use the rights of this role, which may be a superuser, to restore a
 *     database if the rights of the objects' owners do not suffice
 */
public record Restoration(
    Programs programs,
    Target maintenance,
    int jobs,
    List<String> options,
    Runnable check,
    boolean trustOwners,
    CleanupStack undo) {
  /** The option of pg_restore that restores everything into the database's default tablespace. */
  public static final String NO_TABLESPACES = "--no-tablespaces";

  private static final String NO_SUBSCRIPTIONS = "--no-subscriptions";

  /**
   * The prefix of the comment on a database that is about to replace another one. It is followed by
   * the name of the database to replace.
   */
  public static final String REPLACES = "replaces ";

  private static final Pattern CREATE =
      Pattern.compile("CREATE DATABASE (?:\"(?:[^\"]|\"\")*\"|[^ \"]+) (.*);", Pattern.DOTALL);

  // The replication slot of the original subscription is not dropped.
  private static final String SUBSCRIPTIONS =
      """
      SELECT format('ALTER SUBSCRIPTION %1$I SET (slot_name = NONE); DROP SUBSCRIPTION %1$I', subname)
      FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
      WHERE d.datname = ?
      """;

  private static final String NEEDS_TRUST =
      "; objects not owned by superusers are restored with the rights of their "
          + "owners: use --trust-owners to restore them as this role";

  private static final Pattern LACKS_RIGHTS =
      Pattern.compile("permission denied|must be |nly superuser|cannot be|pg_hba\\.conf");

  private static final String CAN_BECOME_SUPERUSER =
      "code of object owners could gain superuser rights, because this role can become a "
          + "superuser: restore as a superuser, or use --trust-owners";

  private static final String HAS_LITTLE_MEMORY =
      "SELECT setting::int < 262144 FROM pg_settings WHERE name = 'maintenance_work_mem'";

  /**
   * A restored database.
   *
   * @param before the new name of the database that was replaced; null if no database was replaced
   * @param extensionVersion the version of the extension, which is determined by the files on the
   *     server; null if the database does not use the extension
   */
  public record Restored(@Nullable String before, @Nullable String extensionVersion) {}

  /** The table of contents of a dump. */
  public record Listing(List<DumpEntry> entries) {}

  /** Starts reading the table of contents of a dump in another thread. */
  public CompletableFuture<Listing> list(Backup backup, String database) {
    Path dump = backup.dump(database);
    return CompletableFuture.supplyAsync(
        () -> new Listing(DumpFile.entries(dump, programs.major())));
  }

  /**
   * Restores a database.
   *
   * @param reading the table of contents of the dump
   * @param name the name of the restored database: the original name, or the name of a copy
   */
  public Restored restore(
      Backup backup, CompletableFuture<Listing> reading, String database, String name)
      throws SQLException, IOException {
    Path dump = backup.dump(database);
    List<DumpEntry> listed = Failure.await(reading).entries();
    String passing = "pghello_restore_" + UUID.randomUUID().toString().substring(0, 8);
    var logIn = new TemporaryRestoreRole(passing);
    CleanupStack.Step drop = () -> drop(passing);
    DumpEntries entries;
    List<String> create;
    List<String> properties;
    boolean byOwners;
    Target restored;
    // Close this session before the restore, because it would otherwise be idle for hours.
    try (Connection session = maintenance.connectForLong()) {
      Map<String, Boolean> roles = TemporaryRestoreRole.roles(session);
      checkOwner(DumpEntries.unknownOwner(roles, listed));
      entries = new DumpEntries(roles, restored(listed));
      Set<String> owners = entries.owners();
      boolean isSuperuser = TemporaryRestoreRole.isSuperuser(session);
      byOwners = !owners.isEmpty() && isSuperuser;
      restored = maintenance.in(passing);
      if (isSuperuser) {
        restored = restored.withoutEventTriggers(session.getMetaData().getDatabaseMajorVersion());
      }
      if (!owners.isEmpty()
          && !byOwners
          && !trustOwners
          && Boolean.FALSE.equals(roles.get(session.getMetaData().getUserName()))) {
        throw Failure.unknown(CAN_BECOME_SUPERUSER);
      }
      create = createStatements(session, listed, passing);
      properties = properties(session, listed, database, isSuperuser);
      if (byOwners) {
        undo.begin(() -> logIn.create(session, owners), () -> revert(logIn.dropStatement()));
        create.add(logIn.letIntoStatement(passing));
      }
      undo.begin(() -> execute(session, create), drop);
    }
    try {
      if (byOwners) {
        restoreByOwners(dump, entries, logIn, passing);
      } else {
        restore(dump, entries.whole(), logIn, passing);
      }
    } catch (SQLException | Failure e) {
      if (!byOwners) {
        throw e;
      }
      Failure failure = Failure.of(e);
      if (!LACKS_RIGHTS.matcher(String.valueOf(failure.getMessage())).find()) {
        throw failure;
      } else if (!trustOwners) {
        throw Failure.critical(failure.getMessage() + NEEDS_TRUST);
      }
      undo.begin(
          () -> {
            drop(passing);
            revert(logIn.dropStatement());
            create.remove(logIn.letIntoStatement(passing));
            try (Connection session = maintenance.connectForLong()) {
              execute(session, create);
            }
          },
          () -> {});
      restore(dump, entries.whole(), logIn, passing);
    }
    if (byOwners) {
      revert(logIn.dropStatement());
    }
    String version;
    try (Connection session = restored.connectForLong()) {
      version = ServerDatabases.extensionVersion(session);
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
                  ? properties
                  : ofCopy(session, listed, name, "copy of backup " + backup.name()));
      return new Restored(before, version);
    }
  }

  /** Restores the database as a superuser, but runs other roles' code without superuser rights. */
  private void restoreByOwners(
      Path dump, DumpEntries entries, TemporaryRestoreRole logIn, String passing)
      throws SQLException, IOException {
    Target database = maintenance.in(passing);
    try (Connection session = database.connectForLong()) {
      execute(session, List.of(logIn.fenceStatements()));
    }
    restore(dump, entries.foundations(), logIn, passing);
    List<String> back;
    try (Connection session = database.connectForLong()) {
      back = logIn.letCreate(session, entries);
    }
    restore(dump, entries.definitions(), logIn, passing);
    restore(dump, entries.others(), logIn, passing);
    try (Connection session = database.connectForLong()) {
      execute(session, back);
    }
    restore(dump, entries.eventTriggers(), logIn, passing);
  }

  private void restore(
      Path dump, List<DumpEntries.Step> steps, TemporaryRestoreRole logIn, String passing)
      throws IOException {
    for (DumpEntries.Step step : steps) {
      var command =
          new ArrayList<>(
              List.of(
                  programs.path("pg_restore"),
                  "--exit-on-error",
                  "--no-password",
                  "--jobs=" + (step.inOrder() ? 1 : jobs),
                  "--dbname=" + Target.conninfo(passing)));
      command.addAll(options);
      Path list = undo.temporaryFile(".list");
      try {
        Files.write(list, step.entries().stream().map(entry -> entry.id() + ";").toList());
        command.add("--use-list=" + list);
        command.add(dump.toString());
        undo.run(
            command,
            step.asOwners() ? logIn.environment(maintenance) : maintenance.environment(),
            Redirect.DISCARD);
      } finally {
        Files.delete(list);
      }
    }
  }

  /** Throws if an owner does not exist on the server. Called before anything is created. */
  private static void checkOwner(String unknown) {
    Failure.throwIf(
        !unknown.isEmpty(),
        "role \""
            + TerminalText.line(unknown)
            + "\" does not exist: use --roles to create the roles of the backup");
  }

  /**
   * Returns the entries to restore. If subscriptions are not restored, excludes the comments on
   * them, because old versions of pg_restore would still try to restore these comments.
   */
  private List<DumpEntry> restored(List<DumpEntry> listed) {
    return options.contains(NO_SUBSCRIPTIONS)
        ? listed.stream().filter(entry -> !entry.isAbout("SUBSCRIPTION")).toList()
        : listed;
  }

  /**
   * Renames the database and applies its privileges and settings in one transaction, so that no
   * session can connect before the privileges and settings are in place.
   */
  private @Nullable String giveName(
      Connection session,
      CleanupStack.Step drop,
      String passing,
      String name,
      List<String> properties)
      throws SQLException {
    String quoted = quoted(session, name);
    boolean exists = exists(session, name);
    String before =
        name.substring(0, Math.min(name.length(), 30)) + "_before_" + passing.substring(16);
    var statements = new ArrayList<String>();
    if (exists) {
      // If this restore is killed before the renames, the next restore uses this comment to report
      // which database to reopen.
      execute(
          session,
          List.of(
              "COMMENT ON DATABASE %s IS %s"
                  .formatted(
                      passing, Query.value(session, "SELECT quote_literal(?)", REPLACES + name))));
      undo.begin(
          () ->
              execute(
                  session, List.of("ALTER DATABASE %s ALLOW_CONNECTIONS false".formatted(quoted))),
          () -> revert("ALTER DATABASE %s ALLOW_CONNECTIONS true".formatted(quoted)));
      endSessions(session, name);
      statements.add("ALTER DATABASE %s RENAME TO %s".formatted(quoted, quoted(session, before)));
    }
    // Another superuser may be connected, and could reconnect after being disconnected.
    execute(session, List.of("ALTER DATABASE %s ALLOW_CONNECTIONS false".formatted(passing)));
    endSessions(session, passing);
    statements.add("ALTER DATABASE %s RESET maintenance_work_mem".formatted(passing));
    statements.add("ALTER DATABASE %s RENAME TO %s".formatted(passing, quoted));
    statements.add("ALTER DATABASE %s ALLOW_CONNECTIONS true".formatted(quoted));
    statements.add("COMMENT ON DATABASE %s IS NULL".formatted(quoted));
    statements.addAll(properties);
    undo.complete(drop, () -> executeTogether(session, statements));
    return exists ? before : null;
  }

  /**
   * Returns the statements that create the database under its temporary name, with the encoding and
   * locale of the dump's CREATE DATABASE statement.
   */
  private List<String> createStatements(Connection session, List<DumpEntry> listed, String passing)
      throws SQLException {
    String rest =
        statements(listed, entry -> entry.is("DATABASE")).stream()
            .map(CREATE::matcher)
            .filter(Matcher::matches)
            .map(create -> create.group(1))
            .findFirst()
            .orElseThrow(() -> Failure.critical("the dump has no CREATE DATABASE"));
    if (options.contains(NO_TABLESPACES)) {
      rest = rest.replaceFirst(" TABLESPACE = .*$", "");
    }
    var statements = new ArrayList<String>();
    // The owner could connect, so the owner is set together with the final name.
    statements.add("CREATE DATABASE " + passing + " " + rest);
    statements.add("REVOKE CONNECT, TEMPORARY ON DATABASE %s FROM PUBLIC".formatted(passing));
    if (Query.isTrue(session, HAS_LITTLE_MEMORY)) {
      // Speeds up index builds. Set on the database, so that connection options and settings of the
      // role override it.
      statements.add("ALTER DATABASE %s SET maintenance_work_mem = '256MB'".formatted(passing));
    }
    return statements;
  }

  /**
   * Returns the statements that set the owner, privileges, settings and comment of the database.
   */
  private static List<String> properties(
      Connection session, List<DumpEntry> listed, String database, boolean isSuperuser)
      throws SQLException {
    String name = quoted(session, database);
    var properties = new ArrayList<String>();
    // The literals in the dump are quoted for this value of standard_conforming_strings.
    for (String setting : statements(listed, entry -> entry.is("STDSTRINGS"))) {
      properties.add(setting.replaceFirst("^SET ", "SET LOCAL "));
    }
    properties.addAll(ownerOf(session, listed, name));
    // The dump contains only the differences from a new database's default privileges.
    properties.add("GRANT CONNECT, TEMPORARY ON DATABASE %s TO PUBLIC".formatted(name));
    statements(listed, entry -> entry.isOfDatabase() && !entry.is("DATABASE")).stream()
        // Only superusers can grant as another role.
        .filter(sql -> isSuperuser || !sql.matches("(?s)(RE)?SET SESSION AUTHORIZATION .*"))
        .forEach(properties::add);
    return properties;
  }

  /** Returns the statements that set the owner and the comment of a copy. */
  private static List<String> ofCopy(
      Connection session, List<DumpEntry> listed, String copy, String comment) throws SQLException {
    String name = quoted(session, copy);
    List<String> statements = ownerOf(session, listed, name);
    statements.add("COMMENT ON DATABASE %s IS '%s'".formatted(name, comment));
    return statements;
  }

  private static List<String> ownerOf(Connection session, List<DumpEntry> listed, String name)
      throws SQLException {
    var statements = new ArrayList<String>();
    for (DumpEntry entry : listed) {
      if (entry.is("DATABASE")) {
        statements.add(
            "ALTER DATABASE %s OWNER TO %s".formatted(name, quoted(session, entry.owner())));
      }
    }
    return statements;
  }

  private static List<String> statements(List<DumpEntry> listed, Predicate<DumpEntry> entries) {
    return listed.stream()
        .filter(entries)
        .flatMap(entry -> Roles.statements(entry.definition()).stream())
        .toList();
  }

  public static boolean exists(Connection session, String name) throws SQLException {
    return Query.isTrue(session, "SELECT true FROM pg_database WHERE datname = ?", name);
  }

  private static String quoted(Connection session, String name) throws SQLException {
    return String.valueOf(Query.value(session, "SELECT quote_ident(?)", name));
  }

  private static void endSessions(Connection session, String database) throws SQLException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    int pauseMillis = 1;
    while (Query.isTrue(
        session,
        "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity"
            + " WHERE datname = ? AND backend_type IS DISTINCT FROM 'autovacuum worker'",
        database)) {
      if (System.nanoTime() > end) {
        throw Failure.critical(
            "sessions in the database "
                + database
                + " did not end within 60 s after pg_terminate_backend: stop the processes that"
                + " pg_stat_activity shows for it, and try again");
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(pauseMillis));
      pauseMillis = Math.min(2 * pauseMillis, 20);
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

  /**
   * Drops a temporary database. First drops the database's subscriptions, which would prevent the
   * drop.
   */
  private void drop(String passing) throws SQLException {
    List<String> subscriptions;
    try (Connection session = maintenance.connectForLong()) {
      subscriptions = Query.values(session, SUBSCRIPTIONS, passing);
      if (!subscriptions.isEmpty()) {
        execute(session, List.of("ALTER DATABASE %s ALLOW_CONNECTIONS true".formatted(passing)));
      }
    }
    if (!subscriptions.isEmpty()) {
      try (Connection session = maintenance.in(passing).connectForLong()) {
        execute(session, subscriptions);
      }
    }
    revert("DROP DATABASE IF EXISTS " + passing + " WITH (FORCE)");
  }

  /** Runs a statement in a new session, because the previous session may have been lost. */
  private void revert(String sql) throws SQLException {
    try (Connection session = maintenance.connectForLong()) {
      execute(session, List.of(sql));
    }
  }
}
