// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson2.JacksonMcpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator.ValidationResponse;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.pghello.plugin.PostgresPlugin;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** An MCP server on two streams. */
final class Server implements AutoCloseable {
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

  Server(PostgresPlugin plugin, Connections connections, InputStream in, OutputStream out) {
    calls.allowCoreThreadTimeOut(true);
    McpJsonMapper mapper = new JacksonMcpJsonMapper(Messages.JSON);
    this.transport = new Transport(mapper, in, out);
    var tools = new Tools(plugin, connections, calls);
    var unused =
        McpServer.async(transport)
            .serverInfo("pg-hello-mcp", PgHelloMcp.version())
            .instructions(tools.instructions())
            .capabilities(ServerCapabilities.builder().tools(false).build())
            .jsonMapper(mapper)
            // the plugin checks what it is given, and says more when it refuses
            .validateToolInputs(false)
            .jsonSchemaValidator((schema, content) -> ValidationResponse.asValid(null))
            .tools(tools.all())
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
