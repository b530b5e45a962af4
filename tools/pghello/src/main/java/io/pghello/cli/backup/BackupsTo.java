// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.backup.folder.Backup;
import io.pghello.cli.backup.folder.BackupMethod;
import io.pghello.cli.backup.folder.BackupMethod.Made;
import io.pghello.cli.backup.folder.NewBackup;
import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.system.Folders;
import io.pghello.cli.system.Undo;
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
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The folder that backups are written to, each whole or not at all. */
public record BackupsTo(Path folder, BackupMethod method, boolean withoutFiles, Output output) {
  // hidden from who may not read it
  private static final String DATA =
      "SELECT setting FROM pg_settings WHERE name = 'data_directory'";

  /** Makes a backup of a server, prints it, and removes old ones. */
  public Status make(Target target) throws SQLException, IOException {
    Instant begin = Instant.now();
    try (Connection session = target.connectForLong()) {
      if (target.isOnThisMachine()) {
        mustNotBeIn(Query.value(session, DATA));
      }
      Folders.createAllPrivate(folder);
      try (FileChannel channel =
              FileChannel.open(
                  folder.resolve(".lock"),
                  Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                  Folders.mode("rw-------"));
          FileLock lock = channel.tryLock();
          var undo = new Undo()) {
        Failure.refuseIf(lock == null, "another backup to " + folder + " is being made");
        Backup.deleteUnfinished(folder);
        checkKind();
        Path unfinished = folder.resolve(Backup.UNFINISHED + Backup.nameOf(Instant.now()));
        Undo.Step remove = () -> Folders.deleteFolder(unfinished);
        // it has all data, and what passwords are checked by
        undo.begin(() -> Folders.createPrivate(unfinished), remove);
        Target pinned = target.pinnedTo(session);
        var backup = new NewBackup(unfinished, pinned, session, withoutFiles);
        Made made = method.make(backup, pinned, session, undo);
        backup.seal();
        Path finished = folder.resolve(Backup.nameOf(made.point()));
        undo.complete(
            remove,
            () -> {
              Files.move(unfinished, finished, StandardCopyOption.ATOMIC_MOVE);
              Folders.sync(folder);
            });
        int removed = method.removeOld(folder, undo);
        print(finished, made, Duration.between(begin, Instant.now()), removed);
        return made.status();
      }
    }
  }

  /** Refuses a folder that is lost with the server's data. */
  private void mustNotBeIn(@Nullable String data) throws IOException {
    Path existing = folder.toAbsolutePath().normalize();
    while (!Files.exists(existing)) {
      existing = Objects.requireNonNull(existing.getParent());
    }
    // who may not look into the server's folder writes nothing there
    Failure.refuseIf(
        data != null
            && Files.isReadable(Path.of(data))
            && existing.toRealPath().startsWith(Path.of(data).toRealPath()),
        "%s is in the server's data directory, with which it would be lost: name another folder"
            .formatted(folder));
  }

  /**
   * Refuses a folder with backups of another kind: readers of a folder take its last backup, and a
   * backup of a stanza removes others.
   */
  private void checkKind() {
    for (Backup other : Backup.in(folder)) {
      Failure.refuseIf(
          !other.kind().equals(method.kind()),
          "%s has backups %s: name another folder".formatted(folder, other.kind()));
    }
  }

  /** JSON that is printed. */
  private record Result(
      Path backup, Instant recoveryPoint, double seconds, int removed, Table databases) {}

  private void print(Path finished, Made made, Duration took, int removed) {
    output.print(
        new Result(finished, made.point(), Durations.seconds(took), removed, made.databases()),
        out -> {
          out.println(made.databases());
          out.printf("%nBackup %s is complete after %s%n", finished, Durations.inWords(took));
          out.printf("Recovery point: %s%n", made.point());
          if (removed > 0) {
            out.printf("Removed %d %s%n", removed, method.removed());
          }
        });
  }
}
