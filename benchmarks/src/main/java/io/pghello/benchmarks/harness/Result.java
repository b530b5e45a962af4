// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

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
 */
public record Result(
    Row row,
    List<Double> ours,
    List<Double> peer,
    Spread ourSpread,
    @Nullable Spread peerSpread,
    @Nullable Spread ratio,
    @Nullable Verdict verdict) {

  public enum Verdict {
    MISS,
    OK,
    /** Better than what must be: what we are after. */
    GOAL
  }

  public static Result of(Row row, List<Double> ours, List<Double> peer) {
    Spread ourSpread = Spread.of(ours);
    Spread peerSpread = peer.isEmpty() ? null : Spread.of(peer);
    Spread ratio =
        peer.isEmpty()
            ? null
            : Spread.of(
                IntStream.range(0, ours.size())
                    .mapToObj(round -> ours.get(round) / peer.get(round))
                    .toList());
    return new Result(
        row, ours, peer, ourSpread, peerSpread, ratio, verdict(row, judged(row, ourSpread, ratio)));
  }

  /** What the target is about, if the row has one; null if that is a ratio without a peer. */
  public @Nullable Spread judged() {
    return judged(row, ourSpread, ratio);
  }

  private static @Nullable Spread judged(Row row, Spread ourSpread, @Nullable Spread ratio) {
    return row.judged() == Row.Judged.RATIO ? ratio : ourSpread;
  }

  /** Joins the rounds of two results of one row. */
  public Result and(Result other) {
    return of(
        row,
        Stream.concat(ours.stream(), other.ours.stream()).toList(),
        Stream.concat(peer.stream(), other.peer.stream()).toList());
  }

  private static @Nullable Verdict verdict(Row row, @Nullable Spread judged) {
    Row.Target target = row.target();
    if (target == null) {
      return null;
    }
    if (judged == null) {
      throw new IllegalArgumentException("the target of " + row.name() + " needs a peer");
    }
    double value = row.better() == Row.Better.LOWER ? judged.upper() : judged.lower();
    if (!row.reaches(value, target.must())) {
      return Verdict.MISS;
    }
    return row.reaches(value, target.goal()) ? Verdict.GOAL : Verdict.OK;
  }
}
