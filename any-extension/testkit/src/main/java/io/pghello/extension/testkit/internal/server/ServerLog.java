// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.database.Remedies;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The log of an embedded server, and error messages that contain parts of it. */
final class ServerLog {
  private static final int LOG_LINES = 8;
  private static final long POLL_MILLIS = 5;
  private static final long CRASH_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final int CRASH_LINES = 3;
  private static final String CRASHED = "terminating any other active server processes";

  private final Path file;
  private final PostgresCommands programs;
  private final int major;

  ServerLog(Path file, PostgresCommands programs, int major) {
    this.file = file;
    this.programs = programs;
    this.major = major;
  }

  /** Returns the length of the log in bytes. */
  long length() {
    return file.toFile().length();
  }

  /** Returns the message for a program that failed with the given exit status. */
  static String ended(String program, int status) {
    return program + " ended with status " + status + "." + Remedies.ofStatus(status);
  }

  /**
   * Returns the message for a failed start, with the end of the log.
   *
   * @param logged the length of the log before this start, in bytes
   */
  String startFailure(int port, long logged, Throwable cause) throws IOException {
    String log = since(logged);
    return "PostgreSQL "
        + major
        + " in "
        + programs.bin()
        + " did not start"
        + (port == 0 ? "" : " on port " + port)
        + (log.contains("cannot be run as root")
            ? ": it refuses to run as root"
                + (programs.platform().isLinux()
                    ? ", and user namespaces (unshare -U) are not allowed here"
                    : "")
                + ". Run the tests as an ordinary user, or let them use a server in a container or"
                + " an existing server"
            : "")
        + ". "
        + (cause.getClass() == IOException.class ? cause.getMessage() : cause)
        + Remedies.of(log)
        + " "
        + endOfLog(logged);
  }

  /**
   * Returns the log of this start.
   *
   * @param logged the length of the log before this start, in bytes
   */
  private String since(long logged) throws IOException {
    if (!Files.exists(file)) {
      return "";
    }
    byte[] bytes = Files.readAllBytes(file);
    return new String(bytes, (int) logged, bytes.length - (int) logged, StandardCharsets.UTF_8);
  }

  private String endOfLog(long logged) throws IOException {
    List<String> lines = since(logged).lines().toList();
    return "The end of its log: "
        + String.join(" | ", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
  }

  /** Waits until the server has logged that one of its processes crashed. */
  void awaitCrash() throws IOException {
    long end = System.nanoTime() + CRASH_NANOS;
    // the client notices the crash before the server does
    while (!since(0).contains(CRASHED) && System.nanoTime() < end) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
    }
  }

  /** Returns the error message about a crashed process. */
  String crashMessage() throws IOException {
    List<String> lines = since(0).lines().toList();
    int crashed = 0;
    while (crashed < lines.size() - 1 && !lines.get(crashed).contains(CRASHED)) {
      crashed++;
    }
    return "A server process crashed because of the extension's library or script: "
        + String.join(" | ", lines.subList(Math.max(0, crashed - CRASH_LINES), crashed + 1));
  }
}
