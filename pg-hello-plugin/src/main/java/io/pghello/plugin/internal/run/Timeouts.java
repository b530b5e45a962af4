// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGConnection;

/** Cancels statements when their time is over. Thread-safe. */
public final class Timeouts implements AutoCloseable {
  private static final int NETWORK_GRACE_MILLIS = 5_000;
  private static final long AGAIN_MILLIS = 250;

  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(1, threads("pg-hello-plugin-timer"));

  // a cancellation is a connection of its own, and takes as long as the network does
  private final ExecutorService workers =
      Executors.newCachedThreadPool(threads("pg-hello-plugin-worker"));

  /** Starts none of the threads yet. */
  public Timeouts() {
    timer.setRemoveOnCancelPolicy(true);
  }

  private static ThreadFactory threads(String name) {
    return task -> {
      var thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  /** Runs a task after a time, on a thread that may block. */
  ScheduledFuture<?> after(long millis, Runnable task) {
    return timer.schedule(() -> workers.execute(task), millis, TimeUnit.MILLISECONDS);
  }

  /** Runs a task again and again, on a thread that may block. */
  public void every(long millis, Runnable task) {
    var unused =
        timer.scheduleWithFixedDelay(
            () -> workers.execute(task), millis, millis, TimeUnit.MILLISECONDS);
  }

  /**
   * Begins to watch a connection until the guard is closed. A server that does not even answer the
   * cancellation is left some seconds later. The call's own cancellation is as the end of its time.
   */
  Guard guard(Connection connection, Call call, long millis) throws SQLException {
    var guard = new Guard(connection, millis);
    if (call.cancellation() != null) {
      var unused = call.cancellation().whenComplete((done, e) -> workers.execute(guard::cancel));
    }
    return guard;
  }

  @Override
  public void close() {
    timer.shutdownNow();
    workers.shutdown();
  }

  /** Watches what a connection does. No cancellation is under way after it is closed. */
  final class Guard implements AutoCloseable {
    private final PGConnection connection;
    private ScheduledFuture<?> next;
    private boolean ended;
    private volatile boolean over;

    private Guard(Connection connection, long millis) throws SQLException {
      this.connection = connection.unwrap(PGConnection.class);
      connection.setNetworkTimeout(workers, (int) millis + NETWORK_GRACE_MILLIS);
      this.next = after(millis, this::cancel);
    }

    /** Returns whether the time is over. */
    boolean isOver() {
      return over;
    }

    private synchronized void cancel() {
      if (!ended) {
        over = true;
        next.cancel(false);
        try {
          connection.cancelQuery();
        } catch (SQLException e) {
          // tried again, and the network's time-out ends it in any case
          over = true;
        }
        // nothing may have run just then
        next = after(AGAIN_MILLIS, this::cancel);
      }
    }

    @Override
    public synchronized void close() {
      ended = true;
      next.cancel(false);
    }
  }
}
