// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.directory;

import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.system.CleanupStack;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A backup method: dumps of a server's databases, or a copy of the whole server. */
public interface BackupMethod {
  /** Default number of days to keep backups. */
  int KEEP_DAYS = 7;

  /** Rejects numbers of days for which backups cannot be kept. */
  static void requireKeepDays(int days) {
    Failure.throwIf(days < 1, "--keep must be at least 1 day, but is " + days);
  }

  /** Default time limit for the verification of one database. */
  String LIMIT = "12h";

  /**
   * Result of a backup.
   *
   * @param point the point in time that the backup restores
   * @param status the status; a warning if a part of the backup cannot be restored
   * @param databases the table of databases to print
   * @param missing the databases that could not be backed up
   */
  record Made(Instant point, Status status, Table databases, List<String> missing) {}

  /** Default time to wait for locks of other sessions. */
  String LOCK_TIMEOUT = "10m";

  /** Rejects a lock timeout of 0. */
  static void requireLockTimeout(Duration timeout) {
    Failure.throwIf(timeout.isZero(), "--lock-timeout must be greater than 0");
  }

  /**
   * Throws if the programs that this method needs for the server of a session are not installed.
   */
  void checkPrograms(Connection session) throws SQLException;

  /** Writes the backup into its directory. */
  Made make(NewBackup backup, Target target, Connection session, CleanupStack undo)
      throws SQLException, IOException;

  /** Returns the {@link Backup#kind} of the backups made with this method. */
  String kind();

  /**
   * Result of removing old backups.
   *
   * @param number the number of removed backups
   * @param problem why no backup was removed although some may be old; null if there is no problem
   */
  record Removed(int number, @Nullable String problem) {}

  /** Removes the backups that are no longer needed. Called after a new backup is complete. */
  Removed removeOld(Path folder, CleanupStack undo) throws IOException;

  /** Returns the reason why old backups are removed, e.g. "expired by pgBackRest". */
  String removed();

  /**
   * Settings of a verification.
   *
   * @param isAll whether to verify all databases, because none are named
   * @param temporary the directory for a temporary server's data
   * @param limit the maximum time for one database
   * @param metric the metric file to update after each verified database; null for none
   */
  record Trial(
      boolean isAll,
      BackupOptions options,
      Path temporary,
      Duration limit,
      @Nullable MetricFile metric) {
    /** Creates settings that use the system's temporary directory. */
    public Trial(
        boolean isAll, BackupOptions options, Duration limit, @Nullable MetricFile metric) {
      this(isAll, options, Path.of(System.getProperty("java.io.tmpdir")), limit, metric);
    }

    /** Returns the error for a database that exceeded the limit. */
    public String overLimit(String database) {
      return database
          + ": verification exceeded the limit of "
          + Durations.inWords(limit)
          + ": look for code of table owners that waits, or set a longer --limit";
    }

    /** Records a verified database. */
    public void isRight(String database, Instant point, Duration took) throws IOException {
      if (metric != null) {
        metric.verified(database, point, took);
      }
    }
  }

  /**
   * Result of a verification.
   *
   * @param point the point in time that was restored
   * @param databases the table of restored databases to print
   * @param wrong one message for each difference, and all messages of {@code failed}
   * @param failed one message for each database of a dump that could not be restored or read; empty
   *     for a pgBackRest backup
   */
  record Proof(
      Instant point, Duration took, Table databases, List<String> wrong, List<String> failed) {
    public Status status() {
      return wrong.isEmpty() ? Status.OK : Status.CRITICAL;
    }
  }

  /**
   * Restores databases from a backup to a temporary server, and reads all rows of these databases.
   */
  Proof verify(Backup backup, List<String> databases, Trial trial, CleanupStack undo)
      throws SQLException, IOException;
}
