// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.ErrorCodes;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpServerSession;
import io.modelcontextprotocol.spec.McpServerTransport;
import io.modelcontextprotocol.spec.McpServerTransportProvider;
import io.modelcontextprotocol.spec.ProtocolVersions;
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
import reactor.core.publisher.Mono;

/**
 * Exchanges messages on two streams, with one message per line. The SDK's own transport is not
 * used, because it ends at the first invalid line, drops calls in flight at the end of its input,
 * and does not support cancellation.
 */
final class Transport implements McpServerTransportProvider {
  static final McpSchema.ServerCapabilities CAPABILITIES =
      McpSchema.ServerCapabilities.builder().tools(false).build();

  /** Maximum number of calls in flight. */
  static final int IN_FLIGHT_MAX = 256;

  private static final Logger LOG = System.getLogger("io.pghello.mcp");
  private static final String CANCELLED = "notifications/cancelled";
  private static final String INITIALIZE = "initialize";
  private static final String INITIALIZED = "notifications/initialized";
  private static final int TOO_MANY = -32000;
  // The only protocol version that allows several messages on one line.
  private static final String WITH_BATCHES = ProtocolVersions.MCP_2025_03_26;

  private final McpJsonMapper mapper;
  private final Messages messages;
  private final OutputStream out;
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

  private volatile @Nullable McpServerSession session;
  private final Requests requests;
  private boolean initialized;
  private boolean batches;

  /**
   * Creates the transport.
   *
   * @param calls the executor that runs tool calls, which block
   */
  Transport(
      McpJsonMapper mapper, Tools tools, ExecutorService calls, InputStream in, OutputStream out) {
    this.mapper = mapper;
    this.tools = tools;
    this.calls = calls;
    this.requests = new Requests(tools.names());
    this.messages = new Messages(in);
    this.out = out;
  }

  @Override
  public List<String> protocolVersions() {
    return List.of(
        ProtocolVersions.MCP_2024_11_05,
        WITH_BATCHES,
        ProtocolVersions.MCP_2025_06_18,
        ProtocolVersions.MCP_2025_11_25);
  }

  @Override
  public void setSessionFactory(McpServerSession.Factory factory) {
    session = factory.create(new Writer());
  }

  @Override
  public Mono<Void> notifyClients(String method, Object params) {
    return open().sendNotification(method, params);
  }

  @Override
  public Mono<Void> notifyClient(String sessionId, String method, Object params) {
    return notifyClients(method, params);
  }

  private McpServerSession open() {
    McpServerSession known = session;
    if (known == null) {
      throw new IllegalStateException("there is no session yet");
    }
    return known;
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
        writeError(null, ErrorCodes.PARSE_ERROR, e.getMessage());
      } catch (IOException e) {
        more = false;
      } catch (RuntimeException | StackOverflowError e) {
        writeError(null, ErrorCodes.INTERNAL_ERROR, "Internal error while handling the message");
      }
    }
  }

  private void handle(String line) {
    JsonNode message;
    try {
      message = Messages.JSON.readTree(line);
    } catch (JsonProcessingException e) {
      writeError(null, ErrorCodes.PARSE_ERROR, "The message is not JSON" + Messages.place(e));
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
    // The SDK does not accept ids that exceed the range of a long.
    boolean named = id.isTextual() || (id.isIntegralNumber() && id.canConvertToLong());
    JsonNode method = message.path("method");
    boolean valid =
        message.isObject()
            && "2.0".equals(message.path("jsonrpc").textValue())
            && (id.isMissingNode() || named)
            && (method.isTextual() || (named && method.isMissingNode()));
    if (!valid) {
      writeError(
          named ? id : null,
          ErrorCodes.INVALID_REQUEST,
          "The message is not a JSON-RPC 2.0 message");
    } else if (method.isTextual() && named) {
      request((ObjectNode) message, id, method.textValue());
    } else if (CANCELLED.equals(method.textValue())) {
      cancel(message.path("params").path("requestId").toString());
    } else if (INITIALIZED.equals(method.textValue())) {
      var notification =
          new McpSchema.JSONRPCNotification(
              McpSchema.JSONRPC_VERSION, method.textValue(), value(message.path("params")));
      subscribe(open().handle(notification));
      initialized = true;
    }
    // Ignore responses and all other notifications.
  }

  private static @Nullable Object value(JsonNode json) {
    return Messages.JSON.convertValue(json.isMissingNode() ? null : json, Object.class);
  }

  private void request(ObjectNode message, JsonNode id, String method) {
    String key = id.toString();
    if (inFlight.containsKey(key)) {
      writeError(id, ErrorCodes.INVALID_REQUEST, "A request with this id is in flight");
      return;
    }
    if (method.equals(McpSchema.METHOD_PING)) {
      // Respond to pings at any time. The SDK would wait until the session is initialized.
      write(McpSchema.JSONRPCResponse.result(value(id), Map.of()));
      return;
    }
    if (!initialized && !method.equals(INITIALIZE)) {
      // The SDK would delay the response until the session is initialized, possibly forever.
      writeError(
          id, ErrorCodes.INVALID_REQUEST, "The session is not initialized; send initialize first");
      return;
    }
    JsonNode params = message.path("params");
    String wrong = requests.wrong(method, params);
    if (wrong != null) {
      writeError(id, ErrorCodes.INVALID_PARAMS, wrong);
      return;
    }
    if (method.equals(McpSchema.METHOD_LOGGING_SET_LEVEL)) {
      writeError(id, ErrorCodes.METHOD_NOT_FOUND, "Method not found: " + method);
      return;
    }
    if (method.equals(INITIALIZE)) {
      batches = params.path("protocolVersion").textValue().equals(WITH_BATCHES);
    }
    if (method.equals(McpSchema.METHOD_TOOLS_CALL)) {
      call(key, id, params);
      return;
    }
    var request =
        new McpSchema.JSONRPCRequest(
            McpSchema.JSONRPC_VERSION, method, value(id), params.isMissingNode() ? null : params);
    subscribe(
        open()
            .handle(request)
            .onErrorResume(
                e ->
                    Mono.fromRunnable(
                        () -> writeError(id, ErrorCodes.INTERNAL_ERROR, "The request failed"))));
  }

  private static void subscribe(Mono<Void> work) {
    var unused =
        work.subscribe(
            nothing -> {},
            e ->
                LOG.log(
                    Level.ERROR,
                    "Internal error while handling a message: " + e.getClass().getName()));
  }

  /**
   * Calls a tool directly, because the SDK would convert the parameters and the result to Java
   * objects.
   */
  private void call(String key, JsonNode id, JsonNode params) {
    if (!permits.tryAcquire()) {
      writeError(
          id,
          TOO_MANY,
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
                  id, ErrorCodes.INTERNAL_ERROR, "The call failed: " + e.getClass().getName());
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

  @Override
  public Mono<Void> closeGracefully() {
    return Mono.fromRunnable(this::cancelAll);
  }

  private void writeError(@Nullable JsonNode id, int code, @Nullable String message) {
    ObjectNode answer = answer(id);
    answer.putObject("error").put("code", code).put("message", message);
    write(answer);
  }

  private static ObjectNode answer(@Nullable JsonNode id) {
    ObjectNode answer = Messages.JSON.createObjectNode().put("jsonrpc", McpSchema.JSONRPC_VERSION);
    return answer.set("id", id);
  }

  private void write(Object message) {
    send(line(message));
  }

  private static byte[] line(Object message) {
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

  /** Writes the messages of the session. */
  private final class Writer implements McpServerTransport {
    @Override
    public Mono<Void> sendMessage(JSONRPCMessage message) {
      return Mono.fromRunnable(() -> write(withoutLogging(message)));
    }

    /**
     * Removes the logging capability that the SDK adds, because this server sends no log messages.
     */
    private static JSONRPCMessage withoutLogging(JSONRPCMessage message) {
      return message instanceof McpSchema.JSONRPCResponse response
              && response.result() instanceof McpSchema.InitializeResult result
          ? McpSchema.JSONRPCResponse.result(
              response.id(),
              McpSchema.InitializeResult.builder(
                      result.protocolVersion(), CAPABILITIES, result.serverInfo())
                  .instructions(result.instructions())
                  .build())
          : message;
    }

    @Override
    public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
      return mapper.convertValue(data, type);
    }

    @Override
    public Mono<Void> closeGracefully() {
      return Mono.empty();
    }

    @Override
    public void close() {
      cancelAll();
    }
  }
}
