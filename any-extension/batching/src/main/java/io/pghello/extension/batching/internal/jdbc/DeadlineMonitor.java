// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Threads;
import io.pghello.extension.batching.internal.TimeoutTimer;
import java.io.Serial;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * Ends statements at their deadlines, regardless of the timeout of the connection source and of the
 * state of the calling thread. If the thread is waiting for a connection, it is interrupted. Pools
 * react to the interrupt unless they are suspended. If the thread already has a connection, the
 * connection is aborted. The driver's network timeout is only a fallback for a JVM that cannot
 * start a thread. This timeout limits individual reads but not writes, and setting it for each
 * statement takes longer than all other work of the client.
 *
 * <p>The driver's connection is aborted first, because a pool's {@code abort} may wait for the
 * statement: the pool takes a lock, or closes the statement, which sends a cancel request to the
 * server. The pool's own {@code abort} follows a second later if the statement is still running,
 * because a wrapper may have replaced the driver's connection.
 */
final class DeadlineMonitor {
  private static final String ABORT = "pg-extension-abort";
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Set<WatchedStatement> underWay = ConcurrentHashMap.newKeySet();
  private final TimeoutTimer timer;
  private volatile boolean closed;

  DeadlineMonitor(Duration callTimeout) {
    this.timer = new TimeoutTimer(callTimeout, this::checkTimeouts);
  }

  DeadlineMonitor(Duration callTimeout, ScheduledExecutorService scheduler) {
    this.timer = new TimeoutTimer(callTimeout, this::checkTimeouts, scheduler);
  }

  /**
   * Returns a {@link WatchedStatement} for a statement of the current thread. The watch begins with
   * {@link WatchedStatement#begin}.
   */
  WatchedStatement statement(ConnectionSource source, Deadline deadline) {
    return new WatchedStatement(Thread.currentThread(), source, deadline);
  }

  /**
   * Returns whether statements are waiting for connections from a source, and no statement has a
   * connection from this source.
   */
  boolean allWaitFor(ConnectionSource source) {
    boolean wait = false;
    for (WatchedStatement watched : underWay) {
      if (watched.source.equals(source)) {
        if (watched.connection != null) {
          return false;
        }
        wait = true;
      }
    }
    return wait;
  }

  /** Returns whether a statement has a connection from a source. */
  boolean hasConnection(ConnectionSource source) {
    return underWay.stream()
        .anyMatch(watched -> watched.connection != null && watched.source.equals(source));
  }

  /** Returns whether no statement is in flight. */
  boolean isIdle() {
    return underWay.isEmpty();
  }

  /**
   * Rejects new statements. All statements that are not rejected are already in flight when this
   * method returns.
   */
  void close() {
    closed = true;
  }

  /** Returns whether new statements are rejected. */
  boolean isClosed() {
    return closed;
  }

  /**
   * Ends statements that have passed their deadlines, and statements that their own threads failed
   * to end.
   */
  boolean checkTimeouts() {
    underWay.removeIf(WatchedStatement::check);
    return !underWay.isEmpty();
  }

  /** Returns the driver's connection behind a pool's connection; null if a wrapper hides it. */
  @SuppressWarnings("ReferenceEquality") // equals() of a wrapper may unwrap or throw
  private static @Nullable Connection driverOf(Connection connection) {
    try {
      if (connection.isWrapperFor(PGConnection.class)
          && connection.unwrap(PGConnection.class) instanceof Connection driver) {
        return driver;
      }
      // the driver may be from another class loader; in that case, this call finds it if the
      // wrapper supports unwrapping
      Connection inner = connection.unwrap(Connection.class);
      return connection == inner ? null : inner;
    } catch (SQLException | RuntimeException e) {
      return null; // a wrapper that hides the driver may also throw an exception
    }
  }

  /**
   * A statement, which first waits for a connection and then uses it. An interrupt happens only
   * during the wait, and an abort only while the connection is in use.
   */
  final class WatchedStatement extends AtomicInteger {
    @Serial private static final long serialVersionUID = 1L;
    private static final int CONNECTING = 0;
    private static final int INTERRUPTING = 1;
    private static final int INTERRUPTED = 2;
    private static final int CONNECTED = 3;
    private static final int ABORTED = 4;
    private static final int ABORTED_TWICE = 5;
    private static final int ENDED = 6;
    private static final int ENDED_ABORTED = 7;

    private final transient Thread thread;
    private final transient ConnectionSource source;
    final transient Deadline deadline;
    transient volatile @Nullable Connection connection;

    /**
     * The driver's connection, unwrapped before the statement, because a wrapper may block {@code
     * unwrap} during the statement. Null if a wrapper hides the driver's connection.
     */
    transient volatile @Nullable Connection driver;

    /**
     * Whether the statement will be ended at its deadline. False if the JVM cannot start a thread
     * for this.
     */
    boolean isTimed;

    /** Whether the connection can be used again. */
    boolean reusable;

    /**
     * Whether the connection has returned an answer to another statement, regardless of the call's
     * outcome.
     */
    boolean responseMismatch;

    /** Whether the connection was released. */
    boolean released;

    /**
     * Whether the thread has finished the statement. Only then may other threads read the fields
     * above.
     */
    volatile boolean left;

    private WatchedStatement(Thread thread, ConnectionSource source, Deadline deadline) {
      this.thread = thread;
      this.source = source;
      this.deadline = deadline;
    }

    /**
     * Returns the thread's hash code, which has already been computed. Computing an identity hash
     * code for each statement would take longer.
     */
    @Override
    public int hashCode() {
      return thread.hashCode();
    }

    /** Begins the watch. Throws if new statements are rejected. */
    void begin() {
      underWay.add(this);
      if (closed) {
        throw Errors.closed();
      }
    }

    /** Returns a connection. Throws exceptions from the source, even after an interrupt. */
    @Nullable Connection connect() throws SQLException {
      try {
        isTimed = timer.start();
        Connection found = source.getConnection();
        connection = found;
        driver = found == null ? null : driverOf(found);
        return found;
      } finally {
        if (!compareAndSet(CONNECTING, CONNECTED)) {
          while (get() == INTERRUPTING) {
            Thread.onSpinWait();
          }
          // the interrupt was intended only for the wait
          boolean unused = Thread.interrupted();
          set(CONNECTED);
        }
      }
    }

    /** Ends the use of the connection. Returns whether the connection was aborted. */
    boolean end() {
      if (get() < ENDED) {
        int before = getAndSet(ENDED);
        if (before == ABORTED || before == ABORTED_TWICE) {
          set(ENDED_ABORTED);
        }
      }
      return get() == ENDED_ABORTED;
    }

    /** Closes the connection immediately, first at the driver and then at the pool. */
    void abortAll() {
      Connection known = driver;
      if (known != null) {
        Connections.abort(known);
      }
      Connections.abort(Objects.requireNonNull(connection));
    }

    /** Returns whether the connection is closed, without a round trip. */
    boolean isClosed() {
      Connection known = driver == null ? connection : driver;
      try {
        return known == null || known.isClosed();
      } catch (SQLException | RuntimeException e) {
        return true;
      }
    }

    /** Returns whether the driver has no open transaction. */
    boolean isIdle() {
      return driver instanceof BaseConnection known
          && known.getTransactionState() == TransactionState.IDLE;
    }

    /** Returns whether the connection is a pgjdbc connection or unwraps to one. */
    boolean isOfPgjdbc() {
      return driver instanceof PGConnection;
    }

    /** Ends the watch, unless the connection could not be released. */
    void leave() {
      if (released || connection == null) {
        underWay.remove(this);
      }
    }

    /** Ends the statement if its deadline has passed. Returns whether the watch has ended. */
    private boolean check() {
      if (left) {
        // the statement's thread could not end the watch, because its stack overflowed
        Connection known = released ? null : connection;
        return known == null || Threads.tryStart(ABORT, () -> abortAndRelease(known));
      }
      if (deadline.isOver()) {
        expire();
      }
      return false;
    }

    /** Interrupts the wait or aborts the connection. */
    private void expire() {
      if (get() == CONNECTING) {
        // an interrupt by the program also ends the wait, and must not be cleared
        if (!thread.isInterrupted() && compareAndSet(CONNECTING, INTERRUPTING)) {
          thread.interrupt();
          set(INTERRUPTED);
        }
      } else if (connection != null) {
        Connection known = driver;
        if (!abort(CONNECTED, ABORTED, known == null ? connection : known)
            && known != null
            && deadline.nanosLeft() < -PATIENCE_NANOS) {
          abort(ABORTED, ABORTED_TWICE, connection);
        }
      }
    }

    /**
     * Aborts a connection on a separate thread, because closing a TLS connection waits until a
     * blocked write ends. Returns whether the statement was in the state {@code before}.
     */
    private boolean abort(int before, int after, Connection target) {
      if (!compareAndSet(before, after)) {
        return false;
      }
      if (!Threads.tryStart(ABORT, () -> Connections.abort(target))) {
        // no thread is available; the next check tries again
        compareAndSet(after, before);
      }
      return true;
    }

    private void abortAndRelease(Connection connection) {
      abortAll();
      Connections.release(source, connection, true);
    }
  }
}
