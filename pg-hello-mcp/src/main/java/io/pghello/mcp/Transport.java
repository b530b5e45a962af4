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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;

/**
 * Messages on two streams, a line each. The SDK's own transport ends at the first line that is no
 * message, drops what is in flight when its input ends, and does not know cancellations.
 */
final class Transport implements McpServerTransportProvider {
  /** The most requests that may be in flight. */
  static final int IN_FLIGHT_MAX = 256;

  private static final Logger LOG = System.getLogger("io.pghello.mcp");
  private static final String CANCELLED = "notifications/cancelled";
  private static final String INITIALIZE = "initialize";
  private static final String INITIALIZED = "notifications/initialized";
  private static final int TOO_MANY = -32000;
  // the only version in which a line may have several messages
  private static final String WITH_BATCHES = ProtocolVersions.MCP_2025_03_26;

  private final McpJsonMapper mapper;
  private final Messages messages;
  private final OutputStream out;
  private final Map<String, Disposable.Swap> inFlight = new ConcurrentHashMap<>();
  private final Semaphore permits = new Semaphore(IN_FLIGHT_MAX);

  private final ReentrantLock writing = new ReentrantLock();
  private @Nullable Thread reader;

  // a thread of its own, so that a client that does not read keeps nobody from reading
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(task -> new Thread(task, "pg-hello-mcp-writer"));

  private volatile @Nullable McpServerSession session;
  private final Requests requests;
  private boolean initialized;
  private boolean batches;

  /**
   * Creates it.
   *
   * @param tools the names of the tools that there are
   */
  Transport(McpJsonMapper mapper, Set<String> tools, InputStream in, OutputStream out) {
    this.mapper = mapper;
    this.requests = new Requests(tools);
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

  /** Handles messages until the input ends. */
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
        refuse(null, ErrorCodes.PARSE_ERROR, e.getMessage());
      } catch (IOException e) {
        more = false;
      } catch (RuntimeException | StackOverflowError e) {
        refuse(null, ErrorCodes.INTERNAL_ERROR, "The message could not be handled");
      }
    }
  }

  private void handle(String line) {
    JsonNode message;
    try {
      message = Messages.JSON.readTree(line);
    } catch (JsonProcessingException e) {
      refuse(null, ErrorCodes.PARSE_ERROR, "The message is no JSON" + Messages.place(e));
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
    // the SDK takes no number that is larger
    boolean named = id.isTextual() || (id.isIntegralNumber() && id.canConvertToLong());
    JsonNode method = message.path("method");
    boolean valid =
        message.isObject()
            && "2.0".equals(message.path("jsonrpc").textValue())
            && (id.isMissingNode() || named)
            && (method.isTextual() || (named && method.isMissingNode()));
    if (!valid) {
      refuse(named ? id : null, ErrorCodes.INVALID_REQUEST, "The message is none of JSON-RPC 2.0");
    } else if (method.isTextual() && named) {
      request((ObjectNode) message, id, method.textValue());
    } else if (CANCELLED.equals(method.textValue())) {
      cancel(message.path("params").path("requestId"));
    } else if (INITIALIZED.equals(method.textValue())) {
      var notification =
          new McpSchema.JSONRPCNotification(
              McpSchema.JSONRPC_VERSION, method.textValue(), value(message.path("params")));
      subscribe(open().handle(notification), Disposables.swap());
      initialized = true;
    }
    // an answer, or a notification of what this server does not ask for
  }

  private static @Nullable Object value(JsonNode json) {
    return Messages.JSON.convertValue(json.isMissingNode() ? null : json, Object.class);
  }

  private void request(ObjectNode message, JsonNode id, String method) {
    String key = id.toString();
    if (inFlight.containsKey(key)) {
      refuse(id, ErrorCodes.INVALID_REQUEST, "A request with this id is in flight");
      return;
    }
    if (method.equals(McpSchema.METHOD_PING)) {
      // at any time, while the SDK would wait for the session
      write(McpSchema.JSONRPCResponse.result(value(id), Map.of()));
      return;
    }
    if (!initialized && !method.equals(INITIALIZE)) {
      // the SDK would answer when it is, or never
      refuse(id, ErrorCodes.INVALID_REQUEST, "The session is not initialized");
      return;
    }
    JsonNode params = message.path("params");
    String wrong = requests.wrong(method, params);
    if (wrong != null) {
      refuse(id, ErrorCodes.INVALID_PARAMS, wrong);
      return;
    }
    if (method.equals(McpSchema.METHOD_LOGGING_SET_LEVEL)) {
      refuse(id, ErrorCodes.METHOD_NOT_FOUND, "Method not found: " + method);
      return;
    }
    if (method.equals(INITIALIZE)) {
      batches = params.path("protocolVersion").textValue().equals(WITH_BATCHES);
    }
    // first, as nobody would give the permit back if it failed
    var request =
        new McpSchema.JSONRPCRequest(
            McpSchema.JSONRPC_VERSION, method, value(id), params.isMissingNode() ? null : params);
    if (!permits.tryAcquire()) {
      refuse(id, TOO_MANY, "There are " + IN_FLIGHT_MAX + " requests in flight");
      return;
    }
    Disposable.Swap running = Disposables.swap();
    inFlight.put(key, running);
    subscribe(
        open()
            .handle(request)
            .onErrorResume(
                e ->
                    Mono.fromRunnable(
                        () -> refuse(id, ErrorCodes.INTERNAL_ERROR, "The request has failed")))
            .doFinally(
                end -> {
                  inFlight.remove(key);
                  permits.release();
                }),
        running);
  }

  private static void subscribe(Mono<Void> work, Disposable.Swap running) {
    running.update(
        work.subscribe(
            nothing -> {},
            e ->
                LOG.log(Level.ERROR, "A message could not be handled: " + e.getClass().getName())));
  }

  private void cancel(JsonNode id) {
    Disposable running = inFlight.get(id.toString());
    if (running != null) {
      running.dispose();
    }
  }

  /** Waits for what is in flight, for so long, then cancels the rest. */
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

  /** Cancels what is in flight. */
  void cancelAll() {
    inFlight.values().forEach(Disposable::dispose);
  }

  /** Writes what is left, for so long. */
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

  private void refuse(@Nullable JsonNode id, int code, @Nullable String why) {
    ObjectNode answer = Messages.JSON.createObjectNode().put("jsonrpc", McpSchema.JSONRPC_VERSION);
    answer.set("id", id);
    answer.putObject("error").put("code", code).put("message", why);
    write(answer);
  }

  private void write(Object message) {
    try {
      // a text first, as lone surrogates would fail in bytes
      byte[] line =
          (Messages.JSON.writeValueAsString(message) + "\n").getBytes(StandardCharsets.UTF_8);
      // who has called a tool may wait for the client, while the one that reads must not
      if (Thread.currentThread().equals(reader) || !writing.tryLock()) {
        writer.execute(() -> write(line));
        return;
      }
      try {
        write(line);
      } finally {
        writing.unlock();
      }
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a message that cannot be written", e);
    }
  }

  private void write(byte[] line) {
    writing.lock();
    try {
      out.write(line);
      out.flush();
    } catch (IOException e) {
      // the client is gone, and so is the input soon
      LOG.log(Level.DEBUG, "Nobody reads the output");
    } finally {
      writing.unlock();
    }
  }

  /** Writes what the session sends. */
  private final class Writer implements McpServerTransport {
    @Override
    public Mono<Void> sendMessage(JSONRPCMessage message) {
      return Mono.fromRunnable(() -> write(withoutLogging(message)));
    }

    /** Takes back a capability that the SDK promises of itself, as no log message is ever sent. */
    private static JSONRPCMessage withoutLogging(JSONRPCMessage message) {
      return message instanceof McpSchema.JSONRPCResponse response
              && response.result() instanceof McpSchema.InitializeResult result
          ? McpSchema.JSONRPCResponse.result(
              response.id(),
              McpSchema.InitializeResult.builder(
                      result.protocolVersion(), Server.CAPABILITIES, result.serverInfo())
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
