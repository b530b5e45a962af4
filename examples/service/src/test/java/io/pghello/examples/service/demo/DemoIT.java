// SPDX-License-Identifier: MIT
package io.pghello.examples.service.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.service.Http;
import io.pghello.examples.service.ServiceTest;
import io.pghello.examples.shared.DemoCommand;
import io.pghello.examples.shared.DemoCommand.Output;
import java.io.BufferedReader;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs {@code ./dev demo service}. */
@Timeout(240)
class DemoIT {
  private static final Pattern ADDRESS =
      Pattern.compile("runs at http://127\\.0\\.0\\.1:([0-9]+)$");

  private static Output demo(String... args) {
    return DemoCommand.capture(Demo::run, args);
  }

  private static Process start(Path errors, Map<String, String> variables) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var builder =
        new ProcessBuilder(
            java,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Demo.class.getName());
    builder.environment().putAll(variables);
    builder.redirectError(errors.toFile());
    return builder.start();
  }

  @Test
  void runsWithTheVariablesUntilItIsEnded(@TempDir Path folder) throws Exception {
    Path errors = folder.resolve("errors");
    Process process =
        start(
            errors,
            Map.of(
                "SERVER_PORT", "0",
                "GREETING_RATE_LIMIT_ENABLED", "false",
                "GREETING_ADMIN_TOKEN", ServiceTest.TOKEN));
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      List<String> lines = new ArrayList<>();
      for (String line = ""; line != null && !line.startsWith("Ctrl-C"); ) {
        line = output.readLine();
        lines.add(String.valueOf(line));
      }
      Matcher address = ADDRESS.matcher(lines.get(0));
      assertThat(address.find()).as("%s %s", lines, Files.readString(errors)).isTrue();
      assertThat(lines)
          .anyMatch(line -> line.contains("curl ") && line.contains("/api/greeting/Ada"));
      var http = new Http(Integer.parseInt(address.group(1)));
      assertThat(
              http.post(
                      "/api/config/greeting", "{\"repeat\":2}", "Authorization", ServiceTest.BEARER)
                  .status())
          .isEqualTo(200);
      // enough time for the notification to arrive before the server is stopped
      for (int i = 0; i < 120; i++) {
        assertThat(http.get("/api/greeting/Ada").status()).isEqualTo(200);
      }
      // do not send SIGINT, because a JVM that was started in the background ignores it
      process.toHandle().destroy();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(143);
      assertThat(output.readLine()).isNull();
      assertThat(Files.readString(errors)).isEmpty();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void reportsAPortInUse(@TempDir Path folder) throws Exception {
    try (var taken = new ServerSocket(0)) {
      Path errors = folder.resolve("errors");
      Process process =
          start(errors, Map.of("SERVER_PORT", Integer.toString(taken.getLocalPort())));
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).isEqualTo(1);
      assertThat(output).isEmpty();
      assertThat(Files.readString(errors))
          .isEqualTo(
              "demo: port "
                  + taken.getLocalPort()
                  + " is in use; choose another with SERVER_PORT\n");
    }
  }

  @Test
  void reportsAnUnreachableServerInOneLine() {
    Output result = demo("--url", "jdbc:postgresql://127.0.0.1:1/none");
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err()).startsWith("demo: ").hasLineCount(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--nonsense", "--url=http://localhost", "Ada"})
  void rejectsAnUnknownOption(String option) {
    Output result = demo(option);
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).startsWith("demo: ").contains("see ./dev demo service --help");
  }

  @Test
  void explainsItself() {
    assertThat(demo("--help").out())
        .startsWith("Usage: ./dev demo service [OPTIONS]")
        .contains("SERVER_PORT", "GREETING_RATE_LIMIT_ENABLED", "GREETING_ADMIN_TOKEN");
  }
}
