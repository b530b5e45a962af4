// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.pghello.benchmarks.harness.Comparison.Sample;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class ServiceProcessIT {
  private static final long OWN_PID = ProcessHandle.current().pid();

  /** A program that greets without a database. */
  static final class Greeter {
    private static final Pattern NAME = Pattern.compile("\"(Name[0-9]+)\"");

    public static void main(String[] args) throws IOException {
      int port = Integer.parseInt(System.getenv("PORT"));
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
      server.createContext(
          "/api/greeting/",
          exchange -> {
            String path = exchange.getRequestURI().getPath();
            answer(exchange, greeting(path.substring(path.lastIndexOf('/') + 1)));
          });
      server.createContext(
          "/greetings/batch",
          exchange -> {
            String body =
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            List<String> greetings =
                NAME.matcher(body)
                    .results()
                    .map(name -> name.group(1) + System.getenv("SUFFIX"))
                    .map(name -> "{\"name\":\"" + name + "\"," + greeting(name).substring(1))
                    .collect(Collectors.toList());
            answer(
                exchange,
                "{\"greetings\":["
                    + String.join(",", greetings)
                    + "],\"count\":"
                    + greetings.size()
                    + "}");
          });
      server.start();
    }

    private static String greeting(String name) {
      return "{\"greeting\":\"Hello, " + name + "!\"}";
    }

    private static void answer(HttpExchange exchange, String text) throws IOException {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, bytes.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(bytes);
      }
    }
  }

  private static ServiceProcess start(String program, String suffix) throws Exception {
    return new ServiceProcess(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            program),
        Map.of("SUFFIX", suffix),
        "/api/greeting/Ada");
  }

  @Test
  void sendsRequestsAndCountsCpuTime() throws Exception {
    try (ServiceProcess greeter = start(Greeter.class.getName(), "")) {
      assertThat(greeter.startCpuMillis()).isPositive();
      HttpLoad.Response response = greeter.requests(4).measure(OWN_PID, 300);
      assertThat(response.rate().figure()).isPositive();
      assertThat(response.rate().cpuMicros()).isGreaterThan(response.databaseMicros());
      assertThat(greeter.requests(4).p99Millis(100, 200)).isPositive();
      Sample batches = greeter.batches(10, OWN_PID, 100);
      assertThat(batches.figure()).isPositive();
    }
  }

  @Test
  void comparesTheGreetingsOfABatch() throws Exception {
    try (ServiceProcess greeter = start(Greeter.class.getName(), "x")) {
      assertThatThrownBy(() -> greeter.batches(10, OWN_PID, 1))
          .hasMessage("expected \"Hello, Name0000000!\", but got \"Hello, Name0000000x!\"");
    }
  }

  @Test
  void showsTheOutputOfAProgramThatDoesNotStart() {
    assertThatThrownBy(() -> start("no.such.Program", ""))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("a service has not started: ")
        .hasMessageContaining("no.such.Program");
  }
}
