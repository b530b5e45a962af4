// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pghello.benchmarks.harness.ChildJvm;
import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.report.Report;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

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
            "clock_timestamp()",
            "--json",
            json.toString());

    assertThat(lines())
        .filteredOn(line -> line.contains("clock_timestamp()"))
        .singleElement()
        .matches(line -> line.endsWith("MISS"));
    assertThat(status).isEqualTo(1);
    Report report = Report.fromJson(Files.readString(json));
    assertThat(report.handicap()).isEqualTo(2);
    assertThat(report.benchmarks().get(0).results().get(0).verdict())
        .isEqualTo(Result.Verdict.MISS);
    assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
  }

  @Test
  @Tag("slow")
  void combinesMeasurementsOfForks(@TempDir Path folder) throws IOException {
    Path json = folder.resolve("report.json");
    List<String> options = List.of("extension", "--quick", "--row", "now_ms()", "--json");
    assertThat(bench(with(options, json.toString()))).isZero();
    int rounds = nowMs(json).ours().size();
    assertThat(bench(with(options, json.toString(), "--forks", "2"))).isZero();
    assertThat(nowMs(json).ours()).hasSize(2 * rounds);
    assertThat(nowMs(json).peer()).hasSize(2 * rounds);
    assertThat(lines()).filteredOn(line -> line.startsWith("now_ms()")).hasSize(2);
  }

  private static Result nowMs(Path json) throws IOException {
    return Report.fromJson(Files.readString(json)).benchmarks().get(0).results().stream()
        .filter(result -> result.row().name().equals("now_ms()"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aFailureOfAForkIsShown() {
    assumeThat(System.getProperty("pg-hello.bench.peer")).isNull();
    assertThat(bench("extension", "--quick", "--row", "SPI_execute")).isEqualTo(1);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("the peer is not compiled; run ./dev bench");
  }

  @Test
  @Tag("slow")
  void measuresTheClientAndItsPeers() {
    assertThat(bench("client", "--quick", "--row", "1 ms away")).isZero();
    assertThat(lines()).anyMatch(line -> line.contains("Vert.x") && line.contains("k/s"));
    assertThat(lines()).anyMatch(line -> line.contains("JDBC, 256") && line.contains("k/s"));
    assertThat(bench("client", "--quick", "--row", "R2DBC")).isZero();
    assertThat(lines()).anyMatch(line -> line.contains("R2DBC") && line.contains("k/s"));
  }

  @Test
  @Tag("slow")
  void measuresAlongAnAxis(@TempDir Path folder) throws IOException {
    Path json = folder.resolve("report.json");
    assertThat(bench("client", "--quick", "--row", "names per call", "--json", json.toString()))
        .isZero();
    List<Curve> curves = Report.fromJson(Files.readString(json)).benchmarks().get(0).curves();
    assertThat(curves).hasSize(1);
    List<Curve.Line> curveLines = curves.get(0).lines();
    assertThat(curveLines.get(0).points()).hasSize(6).allMatch(p -> p.spread().median() > 0);
    assertThat(curveLines.get(1).points()).hasSize(4);
    assertThat(lines()).anyMatch(line -> line.matches("JDBC, one by one( +[0-9.]+){4} +- +-"));
  }

  @Test
  @Tag("slow")
  void guardChecksTargetsThatHoldOnBusyMachines() {
    // allocation hardly depends on other load on the machine
    assertThat(bench("client", "--guard", "--row", "JDBC, 1 thread")).isZero();
    assertThat(lines())
        .filteredOn(line -> line.contains("JDBC, 1 thread"))
        .singleElement()
        .matches(line -> line.startsWith("allocated, hello(), 1 thread"))
        .matches(line -> line.matches(".* <= 2 +<= 2\\* .* ok"));
  }

  @Test
  @Tag("slow")
  void aGuardCanFail() {
    assertThat(bench("extension", "--guard", "--handicap", "4", "--row", ROW)).isEqualTo(1);
    assertThat(lines()).anyMatch(line -> line.contains(ROW) && line.endsWith("MISS"));
  }

  @Test
  void aCheckOfNothingFails() {
    assertThat(bench("extension", "--quick", "--check", "--row", "no such row")).isEqualTo(1);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("no row was judged");
  }

  @Test
  @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
  void forkEndsIfItsParentIsGone() throws Exception {
    // this command would run for some minutes
    List<String> arguments = List.of("--fork", "client");
    ChildJvm fork =
        ChildJvm.start(
            Bench.class.getName(), ChildJvm.measuring(), arguments, Map.of(), line -> {});
    try (fork) {
      assertThat(fork.receive(ForkMessage.class)).extracting(ForkMessage::plan).isNotNull();
    }
    assertThat(fork.waitFor()).isNotZero();
  }

  @Test
  @Tag("slow")
  void streamsInALittleHeap() {
    assertThat(bench("client", "--quick", "--check", "--row", "heap")).isZero();
    assertThat(lines()).anyMatch(line -> line.startsWith("heap") && line.endsWith("ok"));
  }

  @Test
  @Tag("slow")
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
  @Tag("slow")
  void comparesEntitiesWithTheUsualListener() {
    assertThat(bench("hibernate", "--quick", "--row", "1 ms away")).isZero();
    assertThat(lines()).anyMatch(line -> line.contains("@PrePersist") && line.contains("k/s"));
    assertThat(lines()).anyMatch(line -> line.contains("tuned") && line.contains("k/s"));
  }

  /** Returns the figures in a line, which begin with our figure and the peer's figure. */
  private List<String> figures(String row, String peer) {
    String line =
        lines().stream()
            .filter(each -> each.startsWith(row) && each.contains(peer))
            .findFirst()
            .orElseThrow();
    return List.of(line.substring(line.indexOf(peer)).replaceAll("^.*?  +", "").split(" +"));
  }

  @Test
  @Tag("slow")
  void reportsRowsThatCannotRun() {
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

  private static String[] with(List<String> options, String... more) {
    return Stream.concat(options.stream(), Stream.of(more)).toArray(String[]::new);
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
