// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson2.JacksonMcpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator.ValidationResponse;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncToolSpecification;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.pghello.plugin.PostgresPlugin;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** An MCP server on two streams. */
final class Server implements AutoCloseable {
  static final ServerCapabilities CAPABILITIES = ServerCapabilities.builder().tools(false).build();

  private static final int THREADS = 32;
  private static final long IDLE_SECONDS = 10;
  private static final long GRACE_MILLIS = 1_000;
  private static final long CANCEL_MILLIS = 2_000;

  private final Transport transport;
  private final ThreadPoolExecutor calls =
      new ThreadPoolExecutor(
          THREADS,
          THREADS,
          IDLE_SECONDS,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          Server::thread);

  Server(
      PostgresPlugin plugin,
      Connections connections,
      Set<String> owners,
      InputStream in,
      OutputStream out) {
    calls.allowCoreThreadTimeOut(true);
    McpJsonMapper mapper = new JacksonMcpJsonMapper(Messages.JSON);
    var tools = new Tools(plugin, connections, calls);
    List<AsyncToolSpecification> all = tools.all();
    Set<String> names =
        all.stream().map(one -> one.tool().name()).collect(Collectors.toUnmodifiableSet());
    this.transport = new Transport(mapper, names, in, out);
    var unused =
        McpServer.async(transport)
            .serverInfo(
                Implementation.builder("pg-hello-mcp", PgHelloMcp.version())
                    .title("PostgreSQL, by pg-hello")
                    .build())
            .instructions(tools.instructions(owners))
            .capabilities(CAPABILITIES)
            .jsonMapper(mapper)
            // the plugin checks what it is given, and says more when it refuses
            .validateToolInputs(false)
            .jsonSchemaValidator((schema, content) -> ValidationResponse.asValid(null))
            .tools(all)
            .build();
  }

  private static Thread thread(Runnable task) {
    var thread = new Thread(task, "pg-hello-mcp-call");
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Serves until the input ends; then waits a second for what is in flight, and cancels the rest.
   */
  void run() {
    transport.run();
    transport.end(GRACE_MILLIS);
  }

  /** Cancels what is in flight, and waits until the server has stopped it, for some seconds. */
  @Override
  public void close() {
    transport.cancelAll();
    calls.shutdown();
    try {
      var unused = calls.awaitTermination(CANCEL_MILLIS, TimeUnit.MILLISECONDS);
      transport.flush(GRACE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
