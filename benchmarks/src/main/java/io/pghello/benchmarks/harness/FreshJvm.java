// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs programs in new JVMs, with the class path of this JVM and with the JVM options that {@code
 * ./dev} uses for demos.
 *
 * @param temporary the programs' directory for temporary files, which is also the last directory of
 *     their class path
 * @param cache the cache directory of this project's embedded server; null for the default
 * @param timeout the time after which a program is killed
 */
public record FreshJvm(Path temporary, @Nullable Path cache, Duration timeout) {
  /** Returns the JVM options that {@code ./dev} uses for demos. */
  public static List<String> startFast() {
    return List.of(System.getProperty("pg-hello.bench.jvm", "-Xshare:auto").split(" "));
  }

  /** The first line that a program prints, and the time from the start of the JVM to its end. */
  private record Line(String text, double millis) {}

  /**
   * Runs a program (a class and its arguments) until it ends. The first line that the program
   * prints must be {@code line}.
   *
   * @return the milliseconds from the start of the JVM to the end of the first printed line
   */
  public double millisToLine(String line, String... program)
      throws IOException, InterruptedException {
    Line first = run(program);
    if (!line.equals(first.text)) {
      throw new IllegalStateException(
          program[0] + " should write \"" + line + "\", but wrote \"" + first.text + "\"");
    }
    return first.millis;
  }

  /** Runs a program until it ends, and returns the number that it prints in the first line. */
  public double printedNumber(String... program) throws IOException, InterruptedException {
    return Double.parseDouble(run(program).text);
  }

  private Line run(String... program) throws IOException, InterruptedException {
    List<String> options = new ArrayList<>(startFast());
    options.add("-Djava.io.tmpdir=" + temporary);
    options.addAll(
        List.of("-cp", System.getProperty("java.class.path") + File.pathSeparator + temporary));
    List<String> arguments = List.of(program).subList(1, program.length);
    Map<String, String> environment =
        cache == null ? Map.of() : Map.of("PG_EXTENSION_CACHE", cache.toString());
    long start = System.nanoTime();
    try (ChildJvm jvm = ChildJvm.start(program[0], options, arguments, environment)) {
      jvm.endAfter(timeout);
      String written = jvm.readLine();
      double millis = (System.nanoTime() - start) / 1e6;
      int status = jvm.waitFor();
      if (written == null || status != 0) {
        throw new IllegalStateException(
            "%s should write a line within %d s, but wrote \"%s\" and ended with %d"
                .formatted(program[0], timeout.toSeconds(), written, status));
      }
      return new Line(written, millis);
    }
  }
}
