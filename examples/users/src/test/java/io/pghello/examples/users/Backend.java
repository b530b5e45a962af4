// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A configurable backend server. */
final class Backend implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private volatile Behaviour behaviour;

  /** A received request. */
  record Request(String method, String path, Headers headers, String body) {}

  /** The behavior of the server. */
  interface Behaviour {
    void answer(HttpExchange exchange) throws Exception;
  }

  Backend(Behaviour behaviour) {
    this.behaviour = behaviour;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** Sends a response. */
  static Behaviour answering(int status, String json) {
    return exchange -> {
      byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  /**
   * Reads a request, and closes the connection without a response, as if the server had been
   * killed.
   */
  static Behaviour dying() {
    return exchange -> {};
  }

  /** Reads a request, and does not respond for a minute, like a server that hangs. */
  static Behaviour hanging() {
    return exchange -> Thread.sleep(60_000);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      requests.add(
          new Request(
              exchange.getRequestMethod(),
              exchange.getRequestURI().toASCIIString(),
              exchange.getRequestHeaders(),
              body));
      behaviour.answer(exchange);
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  void behave(Behaviour newBehaviour) {
    behaviour = newBehaviour;
    requests.clear();
  }

  List<Request> requests() {
    return requests;
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
