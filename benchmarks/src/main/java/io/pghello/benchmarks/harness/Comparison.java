// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a row is measured.
 *
 * @param check fails if an answer of one of the sides is wrong; runs once, before the first round
 * @param peer none if the row has no peer
 * @param warmUps rounds whose figures are thrown away
 */
public record Comparison(
    Row row, Check check, Side ours, @Nullable Side peer, int warmUps, int rounds) {

  /** Fails if something is not as it should be. */
  public interface Check {
    void run() throws Exception;
  }

  /** One of the sides. */
  public interface Side {
    /** Works once, and returns the figure in the row's unit. */
    double measure() throws Exception;

    /** Does so many things at a time; in thousands a second. */
    static Side rate(int count, Work work) {
      return () -> {
        long start = System.nanoTime();
        work.run();
        return count * 1e6 / (System.nanoTime() - start);
      };
    }
  }

  /** What takes its time. */
  public interface Work {
    void run() throws Exception;
  }

  /** The same for a row that is judged otherwise. */
  public Comparison of(Row other) {
    return new Comparison(other, check, ours, peer, warmUps, rounds);
  }

  /** how many times each side is measured. */
  public int steps() {
    return warmUps + rounds;
  }

  /**
   * Measures the sides alternately, with another one first in each round, or in each of its {@link
   * InterleavedSamples}.
   *
   * @param handicap by how much our side is slowed down
   */
  public Result measure(int handicap, Progress progress) throws Exception {
    check.run();
    return measureRounds(handicap, progress);
  }

  /** Measures, and once more what misses: a busy moment passes, and what is broken stays. */
  public Result measureAgainIfMissed(int handicap, Progress progress) throws Exception {
    Result first = measure(handicap, progress);
    // nobody was told of more steps
    return first.verdict() == Result.Verdict.MISS ? measureRounds(handicap, step -> {}) : first;
  }

  private Result measureRounds(int handicap, Progress progress) throws Exception {
    List<Double> ourFigures = new ArrayList<>();
    List<Double> peerFigures = new ArrayList<>();
    for (int round = -warmUps; round < rounds; round++) {
      progress.step(row.name());
      boolean oursFirst = round % 2 == 0;
      double our = oursFirst ? slowed(handicap) : 0;
      double its = peer == null ? 0 : peer.measure();
      if (!oursFirst) {
        our = slowed(handicap);
      }
      if (round >= 0) {
        ourFigures.add(our);
        if (peer != null) {
          peerFigures.add(its);
        }
      }
    }
    return Result.of(row, List.copyOf(ourFigures), List.copyOf(peerFigures));
  }

  /** Does our work so many times: costs add up, and so do the inverses of rates. */
  private double slowed(int times) throws Exception {
    if (row.judged() == Row.Judged.COUNT) {
      return ours.measure();
    }
    double sum = 0;
    for (int i = 0; i < times; i++) {
      double figure = ours.measure();
      sum += row.better() == Row.Better.LOWER ? figure : 1 / figure;
    }
    return row.better() == Row.Better.LOWER ? sum : 1 / sum;
  }
}
