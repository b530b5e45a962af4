// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResultTextTest {
  @Test
  void sayWhoIsFasterWhicheverWayAGoodFigureGoes() {
    assertThat(words(Row.plain("a", "b", "ns"), 2, 6)).isEqualTo("3 × as fast");
    assertThat(words(Row.plain("a", "b", "us"), 6, 2)).isEqualTo("3 × as slow");
    assertThat(words(Row.rate("a", "b", "k/s"), 6, 2)).isEqualTo("3 × as fast");
    assertThat(words(Row.rate("a", "b", "/ms"), 2, 6)).isEqualTo("3 × as slow");
  }

  @Test
  void sayWhoNeedsMore() {
    assertThat(words(Row.plain("a", "b", "B"), 2, 6)).isEqualTo("3 × less");
    assertThat(words(Row.plain("round trips", "b", ""), 411, 11)).isEqualTo("37.4 × as much");
  }

  @Test
  void sayWhenNobodyIsAhead() {
    assertThat(words(Row.plain("a", "b", "ms"), 7, 7)).isEqualTo("just as fast");
    assertThat(words(Row.rate("a", "b", "k/s"), 1000, 1001)).isEqualTo("just as fast");
    assertThat(words(Row.plain("a", "b", "KB"), 7, 7)).isEqualTo("just as much");
    assertThat(ResultText.of(Result.of(Row.plain("a", null, "KB"), List.of(-4.0), List.of())))
        .isEqualTo("no peer");
  }

  @Test
  void sayWhenTheQuartilesLieOnBothSides() {
    Result result =
        Result.of(Row.plain("a", "b", "ms"), List.of(8.0, 11.0, 13.0), List.of(10.0, 10.0, 10.0));
    assertThat(ResultText.of(result)).isEqualTo("1.10 × as slow, within the spread");
  }

  @Test
  void sayTheRatesOfBothSides() {
    List<Double> ours = List.of(1_300.0, 1_407.0, 1_500.0);
    List<Double> peer = List.of(108.0, 110.0, 140.0);
    assertThat(ResultText.rates(Result.of(Row.rate("a", "b", "k/s"), ours, peer)))
        .isEqualTo("1,407 against 110 k/s");
    assertThat(ResultText.rates(Result.of(Row.plain("a", "b", "ms"), ours, peer))).isEmpty();
    assertThat(ResultText.rates(Result.of(Row.rate("a", null, "k/s"), ours, List.of()))).isEmpty();
  }

  @Test
  void sayTheCpuTimeOfACall() {
    Row row = Row.rate("a", "b", "k/s");
    assertThat(ResultText.cpu(counted(row, 0.62, 8.9)))
        .isEqualTo("CPU a call 0.62 against 8.90 us, 14.4 × less");
    assertThat(ResultText.cpu(counted(row, 30, 20)))
        .isEqualTo("CPU a call 30 against 20 us, 1.50 × more");
    assertThat(ResultText.cpu(Result.of(row, List.of(1.0), List.of(1.0)))).isEmpty();
  }

  private static Result counted(Row row, double ours, double peer) {
    return Result.of(
        row, List.of(1.0), List.of(1.0), Result.Cpu.ofMicros(List.of(ours), List.of(peer)));
  }

  @Test
  void sayWhatATargetIsAbout() {
    assertThat(ResultText.target(Row.plain("a", "b", "ns").target(0.5, 0.4), 0.5))
        .isEqualTo("≤ 0.50");
    assertThat(ResultText.target(Row.rate("a", "b", "k/s").target(30, 60), 60)).isEqualTo("≥ 60");
    assertThat(ResultText.target(Row.plain("a", null, "KB").count(512, 512), 512))
        .isEqualTo("ours ≤ 512 KB");
    assertThat(ResultText.target(Row.plain("a", "b", "").count(411, 411), 411))
        .isEqualTo("ours ≤ 411");
  }

  private static String words(Row row, double ours, double peer) {
    return ResultText.of(Result.of(row, List.of(ours), List.of(peer)));
  }
}
