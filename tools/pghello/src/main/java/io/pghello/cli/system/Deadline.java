// SPDX-License-Identifier: MIT
package io.pghello.cli.system;

import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * A time limit for work on a server that pghello has started. If the work is not closed in time,
 * all sessions of the server are terminated, again and again until it is. Functions cannot trap
 * that, unlike the cancellation of a statement.
 */
public final class Deadline implements AutoCloseable {
  private static final String TERMINATE =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

  private final Target server;
  private final Duration limit;
  private final Thread thread;
  private volatile boolean passed;

  public Deadline(Target server, Duration limit) {
    this.server = server;
    this.limit = limit;
    thread = new Thread(this::run, "pghello-deadline");
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    try {
      Thread.sleep(limit.toMillis());
      passed = true;
      while (true) {
        try (Connection session = server.connect()) {
          Query.values(session, TERMINATE);
        } catch (SQLException e) {
          // the next attempt may succeed; if none does, the server is gone, and so is the work
          Thread.sleep(1000);
        }
        Thread.sleep(100);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns whether the limit was exceeded. */
  public boolean hasPassed() {
    return passed;
  }

  /** Ends the limit, and returns when no session is terminated any more. */
  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
