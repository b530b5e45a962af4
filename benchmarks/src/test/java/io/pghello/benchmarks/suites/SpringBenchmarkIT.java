// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.load.ApplicationProcess;
import io.pghello.benchmarks.load.ClientController;
import io.pghello.benchmarks.load.Workload;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Tag("slow")
class SpringBenchmarkIT {
  @Tag("long")
  @Test
  void measuresAllThatThisJdkHas() throws Exception {
    List<String> rows = new ArrayList<>();
    try (var benchmark = new SpringBenchmark(true)) {
      for (Comparison comparison : benchmark.comparisons()) {
        rows.add(Once.measure(comparison).row().name());
      }
      boolean virtual = Workload.virtualThreads() != null;
      assertThat(rows).hasSize(virtual ? 4 : 1);
      assertThat(benchmark.notRun()).hasSize(virtual ? 0 : 1);
    }
  }

  @Test
  @Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
  void anApplicationThatDoesNotStartEnds() throws Exception {
    try (ExtensionServer server = ExtensionServer.start();
        TestDatabase database = server.createDatabase()) {
      Address address = Address.of(database.jdbcUrl());
      // there is no client to inject into this application's controller
      assertThatThrownBy(
              () -> new ApplicationProcess(ClientController.class, false, address, 1, 1, List.of()))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("the application did not start");
    }
  }
}
