// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.folder;

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

/** Options that name the backup to read. */
public final class BackupOptions {
  @Option(
      names = "--from",
      paramLabel = "FOLDER",
      required = true,
      description = "Backup folder: that of backup --to.")
  private Path folder = Path.of("");

  @Option(
      names = "--at",
      paramLabel = "TIME",
      description =
          "Take the last backup of the databases that is not later, as in 2026-11-21T20:00:00Z, and if it is by pgBackRest"
              + " go on to that time. Default: the last.")
  private @Nullable String at;

  @Option(
      names = "--bindir",
      paramLabel = "FOLDER",
      description = "Folder of PostgreSQL's programs. Default: that of the system's packages.")
  private @Nullable Path bindir;

  @Option(
      names = "--jobs",
      paramLabel = "NUMBER",
      defaultValue = "2",
      description = "Tables and indexes that are restored at once. Default: 2.")
  private int jobs = 2;

  @Option(
      names = "--trust-owners",
      description = {
        "Dumps run code of the owners of tables, as in generated columns, with their rights only. Where these do not",
        "suffice, restore as the role that restores, who may be a superuser; verify as this user even if it is root, or",
        "owns a server or its data."
      })
  private boolean trustOwners;

  @Option(
      names = "--preload",
      paramLabel = "LIBRARY",
      split = ",",
      description =
          "Libraries to load at startup into the copy of a pgBackRest backup, e.g. one that replays WAL of its own. Their"
              + " background workers do not start. Default: none.")
  private List<String> preload = List.of();

  public BackupOptions() {}

  /** Creates options in which all others have their defaults. */
  public BackupOptions(Path folder, boolean trustOwners, List<String> preload) {
    this.folder = folder;
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
    Failure.refuseIf(jobs < 1 || jobs > 64, "--jobs must be between 1 and 64, but is " + jobs);
    return jobs;
  }

  /**
   * Returns the last backup with these databases, whose files may be damaged.
   *
   * @param output is told of a later one that cannot be read
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
                output.say(
                    "%s is newer and cannot be read; the backup of %s is taken",
                    later.toString(), backup.time()));
    Failure.refuseIf(
        notAfter != null && backup.isOfWholeServer() && notAfter.isAfter(Instant.now()),
        "--at is in the future: " + at);
    return backup;
  }

  /** Refuses the last backup if it is another server's while there is one of this server, too. */
  public void checkServer(Backup last, List<String> databases, @Nullable String system) {
    if (at != null || last.system().equals(system)) {
      return;
    }
    for (Backup own : Backup.in(folder)) {
      Failure.refuseIf(
          own.system().equals(system) && own.databases().containsAll(databases),
          "the last backup, %s, is of another server, and that of this one is of %s: choose by --at"
              .formatted(last.folder(), own.time()));
    }
  }

  /**
   * Returns the last backup of each of these databases, with those that are to be taken out of it;
   * if none is named of all databases of the folder, and the last of the whole server as a whole.
   *
   * @param output is told of a later one that cannot be read
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
      for (Backup backup : Backup.in(folder)) {
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
      throw Failure.unknown("--at must be a time in UTC, as in 2026-11-21T20:00:00Z, but is " + at);
    }
  }
}
