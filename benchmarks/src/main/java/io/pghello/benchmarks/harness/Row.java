// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A line of the table: what is compared, and what should come of it.
 *
 * @param name what is measured on our side
 * @param peer what it is measured against, if there is anything
 * @param unit what both sides are measured in, as in ms
 * @param better which way a good figure goes
 * @param judged what the target is about
 * @param target none if the row is shown for information
 * @param guard the limit that even a short run on a busy machine keeps, unless something is broken;
 *     null if there is none
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
    HIGHER
  }

  public enum Judged {
    /** Our figure divided by the peer's of the same round. */
    RATIO,
    /** Our figure itself. */
    FIGURE,
    /** Our figure, which no slower machine changes, as of round trips or of memory. */
    COUNT
  }

  /** A figure that must be reached, and one that we aim at. */
  public record Target(double must, double goal) {}

  /** A row for information: both sides' figures and their ratio. */
  public static Row plain(String name, @Nullable String peer, String unit) {
    return new Row(name, peer, unit, Better.LOWER, Judged.RATIO, null, null);
  }

  /** A row for information about rates. */
  public static Row rate(String name, @Nullable String peer, String unit) {
    return new Row(name, peer, unit, Better.HIGHER, Judged.RATIO, null, null);
  }

  /** A row whose ratio, or figure, must not exceed something. */
  public static Row atMost(
      String name, @Nullable String peer, String unit, Judged judged, double must, double goal) {
    return new Row(name, peer, unit, Better.LOWER, judged, new Target(must, goal), null);
  }

  /** A row whose ratio, or figure, must reach something. */
  public static Row atLeast(
      String name, @Nullable String peer, String unit, Judged judged, double must, double goal) {
    return new Row(name, peer, unit, Better.HIGHER, judged, new Target(must, goal), null);
  }

  /** The same row, with a limit that is wide enough to be judged on any machine. */
  public Row guarded(double limit) {
    return new Row(name, peer, unit, better, judged, target, limit);
  }

  /** Returns the row with its guard as the target. */
  public Row asGuard() {
    double limit = Objects.requireNonNull(guard);
    return new Row(name, peer, unit, better, judged, new Target(limit, limit), guard);
  }

  /** Returns whether a value is as good as the limit, or better. */
  boolean reaches(double value, double limit) {
    return better == Better.LOWER ? value <= limit : value >= limit;
  }
}
