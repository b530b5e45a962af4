// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextTableTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "1234.5; 1,235",
        "411; 411",
        "12.34; 12.3",
        "0.456; 0.46",
        "0.0149; 0.015",
        "0.00432; 0.0043",
        "0; 0",
        "-4; -4"
      })
  void figuresHaveTwoOrThreeDigits(double value, String figure) {
    assertThat(TextTable.figure(value)).isEqualTo(figure);
  }

  @Test
  void mayHaveNoRows() {
    assertThat(new TextTable(List.of()).header()).contains("against");
  }

  @Test
  void marksARowThatWasTooShortToMeasure() {
    BenchmarkRow row = BenchmarkRow.plain("CPU of 10 loads", "without", "ms").target(1.08, 1.03);
    String line = new TextTable(List.of(row)).line(Result.of(row, List.of(0.0), List.of(0.0)));
    assertThat(line).endsWith("too short").doesNotContain("NaN", "MISS");
  }

  @Test
  void countsTheLibraries() {
    var environment =
        new Environment("2026-11-20", 2, "OpenJDK 25", "Linux", List.of("one 1.0", "two 2.0"));
    assertThat(TextTable.environment(environment))
        .isEqualToIgnoringNewLines(
            "2026-11-20; 2 CPUs; OpenJDK 25; Linux; 2 libraries, which --json names");
  }
}
