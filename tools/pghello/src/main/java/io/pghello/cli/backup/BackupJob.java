// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.backup.directory.BackupMethod;
import io.pghello.cli.backup.directory.BackupMethod.Made;
import io.pghello.cli.backup.directory.BackupMethod.Removed;
import io.pghello.cli.backup.directory.NewBackup;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.output.TerminalText;
import io.pghello.cli.system.CleanupStack;
import io.pghello.cli.system.Directories;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Writes backups into a directory, each completely or not at all. */
public record BackupJob(Path folder, BackupMethod method, boolean withoutFiles, Output output) {
  // The result is null if the role may not read this setting.
  private static final String DATA =
      "SELECT setting FROM pg_settings WHERE name = 'data_directory'";

  /** Makes a backup of a server, prints the result, and removes old backups. */
  public Status make(Target target) throws SQLException, IOException {
    Instant begin = Instant.now();
    try (Connection session = target.connectForLong()) {
      if (target.isOnThisMachine()) {
        checkOutside(Query.value(session, DATA));
      }
      method.checkPrograms(session);
      Directories.createAllPrivate(folder);
      try (FileChannel channel =
              FileChannel.open(
                  folder.resolve(".lock"),
                  Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                  Directories.mode("rw-------"));
          FileLock lock = channel.tryLock();
          var undo = new CleanupStack()) {
        Failure.throwIf(lock == null, "another backup to " + folder + " is running");
        Backup.deleteUnfinished(folder);
        checkKind();
        Path unfinished = folder.resolve(Backup.UNFINISHED + Backup.nameOf(Instant.now()));
        CleanupStack.Step remove = () -> Directories.delete(unfinished);
        // The directory contains all data, and password hashes.
        undo.begin(() -> Directories.createPrivate(unfinished), remove);
        Target pinned = target.pinnedTo(session);
        var backup = new NewBackup(unfinished, pinned, session, withoutFiles);
        Made made = method.make(backup, pinned, session, undo);
        backup.seal();
        Path finished = folder.resolve(Backup.nameOf(made.point()));
        undo.complete(
            remove,
            () -> {
              Files.move(unfinished, finished, StandardCopyOption.ATOMIC_MOVE);
              Directories.sync(folder);
            });
        Status status = made.status().or(reportFuture()).or(reportDamaged());
        Removed removed = method.removeOld(folder, undo);
        if (removed.problem() != null) {
          status = status.or(Status.WARNING);
          output.message("%s", removed.problem());
        }
        print(finished, made, Duration.between(begin, Instant.now()), removed.number());
        return status;
      }
    }
  }

  /**
   * Rejects a backup directory inside the server's data directory, because both would be lost
   * together.
   */
  private void checkOutside(@Nullable String data) throws IOException {
    Path existing = folder.toAbsolutePath().normalize();
    while (!Files.exists(existing)) {
      existing = Objects.requireNonNull(existing.getParent());
    }
    // A user who cannot read the data directory cannot write to it either.
    Failure.throwIf(
        data != null
            && Files.isReadable(Path.of(data))
            && existing.toRealPath().startsWith(Path.of(data).toRealPath()),
        "%s is in the server's data directory and would be lost with it: choose another directory"
            .formatted(folder));
  }

  /**
   * Rejects a directory that contains backups of another kind. Other commands read the last backup
   * in a directory, regardless of its kind, and after each pgBackRest backup, every backup in the
   * directory is deleted unless pgBackRest lists it.
   */
  private void checkKind() {
    for (Backup other : Backup.all(folder)) {
      if (!other.isDamaged() && !other.kind().equals(method.kind())) {
        throw Failure.unknown(
            "%s already contains backups %s: choose another directory"
                .formatted(folder, other.kind()));
      }
    }
  }

  /** Reports backups with a time in the future, which are not removed and not used by default. */
  private Status reportFuture() {
    List<Backup> future = Backup.inFuture(folder);
    for (Backup backup : future) {
      output.message(
          "backup %s has a time in the future: check the clock; if it is right, delete this backup, because from that time on it would be used as the newest",
          backup.directory().toString());
    }
    return future.isEmpty() ? Status.OK : Status.WARNING;
  }

  /** Reports damaged backups, which are not removed. */
  private Status reportDamaged() {
    List<Backup> damaged = Backup.all(folder).stream().filter(Backup::isDamaged).toList();
    for (Backup backup : damaged) {
      output.message(
          "backup %s is damaged, and its databases are unknown: delete it, or restore its file backup.properties",
          backup.directory().toString());
    }
    return damaged.isEmpty() ? Status.OK : Status.WARNING;
  }

  /** The result to print as JSON. */
  private record Result(
      Path backup,
      Instant recoveryPoint,
      double seconds,
      int removed,
      Table databases,
      List<String> missing) {}

  private void print(Path finished, Made made, Duration took, int removed) {
    output.print(
        new Result(
            finished,
            made.point(),
            Durations.seconds(took),
            removed,
            made.databases(),
            made.missing()),
        out -> {
          out.println(made.databases());
          if (made.missing().isEmpty()) {
            out.printf("%nBackup %s is complete after %s%n", finished, Durations.inWords(took));
          } else {
            out.printf(
                "%nBackup %s ended after %s, without %s%n",
                finished,
                Durations.inWords(took),
                TerminalText.line(String.join(", ", made.missing())));
          }
          out.printf("Recovery point: %s%n", made.point());
          if (removed > 0) {
            out.printf("Removed %d %s%n", removed, method.removed());
          }
        });
  }
}
