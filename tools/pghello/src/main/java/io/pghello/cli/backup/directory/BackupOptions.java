// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.directory;

import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that select the backup to read. */
public final class BackupOptions {
  @Option(
      names = "--from",
      paramLabel = "DIR",
      required = true,
      description = "Backup directory, as passed to backup --to.")
  private Path folder = Path.of("");

  @Option(
      names = "--at",
      paramLabel = "TIME",
      description =
          "Latest time of the backup, e.g. 2026-11-21T20:00:00Z. Selects the last "
              + "backup of the databases that was made at or before this time. A pgBackRest "
              + "backup is then recovered to this time. Default: the last backup.")
  private @Nullable String at;

  @Option(
      names = "--bindir",
      paramLabel = "DIR",
      description =
          "Directory of the PostgreSQL programs. Default: the directory of the system's packages.")
  private @Nullable Path bindir;

  @Option(
      names = "--jobs",
      paramLabel = "NUMBER",
      defaultValue = "2",
      description = "Number of tables and indexes to restore in parallel. Default: 2.")
  private int jobs = 2;

  @Option(
      names = "--trust-owners",
      description = {
        "Trust the code of table owners, for example in generated columns. Restoring "
            + "a dump runs this code, by default only with the owners' rights. If these "
            + "rights do not suffice, this option lets restore run the code as the restoring "
            + "role, which may be a superuser. It also lets verify run the code even if you "
            + "are root, or the operating system user that owns or runs a server."
      })
  private boolean trustOwners;

  @Option(
      names = "--preload",
      paramLabel = "LIBRARY",
      split = ",",
      description =
          "Libraries that the temporary or recovered server loads at startup, e.g. citus, or a "
              + "library that replays custom WAL records. Their background workers do not "
              + "start. Default: none.")
  private List<String> preload = List.of();

  public BackupOptions() {}

  /** Creates options with these values, and with default values for all other options. */
  public BackupOptions(
      Path folder, @Nullable Path bindir, boolean trustOwners, List<String> preload) {
    this.folder = folder;
    this.bindir = bindir;
    this.trustOwners = trustOwners;
    this.preload = preload;
  }

  public List<String> preload() {
    return preload;
  }

  public boolean trustsOwners() {
    return trustOwners;
  }

  public @Nullable Path bindir() {
    return bindir;
  }

  public int jobs() {
    Failure.throwIf(jobs < 1 || jobs > 64, "--jobs must be between 1 and 64, but is " + jobs);
    return jobs;
  }

  /**
   * Returns the last backup that contains these databases and was not made after {@code --at}. Its
   * files may be damaged.
   *
   * @param output the output that receives a warning if a later backup cannot be read, or is
   *     ignored because its time is in the future
   */
  public Backup find(List<String> databases, Output output) {
    return find(databases, output, new HashSet<>());
  }

  private Backup find(List<String> databases, Output output, Set<Path> said) {
    Instant notAfter = at();
    Backup backup = Backup.find(folder, databases, null, notAfter);
    backup
        .laterUnreadable(notAfter)
        .filter(said::add)
        .ifPresent(
            later ->
                output.message(
                    "%s is newer but cannot be read; using the backup of %s",
                    later.toString(), backup.time()));
    if (notAfter == null) {
      Backup.ignored(folder, databases).stream()
          .filter(later -> said.add(later.directory()))
          .forEach(later -> output.message("%s", later.whyIgnored()));
    }
    Failure.throwIf(
        notAfter != null && backup.isOfWholeServer() && notAfter.isAfter(Instant.now()),
        "--at is in the future: " + at);
    return backup;
  }

  /**
   * Rejects the last backup if it is from another server, provided that there is also a backup from
   * this server, and that {@code --at} is not set.
   */
  public void checkServer(Backup last, List<String> databases, @Nullable String system) {
    if (at != null || last.system().equals(system)) {
      return;
    }
    for (Backup own : Backup.in(folder)) {
      Failure.throwIf(
          own.system().equals(system) && own.databases().containsAll(databases),
          "the last backup, %s, is from another server; the last one from this server was made at %s: choose one with --at"
              .formatted(last.directory(), own.time()));
    }
  }

  /**
   * Returns the backups to use, with the databases to restore from each. If databases are named,
   * uses the last backup of each of them. If no database is named, uses the last backup of each
   * database, and the last backup of the whole server with all its databases.
   *
   * @param output the output that receives a warning if a later backup cannot be read, or is
   *     ignored because its time is in the future
   */
  public Map<Backup, List<String>> findEach(List<String> named, Output output) {
    var found = new LinkedHashMap<Backup, List<String>>();
    var said = new HashSet<Path>();
    for (String database : named.stream().distinct().toList()) {
      found
          .computeIfAbsent(find(List.of(database), output, said), backup -> new ArrayList<>())
          .add(database);
    }
    if (named.isEmpty()) {
      Instant last = find(List.of(), output).time();
      var seen = new HashSet<List<String>>();
      boolean hasServer = false;
      for (Backup backup : Backup.in(folder, at())) {
        if (!backup.time().isAfter(last)) {
          var databases = new ArrayList<>(backup.databases());
          databases.removeIf(database -> !seen.add(List.of(backup.system(), database)));
          if (backup.isOfWholeServer() && !hasServer) {
            hasServer = true;
            found.put(backup, backup.databases());
          } else if (!databases.isEmpty()) {
            found.put(backup, databases);
          }
        }
      }
    }
    return found;
  }

  public @Nullable Instant at() {
    try {
      return at == null ? null : Instant.parse(at);
    } catch (DateTimeParseException e) {
      throw Failure.unknown("--at must be a time in UTC, e.g. 2026-11-21T20:00:00Z, but is " + at);
    }
  }
}
