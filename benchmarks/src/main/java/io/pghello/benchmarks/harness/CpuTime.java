// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.stream.Stream;

/**
 * The CPU time that a client and a server have used since a start time, as counted by Linux.
 * Includes all processes of the server and of the selected client.
 */
public final class CpuTime {
  private static final long NANOS_PER_TICK = 10_000_000;

  private final Client client;
  private final long serverPid;
  private final long clientNanos;
  private final long serverNanos;

  /** Selects the CPU time of the client. */
  public interface Client {
    /** No client: only the server's CPU time is counted. */
    Client NONE = () -> 0;

    /**
     * The calling thread, with a resolution of nanoseconds. Suitable for clients that use no other
     * threads.
     */
    Client THREAD = () -> ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();

    /** This JVM with all its threads, with a resolution of ten milliseconds. */
    Client PROCESS = of(ProcessHandle.current());

    /** The child processes of this JVM that have ended, with a resolution of ten milliseconds. */
    Client CHILDREN = () -> childrenNanos("self");

    /** A process with all its threads, with a resolution of ten milliseconds. */
    static Client of(ProcessHandle process) {
      return () -> process.info().totalCpuDuration().orElseThrow().toNanos();
    }

    /** A process and all its running descendants. */
    static Client withDescendants(ProcessHandle process) {
      return () ->
          Stream.concat(Stream.of(process), process.descendants())
              .flatMap(each -> each.info().totalCpuDuration().stream())
              .mapToLong(Duration::toNanos)
              .sum();
    }

    /** Returns the CPU time since the start of the client. */
    long nanos() throws IOException;
  }

  private CpuTime(Client client, long serverPid) throws IOException {
    this.client = client;
    this.serverPid = serverPid;
    this.serverNanos = serverNanos();
    this.clientNanos = client.nanos();
  }

  /** Starts counting the CPU time of a client, and of the server with this main process. */
  public static CpuTime start(Client client, long serverPid) throws IOException {
    return new CpuTime(client, serverPid);
  }

  /** Returns the process ID of the server's main process. */
  public static long serverPid(Connection connection) throws SQLException {
    return ProcessHandle.of(Long.parseLong(Sql.text(connection, "SELECT pg_backend_pid()")))
        .flatMap(ProcessHandle::parent)
        .orElseThrow(() -> new IllegalStateException("the server is not on this machine"))
        .pid();
  }

  /** Returns the CPU time per call in microseconds, given the number of calls. */
  public double microsPerCall(double calls) throws IOException {
    long nanos = client.nanos() - clientNanos + serverNanos() - serverNanos;
    return nanos / calls / 1e3;
  }

  /** Returns the total CPU time of a process's child processes that have ended. */
  private static long childrenNanos(String pid) throws IOException {
    String stat = Files.readString(Path.of("/proc", pid, "stat"));
    // the second field is the name, which may contain spaces; the third field follows its closing
    // parenthesis
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[13]) + Long.parseLong(fields[14])) * NANOS_PER_TICK;
  }

  /** Returns the CPU time of the server's processes, including ended ones. */
  private long serverNanos() throws IOException {
    String main = Long.toString(serverPid);
    long nanos = childrenNanos(main);
    String children = Files.readString(Path.of("/proc", main, "task", main, "children"));
    for (String pid : (main + " " + children).strip().split(" ", -1)) {
      try {
        String times = Files.readString(Path.of("/proc", pid, "schedstat"));
        nanos += Long.parseLong(times.substring(0, times.indexOf(' ')));
      } catch (IOException e) {
        // the process has just ended, before or after the file was opened
      }
    }
    return nanos;
  }
}
