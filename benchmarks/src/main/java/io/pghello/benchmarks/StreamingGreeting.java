// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import io.pghello.PgHelloClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Streams many greetings, in a JVM with a heap of its own. */
final class StreamingGreeting {
  private static final List<Integer> HEAPS_MB = List.of(16, 32, 64, 128, 256);
  // what -XX:+ExitOnOutOfMemoryError ends the JVM with
  private static final int OUT_OF_MEMORY = 3;
  private static final int TIMEOUT_SECONDS = 120;

  // not on the command line, which others can read
  private static final String PASSWORD = "PG_HELLO_BENCH_PASSWORD";

  private StreamingGreeting() {}

  /**
   * Greets names and checks each answer.
   *
   * @param args a JDBC URL, the user, and how many names
   */
  public static void main(String[] args) {
    int count = Integer.parseInt(args[2]);
    int[] next = {0};
    try (PgHelloClient client =
        PgHelloClient.builder()
            .url(args[0])
            .user(args[1])
            .password(System.getenv(PASSWORD))
            .build()) {
      client.helloEach(Names.iterator(count), greeting -> Names.check(next[0]++, greeting));
    }
    if (next[0] != count) {
      throw new IllegalStateException("only " + next[0] + " greetings");
    }
  }

  /** Returns the smallest heap that it runs in, in MB. */
  static double heapMb(Address address, int count) throws IOException, InterruptedException {
    for (int megabytes : HEAPS_MB) {
      if (runsIn(megabytes, address, count)) {
        return megabytes;
      }
    }
    throw new IllegalStateException("needs more heap than any of " + HEAPS_MB + " MB");
  }

  private static boolean runsIn(int megabytes, Address address, int count)
      throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx" + megabytes + "m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-cp",
            System.getProperty("java.class.path"),
            StreamingGreeting.class.getName(),
            address.jdbcUrl(),
            address.user(),
            Integer.toString(count));
    builder.environment().put(PASSWORD, address.password());
    Process process =
        builder
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    boolean ended = process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly();
    } else if (process.exitValue() != 0 && process.exitValue() != OUT_OF_MEMORY) {
      throw new IllegalStateException("streaming ended with " + process.exitValue());
    }
    return ended && process.exitValue() == 0;
  }
}
