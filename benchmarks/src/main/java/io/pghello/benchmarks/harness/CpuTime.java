// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;

/**
 * The CPU time that a client and a server use from one moment on, as Linux counts it: of all the
 * server's processes, and of the client that is asked for.
 */
public final class CpuTime {
  private static final OperatingSystemMXBean PROCESS =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private static final long NANOS_PER_TICK = 10_000_000;

  private final Client client;
  private final long serverPid;
  private final long clientNanos;
  private final Map<String, Long> serverNanos;

  /** What counts as the client. */
  public enum Client {
    /** The thread that asks: what a caller without other threads needs, to the nanosecond. */
    THREAD,
    /** This JVM with all its threads, to ten milliseconds. */
    PROCESS,
    /** The programs that this JVM started and that have ended, to ten milliseconds. */
    CHILDREN;

    private long nanos() throws IOException {
      return switch (this) {
        case THREAD -> ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        case PROCESS -> CpuTime.PROCESS.getProcessCpuTime();
        case CHILDREN -> {
          String stat = Files.readString(Path.of("/proc/self/stat"));
          // what follows the name, which may have spaces, begins with the third field
          String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
          yield (Long.parseLong(fields[13]) + Long.parseLong(fields[14])) * NANOS_PER_TICK;
        }
      };
    }
  }

  private CpuTime(Client client, long serverPid) throws IOException {
    this.client = client;
    this.serverPid = serverPid;
    this.serverNanos = serverNanos();
    this.clientNanos = client.nanos();
  }

  /** Begins to count, with the server whose main process this is. */
  public static CpuTime start(Client client, long serverPid) throws IOException {
    return new CpuTime(client, serverPid);
  }

  /** Returns the process identifier of the server's main process. */
  public static long serverPid(Connection connection) throws SQLException {
    return ProcessHandle.of(Long.parseLong(Sql.text(connection, "SELECT pg_backend_pid()")))
        .flatMap(ProcessHandle::parent)
        .orElseThrow(() -> new IllegalStateException("the server is not on this machine"))
        .pid();
  }

  /** Returns the microseconds since the start, for each of so many calls. */
  public double microsPerCall(double calls) throws IOException {
    long nanos = client.nanos() - clientNanos;
    for (var process : serverNanos().entrySet()) {
      nanos += process.getValue() - serverNanos.getOrDefault(process.getKey(), 0L);
    }
    return nanos / calls / 1e3;
  }

  private Map<String, Long> serverNanos() throws IOException {
    Map<String, Long> nanos = new HashMap<>();
    String main = Long.toString(serverPid);
    String children = Files.readString(Path.of("/proc", main, "task", main, "children"));
    for (String pid : (main + " " + children).strip().split(" ", -1)) {
      try {
        String times = Files.readString(Path.of("/proc", pid, "schedstat"));
        nanos.put(pid, Long.valueOf(times.substring(0, times.indexOf(' '))));
      } catch (NoSuchFileException e) {
        // a process that has just ended
      }
    }
    return nanos;
  }
}
