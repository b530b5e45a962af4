// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import io.pghello.benchmarks.harness.Comparison.Sample;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What was measured for a row.
 *
 * @param ours our figure of each round
 * @param peer the peer's figure of each round; empty if there is no peer
 * @param ourSpread of our figures
 * @param peerSpread of the peer's figures
 * @param ratio of each round's ratio, ours to the peer's
 * @param verdict none if the row has no target
 * @param cpu what CPU time a call took; null if it was not counted
 */
public record Result(
    Row row,
    List<Double> ours,
    List<Double> peer,
    Spread ourSpread,
    @Nullable Spread peerSpread,
    @Nullable Spread ratio,
    @Nullable Verdict verdict,
    @Nullable Cpu cpu) {

  /**
   * The CPU time of a call in microseconds, client and server together.
   *
   * @param ours of each round
   * @param peer of each round
   * @param ratio of each round's ratio, the peer's to ours: how many times less ours needs
   */
  public record Cpu(
      List<Double> ours, List<Double> peer, Spread ourSpread, Spread peerSpread, Spread ratio) {

    /** Returns what was counted, if that was on both sides. */
    static @Nullable Cpu of(List<Sample> ours, List<Sample> peer) {
      List<Double> our = ours.stream().map(Sample::cpuMicros).toList();
      List<Double> its = peer.stream().map(Sample::cpuMicros).toList();
      boolean counted =
          !its.isEmpty() && Stream.concat(our.stream(), its.stream()).allMatch(cpu -> cpu > 0);
      return counted ? ofMicros(our, its) : null;
    }

    /** Returns these times. */
    public static Cpu ofMicros(List<Double> ours, List<Double> peer) {
      return new Cpu(ours, peer, Spread.of(ours), Spread.of(peer), ratios(peer, ours));
    }

    private Cpu and(Cpu other) {
      return ofMicros(concat(ours, other.ours), concat(peer, other.peer));
    }
  }

  public enum Verdict {
    MISS,
    OK,
    /** Better than what must be: what we are after. */
    GOAL
  }

  public static Result of(Row row, List<Double> ours, List<Double> peer) {
    return of(row, ours, peer, null);
  }

  /** Returns what was measured, with the CPU time of a call. */
  public static Result of(Row row, List<Double> ours, List<Double> peer, @Nullable Cpu cpu) {
    Spread ourSpread = Spread.of(ours);
    Spread peerSpread = peer.isEmpty() ? null : Spread.of(peer);
    Spread ratio = peer.isEmpty() ? null : ratios(ours, peer);
    Verdict verdict = verdict(row, judged(row, ourSpread, ratio), cpu);
    return new Result(row, ours, peer, ourSpread, peerSpread, ratio, verdict, cpu);
  }

  private static Spread ratios(List<Double> figures, List<Double> others) {
    return Spread.of(
        IntStream.range(0, figures.size())
            .mapToObj(round -> figures.get(round) / others.get(round))
            .toList());
  }

  /** Returns the figures that are judged; null if they are ratios and there is no peer. */
  public @Nullable Spread judged() {
    return judged(row, ourSpread, ratio);
  }

  private static @Nullable Spread judged(Row row, Spread ourSpread, @Nullable Spread ratio) {
    return row.judged() == Row.Judged.RATIO ? ratio : ourSpread;
  }

  /** Joins the rounds of two results of one row. */
  public Result and(Result other) {
    Cpu joined = cpu == null || other.cpu == null ? null : cpu.and(other.cpu);
    return of(row, concat(ours, other.ours), concat(peer, other.peer), joined);
  }

  private static List<Double> concat(List<Double> ones, List<Double> others) {
    return Stream.concat(ones.stream(), others.stream()).toList();
  }

  /** Returns whether a call takes more CPU time than it may, or none was counted. */
  public boolean missesCpu() {
    return missesCpu(row, cpu);
  }

  private static boolean missesCpu(Row row, @Nullable Cpu cpu) {
    Row.Target target = row.target();
    return target != null
        && target.lessCpu() != null
        && (cpu == null || cpu.ratio.lower() < target.lessCpu());
  }

  /** Returns whether what is judged does not reach what it must, whatever CPU time it takes. */
  public boolean missesMust() {
    Row.Target target = row.target();
    Spread judged = judged();
    return target != null && judged != null && !row.reaches(worse(row, judged), target.must());
  }

  private static double worse(Row row, Spread judged) {
    return row.better() == Row.Better.LOWER ? judged.upper() : judged.lower();
  }

  private static @Nullable Verdict verdict(Row row, @Nullable Spread judged, @Nullable Cpu cpu) {
    Row.Target target = row.target();
    if (target == null) {
      return null;
    }
    if (judged == null) {
      throw new IllegalArgumentException("the target of " + row.name() + " needs a peer");
    }
    double value = worse(row, judged);
    if (!row.reaches(value, target.must()) || missesCpu(row, cpu)) {
      return Verdict.MISS;
    }
    return row.reaches(value, target.goal()) ? Verdict.GOAL : Verdict.OK;
  }
}
