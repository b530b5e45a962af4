// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MarkdownTablesTest {
  private static final Curve CURVE =
      new Curve(
          "median latency by calls",
          "calls",
          "us",
          BenchmarkRow.Better.LOWER,
          List.of(
              new Curve.Line(
                  "helloAsync()",
                  true,
                  List.of(
                      Curve.Point.of(1, List.of(10.0, 12.0, 50.0)),
                      Curve.Point.of(1_024, List.of(400.0)))),
              new Curve.Line("Vert.x", false, List.of(Curve.Point.of(1, List.of(9.0))))));

  private static final List<Report.Section> SECTIONS =
      List.of(
          section(
              "extension",
              Result.of(
                  BenchmarkRow.plain("pg_hello(name)", "'Hello, ' || name", "ns").target(0.5, 0.4),
                  List.of(10.0, 15.0, 20.0),
                  List.of(50.0, 50.0, 50.0)),
              Result.of(
                  BenchmarkRow.plain("pg_hello(name)", "format('%s!', upper(name))", "ns"),
                  List.of(10.0),
                  List.of(40.0))),
          section(
              "client",
              Result.of(
                  BenchmarkRow.rate("hello(), 9 threads", "JDBC, 9 threads", "k/s")
                      .target(4, 7)
                      .lessCpu(10),
                  List.of(45.0, 50.0, 55.0),
                  List.of(10.0, 10.0, 10.0),
                  Result.Cpu.ofMicros(List.of(0.5, 0.5, 0.5), List.of(8.0, 8.0, 8.0))),
              Result.of(
                  BenchmarkRow.plain("p50 of hello(), 1 thread", "@PrePersist, two queries", "us"),
                  List.of(60.0),
                  List.of(3_750.0)),
              Result.of(
                  BenchmarkRow.plain("heap, helloEach(9 names)", null, "MB").count(64, 32),
                  List.of(16.0),
                  List.of()),
              Result.of(
                  BenchmarkRow.plain("a test database", "by hand", "ms").count(50, 20),
                  List.of(60.0),
                  List.of(80.0))));

  @Test
  void targetsAreShownWithTheirOutcome() {
    assertThat(block("targets", false))
        .containsExactly(
            "| | measured | quartiles | must | goal |",
            "|---|--:|--:|---|---|",
            "| `pg_hello(name)` against `'Hello, ' \\|\\| name` | 0.30 × the cost | 0.25–0.35"
                + " | ≤ 0.50 | ≤ 0.40, met |",
            "| `hello()`, 9 threads against JDBC, 9 threads | 5 × (50 against 10 k/s); CPU per"
                + " call 0.50 against 8 µs, 16 × less | 4.75–5.25; CPU 16 | ≥ 4;"
                + " CPU ≥ 10 × less | ≥ 7, not met |",
            "| heap, `helloEach(9 names)` | 16 MB | 16 | ≤ 64 | ≤ 32, met |",
            "| a test database (by hand: 80 ms) | 60 ms | 60 | ≤ 50, **MISS** | ≤ 20, not met |",
            "",
            "Measured on 2026-11-20, 2026-11-21 with 2 CPUs, OpenJDK 25 and PostgreSQL 17.11;"
                + " `./dev bench` repeats the measurement on your machine.");
  }

  @Test
  void summaryOmitsInternalRows() {
    assertThat(block("summary client", false))
        .containsExactly(
            "| measurement | pg-hello | alternative | ratio |",
            "|---|--:|---|--:|",
            "| `hello()`, 9 threads | 50 k/s | JDBC, 9 threads: 10 k/s | 5 × |",
            "| heap, `helloEach(9 names)` | 16 MB | – | – |",
            "| a test database | 60 ms | by hand: 80 ms | 0.75 × the cost |",
            "",
            "Measured on 2026-11-20 with 2 CPUs, OpenJDK 25 and PostgreSQL 17.11;"
                + " `./dev bench client` repeats the measurement on your machine.");
  }

  @Test
  void aBenchmarkIsShownWithTheFiguresOfBothSides() {
    assertThat(block("client", false))
        .containsExactly(
            "| pg-hello | | alternative | | ratio | quartiles |",
            "|---|--:|---|--:|--:|--:|",
            "| `hello()`, 9 threads | 50 k/s | JDBC, 9 threads | 10 k/s | 5 | 4.75–5.25 |",
            "| p50 of `hello()`, 1 thread | 60 µs | `@PrePersist`, two queries | 3,750 µs | 0.016"
                + " | 0.016 |",
            "| heap, `helloEach(9 names)` | 16 MB | – | – | – | 16 |",
            "| a test database | 60 ms | by hand | 80 ms | 0.75 | 60 |",
            "",
            "Measured on 2026-11-20 with 2 CPUs, OpenJDK 25 and PostgreSQL 17.11;"
                + " `./dev bench client` repeats the measurement on your machine.");
  }

  @Test
  void onlyRowsOfAUnitAreShown() {
    assertThat(block("extension ns", false))
        .filteredOn(line -> line.startsWith("| `"))
        .hasSize(2)
        .last()
        .asString()
        .contains("| `format('%s!', upper(name))` |");
    assertThat(block("client us", false)).filteredOn(line -> line.contains("µs")).hasSize(1);
    assertThat(block("client us", false)).noneMatch(line -> line.contains("k/s"));
  }

  @Test
  void quickRunIsMarkedAsRough() {
    assertThat(block("client", true))
        .last()
        .asString()
        .startsWith("Roughly measured on")
        .contains("`./dev bench client --quick`");
  }

  @Test
  void nothingElseOfAPageChanges() {
    String page = "$1\n\n" + empty("client us") + "\nin between\n" + empty("targets") + "\\end";
    String filled = table(false).fill(page);
    assertThat(filled)
        .startsWith("$1\n\n<!-- results: client us -->\n| pg-hello |")
        .contains("on your machine.\n<!-- end -->\n\nin between\n<!-- results: targets -->\n| |")
        .endsWith("on your machine.\n<!-- end -->\n\\end");
    assertThat(table(false).fill(filled)).isEqualTo(filled);
    assertThat(MarkdownTables.count(filled)).isEqualTo(2);
    assertThat(table(false).fill("no table")).isEqualTo("no table");
  }

  @ParameterizedTest
  @ValueSource(strings = {"jooq", "client ns", "extension MB"})
  void aTableWithoutRowsIsRefused(String what) {
    assertThatThrownBy(() -> table(false).fill(empty(what)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + what + "\"");
  }

  @Test
  void aTableWithoutAnEndIsRefused() {
    assertThatThrownBy(() -> table(false).fill("<!-- results: client -->\n" + empty("targets")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("<!-- end -->");
  }

  @Test
  void resultsOfAHandicapAreRefused() {
    var report = new Report(environment(), false, false, "", 3, 2, SECTIONS);
    assertThatThrownBy(() -> new MarkdownTables(report))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--handicap 2");
  }

  @Test
  void targetsCanBeLimitedToSomeBenchmarks() {
    List<String> lines = block("targets client", false);
    assertThat(lines).filteredOn(line -> line.startsWith("| ")).hasSize(4);
    assertThat(lines).noneMatch(line -> line.contains("pg_hello(name)"));
    assertThat(lines)
        .last()
        .asString()
        .contains("`./dev bench client` repeats the measurement on your machine.");
  }

  @Test
  void curvesHaveALineForEachSideAndAColumnForEachPoint() {
    assertThat(block("median latency by calls", false))
        .containsExactly(
            "| calls; µs | 1 | 1,024 |",
            "|---|--:|--:|",
            "| `helloAsync()` | 12 | 400 |",
            "| Vert.x | 9 | – |",
            "",
            "Measured on 2026-11-20 with 2 CPUs, OpenJDK 25 and PostgreSQL 17.11;"
                + " `./dev bench client` repeats the measurement on your machine.");
  }

  private static List<String> block(String what, boolean quick) {
    List<String> lines = table(quick).fill(empty(what)).lines().toList();
    assertThat(lines).first().isEqualTo("<!-- results: " + what + " -->");
    assertThat(lines).last().isEqualTo("<!-- end -->");
    return lines.subList(1, lines.size() - 1);
  }

  private static String empty(String what) {
    return "<!-- results: " + what + " -->\n<!-- end -->\n";
  }

  private static MarkdownTables table(boolean quick) {
    return new MarkdownTables(new Report(environment(), quick, false, "", 3, 1, SECTIONS));
  }

  private static Environment environment() {
    return new Environment("2026-11-20T08:00:00Z", 2, "OpenJDK 25", "Linux", List.of());
  }

  private static Report.Section section(String name, Result... results) {
    return new Report.Section(
        name,
        name.equals("client") ? "2026-11-20T08:00:00Z" : "2026-11-21T08:00:00Z",
        new Environment.Server("17.11", "1.1", Map.of()),
        List.of(results),
        name.equals("client") ? List.of(CURVE) : List.of(),
        List.of());
  }
}
