// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** The connections that a test has opened. Thread-safe. */
final class OpenConnections {
  private static final long GRACE_MILLIS = 1_000;

  private record Opened(Connection connection, Throwable where) {}

  private static final int MIN_SWEEP = 100;

  private final List<Opened> tracked = new ArrayList<>();
  private final List<Connection> owned = new ArrayList<>();
  private int nextSweep = MIN_SWEEP;

  synchronized Connection track(Connection connection) throws SQLException {
    tracked.add(new Opened(connection, new Throwable("opened here")));
    if (tracked.size() >= nextSweep) {
      // otherwise, a test that opens many connections would keep the memory of closed ones
      tracked.retainAll(leaked());
      nextSweep = Math.max(MIN_SWEEP, 2 * tracked.size());
    }
    return connection;
  }

  synchronized Connection own(Connection connection) {
    owned.add(connection);
    return connection;
  }

  /** Closes injected connections, and fails if the test left other connections open. */
  synchronized void finish() throws SQLException {
    for (Connection connection : owned) {
      connection.close();
    }
    // the application's pool may close its connections in the background
    long end = System.nanoTime() + GRACE_MILLIS * 1_000_000;
    List<Opened> leaked = leaked();
    while (!leaked.isEmpty() && System.nanoTime() < end) {
      try {
        Thread.sleep(10);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      }
      leaked = leaked();
    }
    if (!leaked.isEmpty()) {
      var failure =
          new AssertionError(
              "the test left "
                  + leaked.size()
                  + " connection(s) open; see the suppressed exceptions");
      for (Opened opened : leaked) {
        opened.connection.close();
        failure.addSuppressed(opened.where);
      }
      tracked.clear();
      throw failure;
    }
  }

  private List<Opened> leaked() throws SQLException {
    var leaked = new ArrayList<Opened>();
    for (Opened opened : tracked) {
      if (!opened.connection.isClosed()) {
        leaked.add(opened);
      }
    }
    return leaked;
  }
}
