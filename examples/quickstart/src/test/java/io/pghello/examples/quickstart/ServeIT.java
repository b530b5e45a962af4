// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloClient;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.ds.PGSimpleDataSource;

/** A server for psql, an IDE, or a program of one's own, as a process of its own. */
@Timeout(60)
class ServeIT {
  private static Process serve(String... args) throws Exception {
    var command =
        new ArrayList<>(
            List.of(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                System.getProperty("java.class.path"),
                Serve.class.getName()));
    command.addAll(List.of(args));
    return new ProcessBuilder(command).start();
  }

  @Test
  void servesUntilItIsTerminated() throws Exception {
    Process server = serve();
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
      assertThat(value(lines, "superuser")).contains("user=postgres");
      assertThat(lines).anyMatch(line -> line.strip().startsWith("psql -h 127.0.0.1 -p "));
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
  void refusesAWrongPortInOneLine() throws Exception {
    Process server = serve("--port", "70000");
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
