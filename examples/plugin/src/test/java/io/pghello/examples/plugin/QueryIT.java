// SPDX-License-Identifier: MIT
package io.pghello.examples.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the first program on the plugin's page, copied into a file. */
@PgHelloTest
@Timeout(120)
class QueryIT {
  @Test
  void worksByCopyAndPaste(ExtensionServer server, TestDatabase database, @TempDir Path folder)
      throws Exception {
    Path config = folder.resolve("config.json");
    new ObjectMapper()
        .writeValue(
            config.toFile(),
            Map.of(
                "host",
                "127.0.0.1",
                "port",
                server.port(),
                "database",
                database.name(),
                "user",
                database.user(),
                "password",
                server.password()));
    String page = Files.readString(Path.of("..", "..", "docs", "plugin.md"));
    int begin = page.indexOf("import com.fasterxml");
    Path source = folder.resolve("Query.java");
    Files.writeString(source, page.substring(begin, page.indexOf("```", begin)));
    File errors = folder.resolve("errors").toFile();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                source.toString(),
                config.toString())
            .redirectError(errors)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(Files.readString(errors.toPath())).isZero();
    assertThat(out.strip()).isEqualTo("[{\"next\":42}]");
  }
}
