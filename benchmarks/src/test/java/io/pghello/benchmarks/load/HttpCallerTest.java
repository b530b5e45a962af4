// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.pghello.benchmarks.harness.SampleNames;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HttpCallerTest {
  private static final int IN_FLIGHT = 3;
  private static final String PATH = "/greeting/";

  private final HttpServer server =
      HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
  private final Set<InetSocketAddress> connections = ConcurrentHashMap.newKeySet();

  HttpCallerTest() throws IOException {}

  @AfterEach
  void close() {
    server.stop(0);
  }

  @Test
  void takesGreetingsFromAsManyConnectionsAsRequestsAreInFlight() throws Exception {
    Load.Figures figures =
        ask(name -> "{\"greeting\":\"Hello, " + name + "!\",\"timestamp_ms\":1}");
    assertThat(figures.calls()).isGreaterThanOrEqualTo(IN_FLIGHT);
    assertThat(connections).hasSize(IN_FLIGHT);
  }

  @Test
  void refusesTheGreetingOfAnother() {
    assertThatThrownBy(() -> ask(name -> "{\"greeting\":\"Hello, Ada!\"}"))
        .rootCause()
        .hasMessageContaining("but got \"Hello, Ada!\"");
  }

  @Test
  void showsAnAnswerWithoutAGreeting() {
    assertThatThrownBy(() -> ask(name -> "{\"status\":500}"))
        .rootCause()
        .hasMessageContaining("but got \"{\"status\":500}\"");
  }

  private Load.Figures ask(UnaryOperator<String> answer) throws Exception {
    server.createContext(
        PATH,
        exchange -> {
          connections.add(exchange.getRemoteAddress());
          String name = exchange.getRequestURI().getPath().substring(PATH.length());
          byte[] body = answer.apply(name).getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
          }
        });
    server.start();
    try (var caller = new HttpCaller(server.getAddress().getPort(), PATH, IN_FLIGHT)) {
      return new Load(SampleNames.USUAL, IN_FLIGHT, 100).futures(caller);
    }
  }
}
