// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the program on the client's page, copied into a file. */
@PgHelloTest
class HelloIT {
  @Test
  void worksByCopyAndPaste(TestDatabase database, @TempDir Path folder) throws Exception {
    String page = Files.readString(Path.of("..", "..", "docs", "pg-hello", "client.md"));
    int begin = page.indexOf("import io.pghello.PgHelloClient;");
    Path source = folder.resolve("Hello.java");
    Files.writeString(source, page.substring(begin, page.indexOf("```", begin)));
    assertThat(run(source, database.jdbcUrl())).isEqualTo("Hello, Ada!\n");
  }

  /** Runs a source file without a separate compilation. */
  private static String run(Path source, String url) throws IOException, InterruptedException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    File errors = source.resolveSibling("errors").toFile();
    Process process =
        new ProcessBuilder(
                List.of(
                    java.toString(),
                    // on a busy machine, a JVM with the C2 compiler connects too slowly
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    source.toString(),
                    url))
            .redirectError(errors)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(Files.readString(errors.toPath())).isZero();
    return out;
  }
}
