// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs programs in JVMs of their own, all with the class path of this one and with the options that
 * {@code ./dev} starts a demo with.
 */
public final class FreshJvm {
  // for what a program does when it is told to end
  private static final Duration GRACE = Duration.ofSeconds(20);

  private final Path temporary;
  private final @Nullable Path cache;
  private final Duration timeout;

  /**
   * Describes JVMs.
   *
   * @param temporary where they have their temporary files
   * @param cache where ours keeps what it unpacks; null for where it always does
   * @param timeout after which they are ended
   */
  public FreshJvm(Path temporary, @Nullable Path cache, Duration timeout) {
    this.temporary = temporary;
    this.cache = cache;
    this.timeout = timeout;
  }

  /**
   * Returns the milliseconds from the start of a JVM to the end of the first line that it writes,
   * and waits until it has ended.
   *
   * @param line what it has to write
   * @param program a class, and its arguments
   */
  public double millisToLine(String line, String... program)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(System.getProperty("pghello.bench.jvm", "-Xshare:auto").split(" ")));
    command.add("-Djava.io.tmpdir=" + temporary);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(program));
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    if (cache != null) {
      builder.environment().put("PG_HELLO_CACHE", cache.toString());
    }
    long start = System.nanoTime();
    Process process = builder.start();
    after(timeout, process, Process::destroy);
    after(timeout.plus(GRACE), process, Process::destroyForcibly);
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      String written = out.readLine();
      double millis = (System.nanoTime() - start) / 1e6;
      int status = process.waitFor();
      if (!line.equals(written) || status != 0) {
        throw new IllegalStateException(
            program[0]
                + " should write \""
                + line
                + "\" within "
                + timeout.toSeconds()
                + " s, but wrote \""
                + written
                + "\" and ended with "
                + status);
      }
      return millis;
    } finally {
      process.destroy();
    }
  }

  private static void after(Duration time, Process process, Consumer<Process> action) {
    var unused =
        process
            .onExit()
            .orTimeout(time.toMillis(), TimeUnit.MILLISECONDS)
            .whenComplete(
                (ended, late) -> {
                  if (late != null) {
                    action.accept(process);
                  }
                });
  }
}
