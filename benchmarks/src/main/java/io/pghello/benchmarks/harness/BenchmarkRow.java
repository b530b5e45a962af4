// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A row of the table: a comparison and its target. A row without a target is for information only.
 *
 * @param guard a limit that only a regression exceeds, even in a short run on a busy machine
 */
public record BenchmarkRow(
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

    /**
     * Converts a rate to a time, because only times can be added, or converts a time back to a
     * rate. If lower is better, returns the figure unchanged.
     */
    double time(double figure) {
      return this == LOWER ? figure : 1 / figure;
    }
  }

  /** The figure that has a target. */
  public enum Judged {
    /** Our figure divided by the peer's figure in the same round. */
    RATIO,
    /**
     * Our figure. Suitable if the figure does not depend on the speed of the machine (round trips,
     * memory).
     */
    COUNT
  }

  /**
   * A target: the limit, the goal, and the minimum ratio of the peer's CPU time per call to ours.
   */
  public record Target(double must, double goal, @Nullable Double lessCpu) {}

  /**
   * Returns a row without a target, for costs. It shows the figures of both sides and their ratio.
   */
  public static BenchmarkRow plain(String name, @Nullable String peer, String unit) {
    return new BenchmarkRow(name, peer, unit, Better.LOWER, Judged.RATIO, null, null);
  }

  /** Returns a row without a target, for rates. */
  public static BenchmarkRow rate(String name, @Nullable String peer, String unit) {
    return new BenchmarkRow(name, peer, unit, Better.HIGHER, Judged.RATIO, null, null);
  }

  /** Returns a copy with a target for the ratio. */
  public BenchmarkRow target(double must, double goal) {
    return judged(Judged.RATIO, new Target(must, goal, null));
  }

  /** Returns a copy with a target for our figure. */
  public BenchmarkRow count(double must, double goal) {
    return judged(Judged.COUNT, new Target(must, goal, null));
  }

  /** Returns a copy with a target for the ratio of the peer's CPU time per call to ours. */
  public BenchmarkRow lessCpu(double must) {
    Target ratio = Objects.requireNonNull(target);
    return judged(judged, new Target(ratio.must, ratio.goal, must));
  }

  /** Returns a copy with a limit that can be checked on any machine. */
  public BenchmarkRow guarded(double limit) {
    return new BenchmarkRow(name, peer, unit, better, judged, target, limit);
  }

  /** Returns a copy with its guard as the target. */
  public BenchmarkRow asGuard() {
    double limit = Objects.requireNonNull(guard);
    return judged(judged, new Target(limit, limit, null));
  }

  private BenchmarkRow judged(Judged by, Target other) {
    return new BenchmarkRow(name, peer, unit, better, by, other, guard);
  }
}
