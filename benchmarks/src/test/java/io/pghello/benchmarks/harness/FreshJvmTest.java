// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FreshJvmTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir private Path folder;
  private String folders = "";

  @BeforeEach
  void nameFolders() {
    folders = folder + " " + folder.resolve("cache");
  }

  /** Prints the directories for temporary files and the cache, waits, and exits with a status. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) throws InterruptedException {
      System.out.println(
          System.getProperty("java.io.tmpdir") + " " + System.getenv("PG_EXTENSION_CACHE"));
      Thread.sleep(Long.parseLong(args[0]));
      System.exit(Integer.parseInt(args[1]));
    }
  }

  private double run(Duration timeout, String line, int millis, int status) throws Exception {
    return new FreshJvm(folder, folder.resolve("cache"), timeout)
        .millisToLine(
            line, Program.class.getName(), Integer.toString(millis), Integer.toString(status));
  }

  @Test
  void measuresOnlyTheFirstLine() throws Exception {
    int waits = 3_000;
    long start = System.nanoTime();
    double toLine = run(LONG, folders, waits, 0);
    double toEnd = (System.nanoTime() - start) / 1e6;
    // a part of the waiting time may pass before the line is read
    assertThat(toLine).isBetween(10.0, toEnd - waits / 2.0);
  }

  @Test
  void anotherLineFails() {
    assertThatThrownBy(() -> run(LONG, "something else", 0, 0))
        .hasMessageContainingAll("Program", "\"something else\"", folders);
  }

  @Test
  void anotherStatusFails() {
    assertThatThrownBy(() -> run(LONG, folders, 0, 3)).hasMessageEndingWith("ended with 3");
  }

  @Test
  void processThatIsTooSlowIsEnded() {
    long start = System.nanoTime();
    assertThatThrownBy(() -> run(Duration.ofSeconds(2), folders, 60_000, 0))
        .hasMessageContaining("within 2 s")
        .hasMessageEndingWith("ended with 143");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
  }
}
