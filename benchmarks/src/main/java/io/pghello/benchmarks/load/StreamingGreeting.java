// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.PgHelloClient;
import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.ChildJvm;
import io.pghello.benchmarks.harness.SampleNames;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Greets many names in a JVM with a heap of its own. */
public final class StreamingGreeting {
  public static final List<Integer> HEAPS_MB =
      List.of(8, 12, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096);
  // what -XX:+ExitOnOutOfMemoryError ends the JVM with
  private static final int OUT_OF_MEMORY = 3;
  private static final int TIMEOUT_SECONDS = 120;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private StreamingGreeting() {}

  /** How they are greeted. */
  public enum Way {
    EACH {
      @Override
      void greet(PgHelloClient client, SampleNames names, int count) {
        int[] next = {0};
        client.helloEach(names.iterator(count), greeting -> names.check(next[0]++, greeting));
        if (next[0] != count) {
          throw new IllegalStateException("only " + next[0] + " greetings");
        }
      }
    },
    ALL {
      @Override
      void greet(PgHelloClient client, SampleNames names, int count) {
        names.check(count, client.helloAll(names.list(count)));
      }
    };

    abstract void greet(PgHelloClient client, SampleNames names, int count);
  }

  /**
   * Greets names and checks each answer.
   *
   * @param args a JDBC URL, the user, how many names, and in which way
   */
  public static void main(String[] args) {
    try (PgHelloClient client =
        PgHelloClient.builder()
            .url(args[0])
            .user(args[1])
            .password(System.getenv(ChildJvm.PASSWORD))
            // a heap that hardly suffices is slow, which is not what is measured
            .callTimeout(PATIENCE)
            .pool(config -> config.setConnectionTimeout(PATIENCE.toMillis()))
            .build()) {
      Way.valueOf(args[3]).greet(client, SampleNames.USUAL, Integer.parseInt(args[2]));
    }
  }

  /** Returns the smallest heap that it runs in, of those that are tried, in MB. */
  public static double heapMb(Address address, Way way, int count)
      throws IOException, InterruptedException {
    for (int megabytes : HEAPS_MB) {
      if (runsIn(megabytes, address, way, count)) {
        return megabytes;
      }
    }
    throw new IllegalStateException("needs more heap than any of " + HEAPS_MB + " MB");
  }

  private static boolean runsIn(int megabytes, Address address, Way way, int count)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        ChildJvm.of(
            StreamingGreeting.class,
            List.of("-Xmx" + megabytes + "m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"),
            List.of(address.jdbcUrl(), address.user(), Integer.toString(count), way.name()));
    builder.environment().put(ChildJvm.PASSWORD, address.password());
    Process process =
        builder
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    boolean ended = process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly();
    } else if (process.exitValue() != 0 && process.exitValue() != OUT_OF_MEMORY) {
      throw new IllegalStateException("greeting many ended with " + process.exitValue());
    }
    return ended && process.exitValue() == 0;
  }
}
