// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.CpuTime.Client;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CpuTimeIT {
  private static final double WORK_MICROS = 300_000;

  private final TestDatabase database = PgHelloServer.shared().createEmptyDatabase();
  private final Connection connection = database.dataSource().getConnection();
  private final long serverPid = CpuTime.serverPid(connection);

  CpuTimeIT() throws SQLException {}

  @AfterEach
  void close() throws Exception {
    connection.close();
    database.close();
  }

  @ParameterizedTest
  @EnumSource
  void countsWhatTheServerDoes(Client client) throws Exception {
    CpuTime cpu = CpuTime.start(client, serverPid);
    CpuTime thread = CpuTime.start(Client.THREAD, ProcessHandle.current().pid());
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT count(*) FROM generate_series(1, 5000000)");
    }
    assertThat(thread.microsPerCall(1)).isPositive();
    assertThat(cpu.microsPerCall(1)).isGreaterThan(50_000);
    assertThat(cpu.microsPerCall(10)).isLessThan(cpu.microsPerCall(1));
  }

  @Test
  void countsWhatAConnectionDidThatIsNew() throws Exception {
    CpuTime cpu = CpuTime.start(Client.THREAD, serverPid);
    try (Connection other = database.dataSource().getConnection();
        Statement statement = other.createStatement()) {
      statement.execute("SELECT count(*) FROM generate_series(1, 5000000)");
      assertThat(cpu.microsPerCall(1)).isGreaterThan(50_000);
    }
  }

  @Test
  void countsThisThreadOrTheWholeProcess() throws Exception {
    CpuTime thread = CpuTime.start(Client.THREAD, serverPid);
    CpuTime process = CpuTime.start(Client.PROCESS, serverPid);
    CompletableFuture.runAsync(CpuTimeIT::work).join();
    double ofThread = thread.microsPerCall(1);
    assertThat(process.microsPerCall(1)).isGreaterThanOrEqualTo(ofThread + WORK_MICROS - 50_000);
    work();
    assertThat(thread.microsPerCall(1)).isGreaterThanOrEqualTo(ofThread + WORK_MICROS);
  }

  @Test
  void countsProgramsThatHaveEnded() throws Exception {
    CpuTime cpu = CpuTime.start(Client.CHILDREN, serverPid);
    new ProcessBuilder("sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done")
        .start()
        .waitFor();
    assertThat(cpu.microsPerCall(1)).isGreaterThan(50_000);
  }

  /** Keeps this thread busy. */
  private static void work() {
    var threads = ManagementFactory.getThreadMXBean();
    long end = threads.getCurrentThreadCpuTime() + (long) (WORK_MICROS * 1e3);
    while (threads.getCurrentThreadCpuTime() < end) {
      Thread.onSpinWait();
    }
  }
}
