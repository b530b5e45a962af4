// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson2.JacksonMcpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator.ValidationResponse;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.pghello.plugin.PostgresPlugin;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.TimeUnit;

/** An MCP server that communicates over two streams. */
final class Server implements AutoCloseable {
  private static final int THREADS = 32;
  private static final long IDLE_SECONDS = 10;
  private static final long GRACE_MILLIS = 1_000;
  private static final long CANCEL_MILLIS = 2_000;

  private final Transport transport;

  // This kind of pool reuses the most recently active thread, whereas a pool with a queue would
  // rotate through all threads.
  private final ForkJoinPool calls =
      new ForkJoinPool(
          THREADS,
          Server::thread,
          null,
          true,
          0,
          THREADS,
          1,
          pool -> true,
          IDLE_SECONDS,
          TimeUnit.SECONDS);

  Server(
      PostgresPlugin plugin,
      Connections connections,
      Set<String> owners,
      InputStream in,
      OutputStream out) {
    McpJsonMapper mapper = new JacksonMcpJsonMapper(Messages.JSON);
    var tools = new Tools(plugin, connections);
    this.transport = new Transport(mapper, tools, calls, in, out);
    var unused =
        McpServer.async(transport)
            .serverInfo(
                Implementation.builder("pg-hello-mcp", version())
                    .title("PostgreSQL, by pg-hello")
                    .build())
            .instructions(tools.instructions(owners))
            .capabilities(Transport.CAPABILITIES)
            .jsonMapper(mapper)
            // The plugin validates the parameters itself, with better error messages.
            .validateToolInputs(false)
            .jsonSchemaValidator((schema, content) -> ValidationResponse.asValid(null))
            .tools(tools.all())
            .build();
  }

  /** Returns the version of this program. */
  static String version() {
    String version = Server.class.getPackage().getImplementationVersion();
    return version == null ? "development build" : version;
  }

  private static ForkJoinWorkerThread thread(ForkJoinPool pool) {
    ForkJoinWorkerThread thread = ForkJoinPool.defaultForkJoinWorkerThreadFactory.newThread(pool);
    thread.setName("pg-hello-mcp-call");
    return thread;
  }

  /**
   * Serves requests until the end of the input. Then waits up to one second for calls in flight,
   * and cancels the calls that remain.
   */
  void run() {
    transport.run();
    transport.end(GRACE_MILLIS);
  }

  /** Cancels calls in flight, and waits a few seconds for the database server to stop them. */
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
