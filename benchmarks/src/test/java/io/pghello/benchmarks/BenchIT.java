// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

class BenchIT {
  private static final String ROW = "'Hello, ' || name || '!'";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void aSideTwiceAsSlowMisses(@TempDir Path folder) throws IOException {
    Path json = folder.resolve("report.json");
    int status =
        bench(
            "extension",
            "--quick",
            "--check",
            "--handicap",
            "2",
            "--row",
            ROW,
            "--json",
            json.toString());

    assertThat(lines()).filteredOn(line -> line.contains(ROW)).anyMatch(l -> l.endsWith("MISS"));
    assertThat(status).isEqualTo(1);
    Report report = JSON.std.beanFrom(Report.class, Files.readString(json));
    assertThat(report.handicap()).isEqualTo(2);
    assertThat(report.benchmarks().get(0).results().get(0).verdict())
        .isEqualTo(Result.Verdict.MISS);
    assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
  }

  @Test
  void measuresTheClientAndItsPeers() {
    assertThat(bench("client", "--quick", "--row", "8 in flight")).isZero();
    assertThat(lines()).anyMatch(line -> line.contains("Vert.x") && line.contains("k/s"));
    assertThat(lines()).anyMatch(line -> line.contains("R2DBC") && line.contains("k/s"));
  }

  @Test
  void streamsInALittleHeap() {
    assertThat(bench("client", "--quick", "--check", "--row", "heap")).isZero();
    assertThat(lines()).anyMatch(line -> line.startsWith("heap") && line.endsWith("ok"));
  }

  @Test
  void countsTheRoundTripsOfEntities() {
    assertThat(bench("hibernate", "--quick", "--check", "--row", "round trips")).isZero();
    assertThat(figures("round trips, 10,000 inserts ", "without")).startsWith("411", "401");
    assertThat(figures("round trips, 10,000 inserts, tuned", "without")).startsWith("31", "21");
    assertThat(figures("round trips, 10,000 inserts, IDENTITY", "without"))
        .startsWith("10,001", "10,001");
    assertThat(figures("round trips, 10,000 updates", "without")).startsWith("210", "200");
    assertThat(figures("round trips, 10,000 inserts ", "@PrePersist")).startsWith("411", "20,401");
    assertThat(figures("round trips, 10,000 inserts ", "JDBC")).startsWith("411", "11");
  }

  @Test
  void timesEntitiesBesideTheUsualListener() {
    assertThat(bench("hibernate", "--quick", "--row", "1 ms away")).isZero();
    assertThat(lines()).anyMatch(line -> line.contains("@PrePersist") && line.contains("k/s"));
    assertThat(lines()).anyMatch(line -> line.contains("tuned") && line.contains("k/s"));
  }

  /** The figures of a line: our side's and the peer's first. */
  private List<String> figures(String row, String peer) {
    String line =
        lines().stream()
            .filter(each -> each.startsWith(row) && each.contains(peer))
            .findFirst()
            .orElseThrow();
    return List.of(line.substring(line.indexOf(peer)).replaceAll("^.*?  +", "").split(" +"));
  }

  @Test
  void saysWhatCannotBeRun() {
    assertThat(bench("client", "--quick", "--row", "virtual threads: not run")).isZero();
    assertThat(lines().stream().anyMatch(line -> line.contains("needs JDK 21")))
        .isEqualTo(Runtime.version().feature() < 21);
  }

  @Test
  void refusesAServerOfAnotherMajor() {
    assertThat(bench("extension", "--quick", "--row", "none", "--major", "9")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("--major is 9");
  }

  @Test
  void namesTheBenchmarksThereAre() {
    assertThat(bench("nothing")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("extension, client, start");
  }

  private int bench(String... args) {
    return Bench.run(args, stream(out), stream(err), false);
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }

  private List<String> lines() {
    return out.toString(StandardCharsets.UTF_8).lines().toList();
  }
}
