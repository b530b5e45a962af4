// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.CpuTime.Client;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloServer;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CpuTimeIT {
  private static final double WORK_MICROS = 300_000;
  private static final String LOOP = "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done";

  private final TestDatabase database = PgHelloServer.shared().createEmptyDatabase();
  private final Connection connection = database.dataSource().getConnection();
  private final long serverPid = CpuTime.serverPid(connection);

  CpuTimeIT() throws SQLException {}

  @AfterEach
  void close() throws Exception {
    connection.close();
    database.close();
  }

  static Stream<Client> clients() {
    return Stream.of(
        Client.NONE,
        Client.THREAD,
        Client.PROCESS,
        Client.CHILDREN,
        Client.of(ProcessHandle.current()));
  }

  @ParameterizedTest
  @MethodSource("clients")
  void countsTheServersCpuTime(Client client) throws Exception {
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
  void countsANewConnection() throws Exception {
    CpuTime cpu = CpuTime.start(Client.THREAD, serverPid);
    try (Connection other = database.dataSource().getConnection();
        Statement statement = other.createStatement()) {
      statement.execute("SELECT count(*) FROM generate_series(1, 5000000)");
      assertThat(cpu.microsPerCall(1)).isGreaterThan(50_000);
    }
  }

  @Test
  void countsAConnectionThatHasEnded() throws Exception {
    CpuTime cpu = CpuTime.start(Client.NONE, serverPid);
    ProcessHandle process;
    try (Connection other = database.dataSource().getConnection();
        Statement statement = other.createStatement()) {
      long pid = Long.parseLong(Sql.text(other, "SELECT pg_backend_pid()"));
      process = ProcessHandle.of(pid).orElseThrow();
      statement.execute("SELECT count(*) FROM generate_series(1, 5000000)");
    }
    process.onExit().join();
    assertThat(cpu.microsPerCall(1)).isGreaterThan(50_000);
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
  void countsOnlyTheServer() throws Exception {
    CpuTime server = CpuTime.start(Client.NONE, serverPid);
    CpuTime all = CpuTime.start(Client.PROCESS, serverPid);
    work();
    assertThat(all.microsPerCall(1) - server.microsPerCall(1))
        .isGreaterThanOrEqualTo(WORK_MICROS - 50_000);
  }

  @Test
  void countsAnotherProcess() throws Exception {
    Process other = new ProcessBuilder("sh", "-c", LOOP + "; read line").start();
    CpuTime cpu = CpuTime.start(Client.of(other.toHandle()), serverPid);
    CpuTime ended = CpuTime.start(Client.CHILDREN, serverPid);
    while (cpu.microsPerCall(1) < 50_000) {
      Thread.onSpinWait();
    }
    assertThat(ended.microsPerCall(1)).isLessThan(50_000);
    other.destroy();
    other.waitFor();
  }

  @Test
  void countsProgramsThatHaveEnded() throws Exception {
    CpuTime cpu = CpuTime.start(Client.CHILDREN, serverPid);
    new ProcessBuilder("sh", "-c", LOOP).start().waitFor();
    assertThat(cpu.microsPerCall(1)).isGreaterThan(50_000);
  }

  @Test
  void toleratesProcessesThatEndWhileTheyAreRead() throws Exception {
    Process server = new ProcessBuilder("sh", "-c", "while :; do /bin/true; done").start();
    try {
      CpuTime cpu = CpuTime.start(Client.NONE, server.pid());
      for (int i = 0; i < 20_000; i++) {
        assertThat(cpu.microsPerCall(1)).isNotNaN();
      }
    } finally {
      server.destroy();
      server.waitFor();
    }
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
