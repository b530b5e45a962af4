// SPDX-License-Identifier: MIT
package io.pghello.cli.system;

import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * A time limit for work on a temporary server. If this object is not closed within the limit, all
 * sessions of the server are terminated, repeatedly, until the object is closed. Sessions are
 * terminated because functions can trap the cancellation of a statement.
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
          // The next attempt may succeed. If all attempts fail, the server has ended, and so has
          // the work.
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

  /** Cancels the limit, and waits until the thread that terminates sessions has ended. */
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
