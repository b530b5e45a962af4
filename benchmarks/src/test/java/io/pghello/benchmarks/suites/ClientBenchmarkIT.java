// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.load.LoadProcess;
import io.pghello.benchmarks.load.StreamingGreeting;
import io.pghello.benchmarks.load.Workload;
import io.pghello.benchmarks.peers.PgbenchPeer;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("slow")
class ClientBenchmarkIT {
  @Test
  void measuresOneCallerAlternately() throws Exception {
    assertMeasured("JDBC, (1 thread|one by one)", 2);
  }

  @Test
  void measuresBestAgainstBest() throws Exception {
    assertMeasured("Vert.x, .*best.*", 1);
  }

  @Test
  void measuresPgbenchIfThereIsOne() throws Exception {
    try (var pgbench = new PgbenchPeer(new Address("", 0, "", "", ""), 0)) {
      assertMeasured("pgbench.*", pgbench.isInstalled() ? 3 : 0);
    }
  }

  @Test
  void triesAHeapThatReachesTheGoal() throws Exception {
    try (var benchmark = new ClientBenchmark(true)) {
      assertThat(benchmark.comparisons())
          .extracting(Comparison::row)
          .filteredOn(row -> row.name().startsWith("heap"))
          .extracting(BenchmarkRow::target)
          .singleElement()
          .satisfies(
              target ->
                  assertThat(StreamingGreeting.HEAPS_MB)
                      .anyMatch(heap -> target != null && heap <= target.goal()));
    }
  }

  private static void assertMeasured(String peers, int rows) throws Exception {
    try (var benchmark = new ClientBenchmark(true)) {
      List<Comparison> chosen =
          benchmark.comparisons().stream()
              .filter(comparison -> String.valueOf(comparison.row().peer()).matches(peers))
              .filter(comparison -> !comparison.row().name().startsWith("allocated"))
              .toList();
      assertThat(chosen).hasSize(rows);
      for (Comparison comparison : chosen) {
        Once.measure(comparison);
      }
    }
  }

  /** Some libraries have threads that would keep their JVM running, and its parent waiting. */
  @ParameterizedTest
  @EnumSource(names = {"ASYNC", "ASYNC_VERTX", "JDBC_THREADS", "VERTX", "R2DBC"})
  @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
  void aLibraryThatFailsEnds(Workload library) throws Exception {
    try (ExtensionServer server = ExtensionServer.start();
        TestDatabase database = server.createDatabase()) {
      Address address = Address.of(database.jdbcUrl());
      assertThatThrownBy(() -> new LoadProcess(library, address, 1, ProcessHandle.current().pid()))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("a library under load has exited");
    }
  }
}
