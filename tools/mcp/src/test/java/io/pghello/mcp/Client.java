// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * Runs the program in a separate process, and acts as a client without the SDK. Each line of the
 * program's output must be a JSON-RPC 2.0 message.
 */
final class Client implements AutoCloseable {
  static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
          .build();
  private static final long LIMIT_SECONDS = 60;

  private final Process process;
  private final OutputStream in;
  private final FutureTask<String> err;
  private final Map<String, JsonNode> answers = new ConcurrentHashMap<>();
  private final LinkedBlockingQueue<JsonNode> unnamed = new LinkedBlockingQueue<>();
  private final List<String> wrong = new ArrayList<>();
  private final Thread reader;
  private int last;

  /** The result of a run. */
  record End(int status, String err) {}

  Client(Map<String, String> environment, String... arguments) {
    var command =
        new ArrayList<String>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                // Same options as in docs/mcp.md and ./dev mcp.
                "-XX:+DisplayVMOutputToStderr",
                "-cp",
                System.getProperty("java.class.path"),
                PgHelloMcp.class.getName()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    builder.environment().putAll(environment);
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    in = process.getOutputStream();
    err = new FutureTask<>(() -> text(process.getErrorStream()));
    new Thread(err).start();
    reader = new Thread(this::read);
    reader.start();
  }

  /** Returns environment variables for a database. */
  static Map<String, String> environment(TestDatabase database) {
    Properties parts = Objects.requireNonNull(Driver.parseURL(database.jdbcUrl(), null));
    var environment = new HashMap<String, String>();
    environment.put("PGHOST", parts.getProperty("PGHOST"));
    environment.put("PGPORT", parts.getProperty("PGPORT"));
    environment.put("PGDATABASE", parts.getProperty("PGDBNAME"));
    environment.put("PGUSER", parts.getProperty("user"));
    environment.put("PGPASSWORD", parts.getProperty("password"));
    return environment;
  }

  static Map<String, String> environment(TestDatabase database, WireProxy proxy) {
    Map<String, String> environment = environment(database);
    environment.put("PGHOST", proxy.host());
    environment.put("PGPORT", String.valueOf(proxy.port()));
    return environment;
  }

  /** Returns the configuration for a database, without its password. */
  static ObjectNode config(TestDatabase database) {
    Map<String, String> environment = environment(database);
    return JSON.createObjectNode()
        .put("host", environment.get("PGHOST"))
        .put("port", Integer.parseInt(Objects.requireNonNull(environment.get("PGPORT"))))
        .put("database", environment.get("PGDATABASE"))
        .put("user", environment.get("PGUSER"))
        .put("ssl", false);
  }

  private static String text(InputStream stream) throws IOException {
    return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        receive(line);
      }
    } catch (IOException e) {
      synchronized (this) {
        wrong.add(e.toString());
        notifyAll();
      }
    }
    synchronized (this) {
      notifyAll();
    }
  }

  private synchronized void receive(String line) {
    try {
      JsonNode message = JSON.readTree(line);
      JsonNode id = message.path("id");
      boolean answer = message.has("result") != message.has("error");
      if (!"2.0".equals(message.path("jsonrpc").textValue()) || !answer || id.isMissingNode()) {
        wrong.add(line);
      } else if (id.isNull()) {
        unnamed.add(message);
      } else if (answers.put(id.toString(), message) != null) {
        wrong.add("a second answer: " + line);
      }
    } catch (JsonProcessingException e) {
      wrong.add(line);
    }
    notifyAll();
  }

  /** Sends a raw line. */
  void send(byte[] line) {
    try {
      in.write(line);
      in.write('\n');
      in.flush();
    } catch (IOException e) {
      throw new AssertionError("the program reads no more", e);
    }
  }

  void send(String line) {
    send(line.getBytes(StandardCharsets.UTF_8));
  }

  void send(JsonNode message) {
    try {
      send(JSON.writeValueAsString(message));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  /** Sends a request, and returns its id. */
  int request(String method, @Nullable JsonNode params) {
    int id = ++last;
    ObjectNode message =
        JSON.createObjectNode().put("jsonrpc", "2.0").put("id", id).put("method", method);
    if (params != null) {
      message.set("params", params);
    }
    send(message);
    return id;
  }

  void notification(String method, JsonNode params) {
    ObjectNode message = JSON.createObjectNode().put("jsonrpc", "2.0").put("method", method);
    send((ObjectNode) message.set("params", params));
  }

  /** Waits for a response. */
  JsonNode answer(int id) {
    return awaited(String.valueOf(id));
  }

  private synchronized JsonNode awaited(String id) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    try {
      while (!answers.containsKey(id)) {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0 || !reader.isAlive() || !wrong.isEmpty()) {
          throw new AssertionError("no answer to " + id + "; wrong lines: " + wrong);
        }
        wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
    return Objects.requireNonNull(answers.get(id));
  }

  synchronized boolean hasAnswer(int id) {
    return answers.containsKey(String.valueOf(id));
  }

  /** Waits for an error without a request id, and returns its code. */
  int unnamedError() {
    try {
      JsonNode message = unnamed.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
      return Objects.requireNonNull(message, "no error").at("/error/code").intValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Initializes the session, and returns the server's description. */
  JsonNode initialize() {
    JsonNode result = answer(request("initialize", initialization("2025-06-18"))).get("result");
    notification("notifications/initialized", JSON.createObjectNode());
    return result;
  }

  static ObjectNode initialization(String version) {
    ObjectNode params = JSON.createObjectNode().put("protocolVersion", version);
    params.putObject("capabilities");
    params.putObject("clientInfo").put("name", "test").put("version", "1");
    return params;
  }

  /** Sends a tool call, and returns its id. */
  int begin(String tool, JsonNode arguments) {
    ObjectNode params = JSON.createObjectNode().put("name", tool);
    params.set("arguments", arguments);
    return request("tools/call", params);
  }

  /** Calls a tool, and returns its result in the plugin's format. */
  JsonNode call(String tool, JsonNode arguments) {
    return result(begin(tool, arguments));
  }

  /** Waits for a call, and returns its result. */
  JsonNode result(int id) {
    JsonNode answer = answer(id);
    JsonNode result = answer.path("result");
    assertThat(result.isObject()).as(answer.toString()).isTrue();
    assertThat(result.get("content")).hasSize(1);
    assertThat(result.at("/content/0/type").textValue()).isEqualTo("text");
    JsonNode text = json(result.at("/content/0/text").textValue());
    assertThat(text.get("success").booleanValue())
        .isNotEqualTo(result.get("isError").booleanValue());
    if (text.get("success").booleanValue()) {
      assertThat(result.get("structuredContent")).isEqualTo(text);
    } else {
      assertThat(result.has("structuredContent")).isFalse();
      assertThat(text.at("/error/code").textValue()).startsWith("POSTGRES_");
    }
    return text;
  }

  JsonNode query(String sql, Object... params) {
    return call("query", sql(sql, params));
  }

  static ObjectNode sql(String sql, Object... params) {
    ObjectNode arguments = JSON.createObjectNode().put("sql", sql);
    arguments.set("params", JSON.valueToTree(params));
    return arguments;
  }

  /** Parses JSON with apostrophes as quotes. */
  static JsonNode quoted(String text) {
    return json(text.replace('\'', '"'));
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new AssertionError(text, e);
    }
  }

  /** Closes the program's input, and waits for the exit. */
  End end() {
    try {
      in.close();
    } catch (IOException e) {
      // The program exited without a signal.
      assertThat(process.isAlive()).isFalse();
    }
    return awaitEnd();
  }

  /** Requests a thread dump of the JVM. */
  void dumpThreads() throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-QUIT", String.valueOf(process.pid())).start().waitFor();
  }

  End terminate() {
    // Process.destroy() would close the streams, which other threads are reading.
    process.toHandle().destroy();
    return awaitEnd();
  }

  End awaitEnd() {
    try {
      assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS))
          .as("the program has exited")
          .isTrue();
      reader.join();
      assertThat(wrong).as("lines that are not messages").isEmpty();
      return new End(process.exitValue(), err.get());
    } catch (InterruptedException | ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    process.toHandle().destroyForcibly();
    awaitEnd();
  }
}
