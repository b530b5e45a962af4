// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** Runs the program of {@code ./dev server} in a separate process. */
@Timeout(60)
class ServeIT {
  private static ProcessBuilder serve(String... args) {
    var command =
        new ArrayList<>(
            List.of(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                System.getProperty("java.class.path"),
                Serve.class.getName()));
    command.addAll(List.of(args));
    return new ProcessBuilder(command);
  }

  @Test
  void servesUntilItIsTerminated() throws Exception {
    Process server = serve().start();
    var lines = new ArrayList<String>();
    try (BufferedReader out = server.inputReader()) {
      for (String line; (line = out.readLine()) != null; ) {
        lines.add(line);
        if (line.equals("ready")) {
          break;
        }
      }
      var dataSource = new PGSimpleDataSource();
      dataSource.setUrl(value(lines, "owner"));
      assertThat(PgHelloClient.create(dataSource).hello("Ada", 2))
          .isEqualTo("Hello, Ada! Hello, Ada!");
      assertThat(lines).contains("Ctrl-C stops the server and removes its data.");
      assertThat(value(lines, "superuser")).contains("user=postgres");
      assertThat(lines)
          .anyMatch(
              line ->
                  line.strip().matches("PGPASSWORD=\\w+ psql -h 127.0.0.1 -p \\d+ -U app hello"));
      Path log = Path.of(value(lines, "log"));
      assertThat(log).exists();

      server.destroy();
      assertThat(server.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(Files.exists(log.getParent())).isFalse();
    } finally {
      server.destroyForcibly();
    }
  }

  @Test
  void leavesNoServerBehindWhenItIsTerminatedEarly(@TempDir Path folder) throws Exception {
    // the server's processes inherit this variable
    String mark = "PG_HELLO_MARK=" + UUID.randomUUID();
    for (int millis = 150; millis <= 750; millis += 100) {
      ProcessBuilder builder = serve();
      builder.environment().put("PG_HELLO_MARK", mark.substring("PG_HELLO_MARK=".length()));
      Path output = folder.resolve("output");
      Process server = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
      assertThat(server.waitFor(millis, TimeUnit.MILLISECONDS)).isFalse();
      server.destroy();
      assertThat(server.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(output).content().doesNotContain("Exception");
      assertThat(marked(mark)).as("after %d ms", millis).isEmpty();
    }
  }

  /** Returns the processes with this value in their environment. */
  private static List<Path> marked(String mark) throws IOException {
    var marked = new ArrayList<Path>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (hasInEnvironment(process, mark)) {
          marked.add(process);
        }
      }
    }
    return marked;
  }

  private static boolean hasInEnvironment(Path process, String mark) {
    try {
      return Files.readString(process.resolve("environ"), StandardCharsets.ISO_8859_1)
          .contains(mark);
    } catch (IOException e) {
      // the process has just ended, or belongs to another user
      return false;
    }
  }

  @Test
  void refusesAWrongPortInOneLine() throws Exception {
    Process server = serve("--port", "70000").start();
    assertThat(server.errorReader().lines())
        .hasSize(1)
        .first()
        .asString()
        .contains("between 0 and 65535");
    assertThat(server.waitFor()).isEqualTo(2);
  }

  private static String value(List<String> lines, String label) {
    return lines.stream()
        .filter(line -> line.startsWith(label))
        .findFirst()
        .orElseThrow()
        .substring(label.length())
        .strip();
  }
}
