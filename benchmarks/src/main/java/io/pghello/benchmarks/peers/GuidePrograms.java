// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The programs of the integration guide in JavaScript and Python. {@code ./dev} installs their
 * libraries.
 */
public final class GuidePrograms {
  private GuidePrograms() {}

  /** Returns the command of a Node.js program. */
  public static List<String> node(Path folder, String name) throws IOException {
    String modules =
        Objects.requireNonNull(
            System.getProperty("pg-hello.bench.node"),
            "the libraries of the guide's programs are not installed; run ./dev bench");
    // Node.js searches for libraries in the program's directory
    Path link = folder.resolve("node_modules");
    if (!Files.exists(link)) {
      Files.createSymbolicLink(link, Path.of(modules, "node_modules"));
    }
    return List.of("env", "NODE_ENV=production", "node", copy(folder, name).toString());
  }

  /**
   * Returns the command of a Flask program with two processes, which listens on the port in the
   * variable PORT.
   */
  public static List<String> gunicorn(Path folder, String module) throws IOException {
    Path file = copy(folder, module + ".py");
    return List.of(
        "sh",
        "-c",
        // use the system's Python, for which the libraries are installed
        "PATH=/usr/bin:$PATH exec gunicorn --workers 2 --bind 127.0.0.1:$PORT --chdir \"$0\" \"$1\"",
        Objects.requireNonNull(file.getParent()).toString(),
        module + ":app");
  }

  private static Path copy(Path folder, String name) throws IOException {
    Path file = folder.resolve(name);
    try (InputStream program = GuidePrograms.class.getResourceAsStream(name)) {
      Files.copy(Objects.requireNonNull(program, name), file);
    }
    return file;
  }

  /** Runs a program until it ends. Throws unless its exit code is 0. */
  public static void run(List<String> command, Map<String, String> variables, int timeoutSeconds)
      throws IOException {
    ProcessBuilder program = new ProcessBuilder(command).redirectErrorStream(true);
    program.environment().putAll(variables);
    Command.run(program, timeoutSeconds);
  }
}
