// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.folder;

import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.system.Undo;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One of the ways to back up a server: dumps of its databases, or a copy of all of it. */
public interface BackupMethod {
  /** Days for which backups are kept where nobody says otherwise. */
  int KEEP_DAYS = 7;

  /** The default of the time that the verification of one database may take. */
  String LIMIT = "12h";

  /**
   * Result of a backup.
   *
   * @param point the time to which it can be restored
   * @param status a warning if a part of it cannot be restored
   * @param databases what is printed
   */
  record Made(Instant point, Status status, Table databases) {}

  /** Fills the folder of a backup. */
  Made make(NewBackup backup, Target target, Connection session, Undo undo)
      throws SQLException, IOException;

  /** Returns what {@link Backup#kind} says of its backups. */
  String kind();

  /** Removes the backups of a folder that are not needed any more, and returns how many. */
  int removeOld(Path folder, Undo undo) throws IOException;

  /** Returns what those were, as in "older than 7 days". */
  String removed();

  /**
   * Conditions under which backups are verified.
   *
   * @param isAll whether no databases are named
   * @param temporary where there is room for a server
   * @param limit the time that one database may take
   * @param metric takes what is right, at once; null for nothing
   */
  record Trial(
      boolean isAll,
      BackupOptions options,
      Path temporary,
      Duration limit,
      @Nullable MetricFile metric) {
    /** Uses the system's folder for temporary files. */
    public Trial(
        boolean isAll, BackupOptions options, Duration limit, @Nullable MetricFile metric) {
      this(isAll, options, Path.of(System.getProperty("java.io.tmpdir")), limit, metric);
    }

    /** Returns the failure of a database that took longer than the limit. */
    public String overLimit(String database) {
      return database
          + ": not done within the limit of "
          + Durations.inWords(limit)
          + ": look for code of table owners that waits, or set a longer --limit";
    }

    /** Notes a database that is as it should be. */
    public void isRight(String database, Instant point, Duration took) throws IOException {
      if (metric != null) {
        metric.verified(database, point, took);
      }
    }
  }

  /**
   * Result of a verification.
   *
   * @param point the time to which it has been restored
   * @param databases what is printed of those that could be restored
   * @param wrong a sentence for each thing that is not as it should be
   * @param failed a sentence for each database that could not be restored, which are wrong, too
   */
  record Proof(
      Instant point, Duration took, Table databases, List<String> wrong, List<String> failed) {
    public Status status() {
      return wrong.isEmpty() ? Status.OK : Status.CRITICAL;
    }
  }

  /** Restores databases of a backup into a server of its own, and reads all of them. */
  Proof verify(Backup backup, List<String> databases, Trial trial, Undo undo)
      throws SQLException, IOException;
}
