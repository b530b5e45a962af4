// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The measurement of a row: a check, both sides, and the numbers of rounds.
 *
 * @param check fails if an answer of one of the sides is wrong; runs once, before the first round
 * @param warmUps rounds whose figures are thrown away
 */
public record Comparison(
    Row row, Action check, Side ours, @Nullable Side peer, int warmUps, int rounds) {
  /** The check of sides that look at every answer while they measure. */
  public static final Action CHECKED_MEANWHILE = () -> {};

  /** Does something. */
  public interface Action {
    void run() throws Exception;
  }

  /** A figure in the row's unit, and the CPU time of a call; NaN if that is not counted. */
  public record Sample(double figure, double cpuMicros) {}

  /** One of the sides. */
  public interface Side {
    /** Works once, and returns the figure in the row's unit. */
    double measure() throws Exception;

    /** Works once, and returns the figure with what CPU time a call took, if that is counted. */
    default Sample sample() throws Exception {
      return new Sample(measure(), Double.NaN);
    }

    /** A side that counts CPU time. */
    static Side of(Sampler sampler) {
      return sampler;
    }

    /** Does so many things at a time; in thousands a second, with the CPU time of this thread. */
    static Side rate(int count, long serverPid, Action work) {
      return of(
          () -> {
            CpuTime cpu = CpuTime.start(CpuTime.Client.THREAD, serverPid);
            long start = System.nanoTime();
            work.run();
            double rate = count * 1e6 / (System.nanoTime() - start);
            return new Sample(rate, cpu.microsPerCall(count));
          });
    }
  }

  /** A side that counts CPU time. */
  public interface Sampler extends Side {
    @Override
    Sample sample() throws Exception;

    @Override
    default double measure() throws Exception {
      return sample().figure();
    }
  }

  /** The same with another check. */
  public Comparison withCheck(Action otherCheck) {
    return new Comparison(row, otherCheck, ours, peer, warmUps, rounds);
  }

  /** The same for a row that is judged otherwise. */
  public Comparison withRow(Row other) {
    return new Comparison(other, check, ours, peer, warmUps, rounds);
  }

  /** Returns the number of times that each side is measured. */
  public int steps() {
    return warmUps + rounds;
  }

  /**
   * Measures the sides alternately, with another one first in each round.
   *
   * @param handicap by how much our side is slowed down
   * @param again whether what misses is measured once more: a busy moment passes, and what is
   *     broken stays
   */
  public Result measure(int handicap, boolean again, Consumer<String> progress) throws Exception {
    check.run();
    Result first = measureRounds(handicap, progress);
    // nobody was told of more steps
    return again && first.verdict() == Result.Verdict.MISS
        ? measureRounds(handicap, step -> {})
        : first;
  }

  private Result measureRounds(int handicap, Consumer<String> progress) throws Exception {
    List<Sample> ourSamples = new ArrayList<>();
    List<Sample> peerSamples = new ArrayList<>();
    for (int round = -warmUps; round < rounds; round++) {
      progress.accept(row.name());
      if (round == 0) {
        ourSamples.clear();
        peerSamples.clear();
      }
      boolean oursFirst = round % 2 == 0;
      if (oursFirst) {
        ourSamples.add(slowed(handicap));
      }
      if (peer != null) {
        peerSamples.add(peer.sample());
      }
      if (!oursFirst) {
        ourSamples.add(slowed(handicap));
      }
    }
    return Result.ofSamples(row, ourSamples, peerSamples);
  }

  /** Does our work so many times: costs add up, and so do the inverses of rates. */
  private Sample slowed(int times) throws Exception {
    if (times == 1 || row.judged() == Row.Judged.COUNT) {
      return ours.sample();
    }
    double sum = 0;
    double cpu = 0;
    for (int i = 0; i < times; i++) {
      Sample sample = ours.sample();
      sum += row.better().time(sample.figure);
      cpu += sample.cpuMicros;
    }
    return new Sample(row.better().time(sum), cpu);
  }
}
