// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The measurement of a row, which consists of a check, both sides, and the numbers of rounds.
 *
 * @param check the check, which runs once before the first round, and fails if a side returns a
 *     wrong result
 * @param warmUps the number of rounds at the start that are not part of the result
 */
public record Comparison(
    BenchmarkRow row, Action check, Side ours, @Nullable Side peer, int warmUps, int rounds) {
  /** An empty check, for sides that verify each result during the measurement. */
  public static final Action CHECKED_MEANWHILE = () -> {};

  /** An action to measure. */
  public interface Action {
    void run() throws Exception;
  }

  /** A figure in the row's unit, and the CPU time per call, which is NaN if it was not measured. */
  public record Sample(double figure, double cpuMicros) {}

  /** One side of a comparison. */
  public interface Side {
    /** Runs once, and returns the figure in the row's unit. */
    double measure() throws Exception;

    /** Runs once. Returns the figure, and the CPU time per call if the side measures it. */
    default Sample sample() throws Exception {
      return new Sample(measure(), Double.NaN);
    }

    /** Returns a side that measures CPU time. */
    static Side of(Sampler sampler) {
      return sampler;
    }

    /**
     * Returns a side that runs a number of calls per measurement. Its figure is the rate in
     * thousands of calls per second, and its CPU time is the time of this thread and the server.
     */
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

  /** A side that measures CPU time. */
  public interface Sampler extends Side {
    @Override
    Sample sample() throws Exception;

    @Override
    default double measure() throws Exception {
      return sample().figure();
    }
  }

  /** Returns a copy with a different check. */
  public Comparison withCheck(Action otherCheck) {
    return new Comparison(row, otherCheck, ours, peer, warmUps, rounds);
  }

  /** Returns a copy with a different row. */
  public Comparison withRow(BenchmarkRow other) {
    return new Comparison(other, check, ours, peer, warmUps, rounds);
  }

  /** Returns the number of measurements per side. */
  public int steps() {
    return warmUps + rounds;
  }

  /**
   * Measures the sides alternately. The side that is measured first alternates with each round.
   *
   * @param handicap the factor by which our side is slowed down
   * @param again whether to repeat a measurement that misses its target; a regression misses it
   *     again, whereas other load on the machine is temporary
   */
  public Result measure(int handicap, boolean again, Consumer<String> progress) throws Exception {
    check.run();
    Result first = measureRounds(handicap, progress);
    // no progress is reported for the repetition, because the announced number of steps does not
    // include it
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

  /**
   * Measures our side, and returns its figure with a handicap: costs are multiplied, and rates are
   * divided.
   */
  private Sample slowed(int times) throws Exception {
    if (times == 1 || row.judged() == BenchmarkRow.Judged.COUNT) {
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
