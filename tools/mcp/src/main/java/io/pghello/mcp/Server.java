// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import com.fasterxml.jackson.databind.node.ObjectNode;
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
    var tools = new Tools(plugin, connections);
    ObjectNode server = Messages.JSON.createObjectNode();
    server
        .putObject("serverInfo")
        .put("name", "pg-hello-mcp")
        .put("title", "PostgreSQL, by pg-hello")
        .put("version", version());
    server.put("instructions", tools.instructions(owners));
    this.transport = new Transport(server, tools, calls, in, out);
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
