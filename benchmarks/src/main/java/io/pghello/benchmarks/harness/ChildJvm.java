// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import io.pghello.benchmarks.Bench;
import io.pghello.benchmarks.ForkMessage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Another JVM with the same class path. It ends when this one does, as nobody holds the other end
 * of its standard input then.
 */
public final class ChildJvm {
  /** The variable with a password, which others could read on a command line. */
  public static final String PASSWORD = "PG_HELLO_BENCH_PASSWORD";

  private ChildJvm() {}

  /**
   * Prepares the start of a program.
   *
   * @param options of the JVM
   */
  public static ProcessBuilder of(Class<?> program, List<String> options, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // a peer's transport is native
    command.add("--enable-native-access=ALL-UNNAMED");
    System.getProperties()
        .forEach(
            (name, value) -> {
              if (name.toString().startsWith("pghello.")) {
                command.add("-D" + name + "=" + value);
              }
            });
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
    command.addAll(arguments);
    return new ProcessBuilder(command);
  }

  /** Lets the JVM that was started so end with the one that started it. */
  public static void endWithParent() {
    var watch =
        new Thread(
            () -> {
              try {
                while (System.in.read() >= 0) {
                  // nothing is said there
                }
              } catch (IOException e) {
                // it is gone, too
              }
              System.exit(1);
            },
            "end with parent");
    watch.setDaemon(true);
    watch.start();
  }

  /**
   * Runs benchmarks in another JVM.
   *
   * @param messages hears what it says
   * @param err where its errors go
   * @return its exit code
   */
  public static int bench(List<String> arguments, Consumer<ForkMessage> messages, PrintStream err)
      throws IOException, InterruptedException {
    Process process = of(Bench.class, List.of(), arguments).start();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        BufferedReader errors = process.errorReader(StandardCharsets.UTF_8)) {
      var pump = new Thread(() -> errors.lines().forEach(err::println), "errors of a fork");
      pump.start();
      try {
        String line;
        while ((line = out.readLine()) != null) {
          messages.accept(ForkMessage.fromJson(line));
        }
        int status = process.waitFor();
        pump.join();
        return status;
      } finally {
        // a reader cannot be closed while another thread waits for a line
        process.destroy();
      }
    }
  }
}
