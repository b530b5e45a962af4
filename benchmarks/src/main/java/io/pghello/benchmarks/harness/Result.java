// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import io.pghello.benchmarks.harness.Comparison.Sample;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The measurements of a row, with the figures of both sides in each round, and the ratio of our
 * figure to the peer's figure in each round.
 *
 * @param ratio the ratio; null if there is no peer, or if a round was too short for a ratio
 * @param verdict the verdict; null if there is no target
 * @param cpu the CPU time per call; null if it was not measured
 */
public record Result(
    BenchmarkRow row,
    List<Double> ours,
    List<Double> peer,
    Spread ourSpread,
    @Nullable Spread peerSpread,
    @Nullable Spread ratio,
    @Nullable Verdict verdict,
    @Nullable Cpu cpu) {

  public enum Verdict {
    MISS,
    /** A round was too short to be timed, so there is no ratio to judge. */
    UNMEASURED,
    OK,
    /** The figure reaches the goal, which is stricter than the limit. */
    GOAL
  }

  /**
   * CPU time per call in microseconds, for the client and the server together. The ratio is the
   * peer's time divided by ours.
   */
  public record Cpu(
      List<Double> ours, List<Double> peer, Spread ourSpread, Spread peerSpread, Spread ratio) {
    public static Cpu ofMicros(List<Double> ours, List<Double> peer) {
      return new Cpu(
          ours,
          peer,
          Spread.of(ours),
          Spread.of(peer),
          Objects.requireNonNull(ratios(peer, ours), "CPU times are greater than 0"));
    }
  }

  public static Result of(BenchmarkRow row, List<Double> ours, List<Double> peer) {
    return of(row, ours, peer, null);
  }

  public static Result of(
      BenchmarkRow row, List<Double> ours, List<Double> peer, @Nullable Cpu cpu) {
    Spread peerSpread = peer.isEmpty() ? null : Spread.of(peer);
    Spread ratio = peer.isEmpty() ? null : ratios(ours, peer);
    var result = new Result(row, ours, peer, Spread.of(ours), peerSpread, ratio, null, cpu);
    return new Result(row, ours, peer, result.ourSpread, peerSpread, ratio, result.judge(), cpu);
  }

  /** Creates a result, with the CPU time per call if both sides measured it. */
  static Result ofSamples(BenchmarkRow row, List<Sample> ours, List<Sample> peer) {
    List<Double> ourCpu = ours.stream().map(Sample::cpuMicros).toList();
    List<Double> peerCpu = peer.stream().map(Sample::cpuMicros).toList();
    boolean counted =
        !peerCpu.isEmpty() && Stream.concat(ourCpu.stream(), peerCpu.stream()).allMatch(c -> c > 0);
    return of(
        row,
        ours.stream().map(Sample::figure).toList(),
        peer.stream().map(Sample::figure).toList(),
        counted ? Cpu.ofMicros(ourCpu, peerCpu) : null);
  }

  /** Returns the spread of the ratios of all rounds; null if one of the ratios is not a number. */
  private static @Nullable Spread ratios(List<Double> figures, List<Double> others) {
    List<Double> ratios =
        IntStream.range(0, figures.size())
            .mapToObj(round -> figures.get(round) / others.get(round))
            .toList();
    return ratios.stream().allMatch(Double::isFinite) ? Spread.of(ratios) : null;
  }

  /**
   * Returns the figures to which the target applies; null if these are ratios and there is no peer.
   */
  public @Nullable Spread judged() {
    return row.judged() == BenchmarkRow.Judged.RATIO ? ratio : ourSpread;
  }

  private @Nullable Verdict judge() {
    BenchmarkRow.Target target = row.target();
    if (target == null) {
      return null;
    }
    if (judged() == null) {
      if (peer.isEmpty()) {
        throw new IllegalArgumentException("the target of " + row.name() + " needs a peer");
      }
      return Verdict.UNMEASURED;
    }
    return misses(target.must()) || missesCpu()
        ? Verdict.MISS
        : misses(target.goal()) ? Verdict.OK : Verdict.GOAL;
  }

  /** Returns whether the judged figure misses its target, regardless of CPU time. */
  public boolean missesMust() {
    return row.target() != null && misses(row.target().must());
  }

  /** Returns whether the CPU time per call exceeds its target or was not measured. */
  public boolean missesCpu() {
    Double must = row.target() == null ? null : row.target().lessCpu();
    return must != null && (cpu == null || cpu.ratio.lower() < must);
  }

  /** Returns whether the less favourable quartile misses a limit. */
  private boolean misses(double limit) {
    Spread judged = judged();
    return judged != null
        && !(row.better() == BenchmarkRow.Better.LOWER
            ? judged.upper() <= limit
            : judged.lower() >= limit);
  }

  /** Combines the rounds of two results of the same row. */
  public Result and(Result other) {
    Cpu both =
        cpu == null || other.cpu == null
            ? null
            : Cpu.ofMicros(concat(cpu.ours, other.cpu.ours), concat(cpu.peer, other.cpu.peer));
    return of(row, concat(ours, other.ours), concat(peer, other.peer), both);
  }

  private static List<Double> concat(List<Double> ones, List<Double> others) {
    return Stream.concat(ones.stream(), others.stream()).toList();
  }
}
