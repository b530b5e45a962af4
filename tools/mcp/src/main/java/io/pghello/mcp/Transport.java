// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.mcp.Messages.UnreadableException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Exchanges the messages of the <a href="https://modelcontextprotocol.io/specification/">Model
 * Context Protocol</a> on two streams, with one message per line. The protocol's SDK for Java is
 * not used, because it ends at the first invalid line, drops calls in flight at the end of its
 * input, and does not support cancellation.
 */
final class Transport {
  /** Maximum number of calls in flight. */
  static final int IN_FLIGHT_MAX = 256;

  private static final Logger LOG = System.getLogger("io.pghello.mcp");
  private static final String INITIALIZED = "notifications/initialized";
  private static final String CANCELLED = "notifications/cancelled";
  private static final String VERSION = "2.0";
  // The only protocol version that allows several messages on one line.
  private static final String WITH_BATCHES = "2025-03-26";
  // From the oldest to the newest.
  private static final List<String> VERSIONS =
      List.of("2024-11-05", WITH_BATCHES, "2025-06-18", "2025-11-25");

  private final Messages messages;
  private final OutputStream out;
  private final ObjectNode server;
  private final Tools tools;
  private final ExecutorService calls;
  // Futures that cancel the calls in flight, by request id.
  private final Map<String, CompletableFuture<Void>> inFlight = new ConcurrentHashMap<>();
  private final Semaphore permits = new Semaphore(IN_FLIGHT_MAX);

  private final ReentrantLock writing = new ReentrantLock();
  private @Nullable Thread reader;

  // Writes messages for threads that must not block, so that input is still read if the client does
  // not read the output.
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(task -> new Thread(task, "pg-hello-mcp-writer"));

  private final Requests requests;
  private boolean initialized;
  private boolean batches;

  /**
   * Creates the transport.
   *
   * @param server the description of the server for clients: {@code serverInfo} and {@code
   *     instructions}
   * @param calls the executor that runs tool calls, which block
   */
  Transport(
      ObjectNode server, Tools tools, ExecutorService calls, InputStream in, OutputStream out) {
    this.server = server;
    this.tools = tools;
    this.calls = calls;
    this.requests = new Requests(tools.names());
    this.messages = new Messages(in);
    this.out = out;
  }

  /** Handles messages until the end of the input. */
  void run() {
    reader = Thread.currentThread();
    for (boolean more = true; more; ) {
      try {
        String line = messages.next();
        more = line != null;
        if (line != null && !line.isBlank()) {
          handle(line);
        }
      } catch (UnreadableException e) {
        writeError(null, ErrorCode.PARSE_ERROR, e.getMessage());
      } catch (IOException e) {
        more = false;
      } catch (RuntimeException | StackOverflowError e) {
        writeError(null, ErrorCode.INTERNAL_ERROR, "Internal error while handling the message");
      }
    }
  }

  private void handle(String line) {
    JsonNode message;
    try {
      message = Messages.JSON.readTree(line);
    } catch (JsonProcessingException e) {
      writeError(null, ErrorCode.PARSE_ERROR, "The message is not JSON" + Messages.place(e));
      return;
    }
    if (batches && message.isArray() && !message.isEmpty()) {
      message.forEach(this::handle);
    } else {
      handle(message);
    }
  }

  private void handle(JsonNode message) {
    JsonNode id = message.path("id");
    boolean named = id.isTextual() || (id.isIntegralNumber() && id.canConvertToLong());
    JsonNode method = message.path("method");
    boolean valid =
        message.isObject()
            && VERSION.equals(message.path("jsonrpc").textValue())
            && (id.isMissingNode() || named)
            && (method.isTextual() || (named && method.isMissingNode()));
    if (!valid) {
      writeError(
          named ? id : null,
          ErrorCode.INVALID_REQUEST,
          "The message is not a JSON-RPC 2.0 message");
    } else if (method.isTextual() && named) {
      request((ObjectNode) message, id, method.textValue());
    } else if (CANCELLED.equals(method.textValue())) {
      cancel(message.path("params").path("requestId").toString());
    } else if (INITIALIZED.equals(method.textValue())) {
      initialized = true;
    }
    // Ignore responses and all other notifications.
  }

  private void request(ObjectNode message, JsonNode id, String method) {
    String key = id.toString();
    if (inFlight.containsKey(key)) {
      writeError(id, ErrorCode.INVALID_REQUEST, "A request with this id is in flight");
      return;
    }
    if (!initialized && !method.equals(Requests.INITIALIZE) && !method.equals(Requests.PING)) {
      writeError(
          id, ErrorCode.INVALID_REQUEST, "The session is not initialized; send initialize first");
      return;
    }
    JsonNode params = message.path("params");
    String wrong = requests.wrong(method, params);
    if (wrong != null) {
      writeError(id, ErrorCode.INVALID_PARAMS, wrong);
      return;
    }
    switch (method) {
      case Requests.INITIALIZE -> writeResult(id, initialize(params));
      case Requests.PING -> writeResult(id, Messages.JSON.createObjectNode());
      case Requests.LIST_TOOLS -> writeResult(id, tools.list());
      case Requests.CALL_TOOL -> call(key, id, params);
      default -> writeError(id, ErrorCode.METHOD_NOT_FOUND, "Method not found: " + method);
    }
  }

  /**
   * Returns the version that the client requests, or the newest version if the requested one is not
   * supported, and describes the server.
   */
  private ObjectNode initialize(JsonNode params) {
    String requested = params.path("protocolVersion").textValue();
    String version = VERSIONS.contains(requested) ? requested : VERSIONS.get(VERSIONS.size() - 1);
    batches = version.equals(WITH_BATCHES);
    ObjectNode result = Messages.JSON.createObjectNode().put("protocolVersion", version);
    result.putObject("capabilities").putObject("tools").put("listChanged", false);
    return result.setAll(server);
  }

  /** Calls a tool on a thread of the executor. */
  private void call(String key, JsonNode id, JsonNode params) {
    if (!permits.tryAcquire()) {
      writeError(
          id,
          ErrorCode.TOO_MANY_CALLS,
          "The limit of " + IN_FLIGHT_MAX + " calls in flight was reached; wait for answers");
      return;
    }
    var cancellation = new CompletableFuture<Void>();
    inFlight.put(key, cancellation);
    calls.execute(
        () -> {
          try {
            if (!cancellation.isDone()) {
              tools.call(
                  params,
                  cancellation,
                  result -> {
                    // Serialize the message before ending the call, because serialization may run
                    // out of memory.
                    byte[] line = line(answer(id).set("result", result));
                    if (finish(key, cancellation)) {
                      send(line);
                    }
                  });
            }
          } catch (RuntimeException | Error e) {
            if (finish(key, cancellation)) {
              // The message is omitted, because it may contain data.
              writeError(
                  id, ErrorCode.INTERNAL_ERROR, "The call failed: " + e.getClass().getName());
            }
          }
        });
  }

  /**
   * Ends a call. Returns false if the call had already ended, for example because it was cancelled.
   */
  private boolean finish(String key, CompletableFuture<Void> call) {
    boolean first = inFlight.remove(key, call);
    if (first) {
      permits.release();
    }
    return first;
  }

  private void cancel(String key) {
    CompletableFuture<Void> call = inFlight.get(key);
    if (call != null && finish(key, call)) {
      call.complete(null);
    }
  }

  /** Waits for calls in flight, and cancels the remaining ones after a timeout. */
  void end(long millis) {
    try {
      if (!permits.tryAcquire(IN_FLIGHT_MAX, millis, TimeUnit.MILLISECONDS)) {
        cancelAll();
      }
    } catch (InterruptedException e) {
      cancelAll();
      Thread.currentThread().interrupt();
    }
  }

  /** Cancels all calls in flight. */
  void cancelAll() {
    inFlight.keySet().forEach(this::cancel);
  }

  /** Waits until pending messages are written, or until a timeout. */
  void flush(long millis) throws InterruptedException {
    writer.shutdown();
    if (!writer.awaitTermination(millis, TimeUnit.MILLISECONDS)) {
      writer.shutdownNow();
    }
  }

  private void writeResult(JsonNode id, ObjectNode result) {
    write(answer(id).set("result", result));
  }

  private void writeError(@Nullable JsonNode id, ErrorCode code, @Nullable String message) {
    ObjectNode answer = answer(id);
    answer.putObject("error").put("code", code.number()).put("message", message);
    write(answer);
  }

  private static ObjectNode answer(@Nullable JsonNode id) {
    ObjectNode answer = Messages.JSON.createObjectNode().put("jsonrpc", VERSION);
    return answer.set("id", id);
  }

  private void write(JsonNode message) {
    send(line(message));
  }

  private static byte[] line(JsonNode message) {
    try {
      // Convert to a string first, because unpaired surrogates cannot be written as bytes.
      return (Messages.JSON.writeValueAsString(message) + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the message cannot be serialized", e);
    }
  }

  private void send(byte[] line) {
    // A thread that calls a tool may wait for the client to read, but the thread that reads the
    // input must not.
    if (Thread.currentThread().equals(reader) || !writing.tryLock()) {
      writer.execute(() -> write(line));
      return;
    }
    try {
      write(line);
    } finally {
      writing.unlock();
    }
  }

  private void write(byte[] line) {
    writing.lock();
    try {
      out.write(line);
      out.flush();
    } catch (IOException e) {
      // The client is gone, so the input will end soon.
      LOG.log(Level.DEBUG, "The client no longer reads the output");
    } finally {
      writing.unlock();
    }
  }
}
