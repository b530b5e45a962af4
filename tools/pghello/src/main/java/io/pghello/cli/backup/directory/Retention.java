// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.directory;

import io.pghello.cli.output.Durations;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Selects the dumps to remove. Age is counted in days (UTC) on which a backup of a database was
 * made, not in time before now, so that neither a wrong clock nor a pause removes backups early.
 */
public final class Retention {
  // The number of backups of each database to keep, whatever their age.
  private static final int KEEP_LAST = 2;

  // The time between two backups above which the clock is suspected to be wrong.
  private static final Duration LONG_PAUSE = Duration.ofDays(7);

  /** The backups of one database that are kept. */
  private static final class Kept {
    private final Set<LocalDate> days = new HashSet<>();
    private int backups;
  }

  private Retention() {}

  /**
   * Returns the backups to remove.
   *
   * @param backups the backups in the directory, newest first
   * @param keepDays the number of days with a backup whose backups are kept, for each database
   */
  public static List<Backup> old(List<Backup> backups, int keepDays) {
    var old = new ArrayList<Backup>();
    var kept = new HashMap<List<String>, Kept>();
    for (Backup backup : backups) {
      LocalDate day = LocalDate.ofInstant(backup.time(), ZoneOffset.UTC);
      boolean isNeeded = false;
      for (String database : backup.databases()) {
        Kept of = kept.computeIfAbsent(List.of(backup.system(), database), name -> new Kept());
        of.days.add(day);
        of.backups++;
        isNeeded |= of.days.size() <= keepDays || of.backups <= KEEP_LAST;
      }
      if (!isNeeded) {
        old.add(backup);
      }
    }
    return old;
  }

  /**
   * Returns why no backup should be removed: the newest backup is so much newer than the one before
   * it that the clock may be wrong. Returns null if there is no such problem.
   *
   * @param backups the backups in the directory, newest first
   */
  public static @Nullable String problem(List<Backup> backups) {
    List<Backup> same = backups.stream().filter(backup -> isSame(backup, backups.get(0))).toList();
    // If there are only two backups, both are kept anyway.
    if (same.size() < 3) {
      return null;
    }
    Duration pause = Duration.between(same.get(1).time(), same.get(0).time());
    Duration usual = Duration.between(same.get(2).time(), same.get(1).time());
    return pause.compareTo(LONG_PAUSE) > 0 && pause.compareTo(usual.multipliedBy(2)) > 0
        ? "no old backup was removed, because this backup is %s newer than the one before it: check the clock; the next backup removes old ones again"
            .formatted(Durations.inWords(pause))
        : null;
  }

  /** Returns whether two backups have a database of the same server in common. */
  private static boolean isSame(Backup one, Backup other) {
    return one.system().equals(other.system())
        && !Collections.disjoint(one.databases(), other.databases());
  }
}
