// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A line of the table: what is compared, and what should come of it. Without a target it is shown
 * for information.
 *
 * @param guard the limit that even a short run on a busy machine keeps, unless something is broken
 */
public record Row(
    String name,
    @Nullable String peer,
    String unit,
    Better better,
    Judged judged,
    @Nullable Target target,
    @Nullable Double guard) {

  public enum Better {
    LOWER,
    HIGHER;

    /** Turns a rate into a time, which adds up, and back; a cost stays what it is. */
    double time(double figure) {
      return this == LOWER ? figure : 1 / figure;
    }
  }

  /** The figure that a target judges. */
  public enum Judged {
    /** Our figure divided by the peer's of the same round. */
    RATIO,
    /** Our figure, which no slower machine changes, as of round trips or of memory. */
    COUNT
  }

  /**
   * A target: the figure that must be reached, the one that is aimed at, and the factor by which a
   * call must take less CPU time.
   */
  public record Target(double must, double goal, @Nullable Double lessCpu) {}

  /** A row for information about costs: both sides' figures and their ratio. */
  public static Row plain(String name, @Nullable String peer, String unit) {
    return new Row(name, peer, unit, Better.LOWER, Judged.RATIO, null, null);
  }

  /** A row for information about rates. */
  public static Row rate(String name, @Nullable String peer, String unit) {
    return new Row(name, peer, unit, Better.HIGHER, Judged.RATIO, null, null);
  }

  /** The same row, whose ratio must reach something. */
  public Row target(double must, double goal) {
    return judged(Judged.RATIO, new Target(must, goal, null));
  }

  /** The same row, whose own figure must reach something. */
  public Row count(double must, double goal) {
    return judged(Judged.COUNT, new Target(must, goal, null));
  }

  /** The same row, whose calls must take so many times less CPU time than the peer's, too. */
  public Row lessCpu(double must) {
    Target ratio = Objects.requireNonNull(target);
    return judged(judged, new Target(ratio.must, ratio.goal, must));
  }

  /** The same row, with a limit that is wide enough to be judged on any machine. */
  public Row guarded(double limit) {
    return new Row(name, peer, unit, better, judged, target, limit);
  }

  /** Returns the row with its guard as the target. */
  public Row asGuard() {
    double limit = Objects.requireNonNull(guard);
    return judged(judged, new Target(limit, limit, null));
  }

  private Row judged(Judged by, Target other) {
    return new Row(name, peer, unit, better, by, other, guard);
  }
}
