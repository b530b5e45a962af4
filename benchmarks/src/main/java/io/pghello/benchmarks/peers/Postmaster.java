// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.Sql;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The main process of a local server, and the server's data directory. Used to check that both are
 * gone after the server has stopped.
 */
public record Postmaster(ProcessHandle process, Path data) {
  private static final int TIMEOUT_SECONDS = 10;

  /** Queries the process and the directory of a server, on a superuser's connection. */
  public static Postmaster of(Connection connection) throws SQLException {
    return new Postmaster(
        ProcessHandle.of(CpuTime.serverPid(connection)).orElseThrow(),
        Path.of(Sql.text(connection, "SHOW data_directory")));
  }

  /** Throws unless the server has ended and its data has been removed. */
  public void requireGone() {
    if (!hasEnded(process)) {
      throw new IllegalStateException("the server with the data " + data + " is still running");
    }
    if (Files.exists(data)) {
      throw new IllegalStateException("the server has stopped, but its data still exists: " + data);
    }
  }

  private static boolean hasEnded(ProcessHandle process) {
    process.onExit().completeOnTimeout(process, TIMEOUT_SECONDS, TimeUnit.SECONDS).join();
    return !process.isAlive();
  }

  private static boolean serves(ProcessHandle process, Path folder) {
    String line = process.info().commandLine().orElse("");
    return line.contains("/postgres ") && line.contains(" -D " + folder);
  }

  /**
   * Requests an immediate shutdown of the servers in a directory. Unlike killed servers, they
   * release their shared memory.
   */
  public static void endAll(Path folder) throws IOException {
    List<ProcessHandle> servers =
        ProcessHandle.allProcesses().filter(process -> serves(process, folder)).toList();
    for (ProcessHandle server : servers) {
      new ProcessBuilder("kill", "-QUIT", Long.toString(server.pid())).start();
      if (!hasEnded(server)) {
        server.destroyForcibly();
      }
    }
  }
}
