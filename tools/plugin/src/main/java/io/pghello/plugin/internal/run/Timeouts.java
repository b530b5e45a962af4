// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** Cancels statements that exceed their timeout. Thread-safe. */
public final class Timeouts implements AutoCloseable {
  private static final int NETWORK_GRACE_MILLIS = 5_000;
  private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final long NEVER_NANOS = Long.MAX_VALUE / 2;

  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(1, threads("pg-hello-plugin-timer"));

  // A cancellation uses a new connection, and may be delayed by the network.
  private final ExecutorService workers =
      Executors.newCachedThreadPool(threads("pg-hello-plugin-worker"));

  private final Set<Guard> guards = ConcurrentHashMap.newKeySet();
  private volatile long nextLook = System.nanoTime() + NEVER_NANOS;
  private @Nullable ScheduledFuture<?> look;

  /** Creates an instance. Does not start threads yet. */
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

  /** Runs a task after a delay, on a thread that may block. */
  ScheduledFuture<?> after(long millis, Runnable task) {
    return timer.schedule(() -> workers.execute(task), millis, TimeUnit.MILLISECONDS);
  }

  /** Runs a task periodically, on a thread that may block. */
  public void every(long millis, Runnable task) {
    var unused =
        timer.scheduleWithFixedDelay(
            () -> workers.execute(task), millis, millis, TimeUnit.MILLISECONDS);
  }

  /**
   * Watches a connection until the guard is closed, and cancels its statement after the timeout. If
   * the server does not respond to the cancellation, the connection is abandoned a few seconds
   * later. A cancellation by the caller has the same effect as a timeout.
   */
  Guard guard(Connection connection, Call call, long millis) throws SQLException {
    var guard = new Guard(connection, millis);
    guards.add(guard);
    scheduleCheck(guard.end);
    CompletionStage<?> cancellation = call.caller().cancellation();
    if (cancellation != null) {
      var unused = cancellation.whenComplete((done, e) -> workers.execute(guard::cancel));
    }
    return guard;
  }

  /**
   * Schedules a check of the guards. Waking the timer thread for each guard would cost as much as a
   * round trip, so the thread wakes only for the earliest timeout.
   */
  private void scheduleCheck(long nanos) {
    if (nanos - nextLook >= 0) {
      return;
    }
    synchronized (this) {
      if (nanos - nextLook < 0 && !timer.isShutdown()) {
        nextLook = nanos;
        if (look != null) {
          look.cancel(false);
        }
        look = timer.schedule(this::checkGuards, nanos - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
    }
  }

  private void checkGuards() {
    long now = System.nanoTime();
    // Reset nextLook before reading the guards, so that a guard added concurrently schedules a
    // check.
    nextLook = now + NEVER_NANOS;
    for (Guard guard : guards) {
      if (guard.end - now <= 0) {
        guard.end = now + NEVER_NANOS;
        workers.execute(guard::cancel);
      } else {
        scheduleCheck(guard.end);
      }
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
    workers.shutdown();
  }

  /** Watches a connection. Once {@link #close} has returned, no cancellation is in progress. */
  final class Guard implements AutoCloseable {
    private final PGConnection connection;
    private volatile long end;
    private volatile boolean over;
    private boolean ended;

    private Guard(Connection connection, long millis) throws SQLException {
      this.connection = connection.unwrap(PGConnection.class);
      connection.setNetworkTimeout(workers, (int) millis + NETWORK_GRACE_MILLIS);
      this.end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** Returns whether the timeout has expired, or the caller has cancelled the call. */
    boolean isOver() {
      return over;
    }

    private synchronized void cancel() {
      if (!ended) {
        over = true;
        try {
          connection.cancelQuery();
        } catch (SQLException e) {
          // The cancellation will be retried, and the network timeout ends the statement in any
          // case.
          over = true;
        }
        // Retry, because there may have been no running statement at that moment.
        end = System.nanoTime() + AGAIN_NANOS;
        scheduleCheck(end);
      }
    }

    @Override
    public void close() {
      guards.remove(this);
      synchronized (this) {
        ended = true;
      }
    }
  }
}
