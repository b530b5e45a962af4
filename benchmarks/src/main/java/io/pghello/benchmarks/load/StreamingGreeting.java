// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import static io.pghello.benchmarks.harness.SampleNames.USUAL;

import io.pghello.PgHelloClient;
import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.ChildJvm;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Greets many names in a JVM with a limited heap. */
public final class StreamingGreeting {
  public static final List<Integer> HEAPS_MB =
      List.of(8, 12, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096);
  // exit code of -XX:+ExitOnOutOfMemoryError
  private static final int OUT_OF_MEMORY = 3;
  // exit code after SIGTERM
  private static final int TOO_SLOW = 143;
  private static final Duration TIMEOUT = Duration.ofMinutes(2);
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(60);

  private StreamingGreeting() {}

  /** The method of greeting the names. */
  public enum Way {
    EACH("helloEach()"),
    ALL("helloAll(), all in memory");

    private final String title;

    Way(String title) {
      this.title = title;
    }

    public String title() {
      return title;
    }
  }

  /**
   * Greets a number of names, and verifies each greeting.
   *
   * @param args the JDBC URL, user, number of names, and method
   */
  public static void main(String[] args) {
    try (PgHelloClient client =
        PgHelloClient.builder()
            .url(args[0])
            .user(args[1])
            .password(System.getenv(ChildJvm.PASSWORD))
            // with a barely sufficient heap, the program is slow, but speed is not measured here
            .callTimeout(CALL_TIMEOUT)
            .pool(config -> config.setConnectionTimeout(CALL_TIMEOUT.toMillis()))
            .build()) {
      int count = Integer.parseInt(args[2]);
      switch (Way.valueOf(args[3])) {
        case EACH -> greetEach(client, count);
        case ALL -> USUAL.check(count, client.helloAll(USUAL.list(count)));
      }
    }
  }

  private static void greetEach(PgHelloClient client, int count) {
    int[] next = {0};
    client.helloEach(USUAL.iterator(count), greeting -> USUAL.check(next[0]++, greeting));
    if (next[0] != count) {
      throw new IllegalStateException("only " + next[0] + " greetings");
    }
  }

  /** Returns the smallest of the tried heap sizes that is sufficient, in MB. */
  public static double heapMb(Address address, Way way, int count)
      throws IOException, InterruptedException {
    for (int megabytes : HEAPS_MB) {
      if (runsIn(megabytes, address, way, count)) {
        return megabytes;
      }
    }
    throw new IllegalStateException(
        "the greeting did not finish with any of the heap sizes " + HEAPS_MB + " MB");
  }

  private static boolean runsIn(int megabytes, Address address, Way way, int count)
      throws IOException, InterruptedException {
    List<String> heap =
        List.of("-Xmx" + megabytes + "m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError");
    Object[] arguments = {address.jdbcUrl(), address.user(), count, way};
    try (ChildJvm jvm = ChildJvm.start(StreamingGreeting.class, address, heap, arguments)) {
      jvm.endAfter(TIMEOUT);
      int status = jvm.waitFor();
      if (status != 0 && status != OUT_OF_MEMORY && status != TOO_SLOW) {
        throw new IllegalStateException("the greeting JVM exited with code " + status);
      }
      return status == 0;
    }
  }
}
