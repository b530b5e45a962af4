// SPDX-License-Identifier: MIT
package io.pghello.internal.jdbc;

import io.pghello.ConnectionSource;
import io.pghello.internal.Deadline;
import io.pghello.internal.Errors;
import io.pghello.internal.Threads;
import io.pghello.internal.TimeoutTimer;
import java.io.Serial;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Ends statements at their deadlines, whatever the source's own time-out is and whatever the thread
 * waits for. While it waits for a connection it is interrupted, which pools heed unless they are
 * suspended. Afterwards its connection is aborted: a network's time-out counts for one read, and
 * for no write; and to set it for each statement takes longer than all else that the client does.
 */
final class StatementWatch {
  private static final String ABORT = "pg-hello-abort";

  private final Set<Watched> underWay = ConcurrentHashMap.newKeySet();
  private final TimeoutTimer timer;
  private volatile boolean closed;

  StatementWatch(Duration callTimeout) {
    this.timer = new TimeoutTimer(callTimeout, this::checkTimeouts);
  }

  StatementWatch(Duration callTimeout, ScheduledExecutorService scheduler) {
    this.timer = new TimeoutTimer(callTimeout, this::checkTimeouts, scheduler);
  }

  /** Returns a statement of the current thread, which is watched once it {@link Watched#begin}s. */
  Watched statement(ConnectionSource source, Deadline deadline) {
    return new Watched(Thread.currentThread(), source, deadline);
  }

  /** Returns whether statements wait for a connection of a source, and none has got one. */
  boolean allWaitFor(ConnectionSource source) {
    boolean wait = false;
    for (Watched watched : underWay) {
      if (watched.source.equals(source)) {
        if (watched.connection != null) {
          return false;
        }
        wait = true;
      }
    }
    return wait;
  }

  /** Returns whether no statement is under way. */
  boolean isIdle() {
    return underWay.isEmpty();
  }

  /** Refuses further statements; those that are not refused are under way when this returns. */
  void close() {
    closed = true;
  }

  /** Ends statements whose deadline has passed, and those that their threads could not end. */
  boolean checkTimeouts() {
    underWay.removeIf(Watched::check);
    return !underWay.isEmpty();
  }

  /**
   * A statement, which first waits for a connection and then uses it. An interrupt comes before the
   * end of the wait or not at all, and an abort before the end of the use or not at all.
   */
  final class Watched extends AtomicInteger {
    @Serial private static final long serialVersionUID = 1L;
    private static final int CONNECTING = 0;
    private static final int INTERRUPTING = 1;
    private static final int INTERRUPTED = 2;
    private static final int CONNECTED = 3;
    private static final int ABORTED = 4;
    private static final int ENDED = 5;
    private static final int ENDED_ABORTED = 6;

    private final transient Thread thread;
    private final transient ConnectionSource source;
    final transient Deadline deadline;
    transient volatile @Nullable Connection connection;

    /** Whether the statement is ended at its deadline; the JVM may have no thread for that. */
    boolean isTimed;

    /** Whether the connection can be used again. */
    boolean sound;

    /** Whether the connection has given a wrong answer, whatever came of the statement. */
    boolean isMixedUp;

    /** Whether the connection was released. */
    boolean released;

    /** Whether the thread has done with the statement; only then others may read the above. */
    volatile boolean left;

    private Watched(Thread thread, ConnectionSource source, Deadline deadline) {
      this.thread = thread;
      this.source = source;
      this.deadline = deadline;
    }

    /** That of its thread, which has one already; to make one for each statement takes longer. */
    @Override
    public int hashCode() {
      return thread.hashCode();
    }

    /** Begins the watch; throws if statements are refused. */
    void begin() {
      underWay.add(this);
      if (closed) {
        throw Errors.closed();
      }
    }

    /** Returns a connection; throws what the source throws, also where it was told to give up. */
    @Nullable Connection connect() throws SQLException {
      try {
        isTimed = timer.start();
        connection = source.get();
        return connection;
      } finally {
        if (!compareAndSet(CONNECTING, CONNECTED)) {
          while (get() == INTERRUPTING) {
            Thread.onSpinWait();
          }
          // it was meant for the wait alone
          boolean unused = Thread.interrupted();
          set(CONNECTED);
        }
      }
    }

    /** Ends the use of the connection; returns whether it was aborted. */
    boolean end() {
      if (get() < ENDED && getAndSet(ENDED) == ABORTED) {
        set(ENDED_ABORTED);
      }
      return get() == ENDED_ABORTED;
    }

    /** Ends the watch, unless there is a connection that could not be released. */
    void leave() {
      if (released || connection == null) {
        underWay.remove(this);
      }
    }

    /** Ends what is to be ended; returns whether the watch has ended. */
    private boolean check() {
      if (left) {
        // the stack of its thread has overflowed
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
        // a program's interrupt also ends the wait, and is not ours to clear afterwards
        if (!thread.isInterrupted() && compareAndSet(CONNECTING, INTERRUPTING)) {
          thread.interrupt();
          set(INTERRUPTED);
        }
      } else if (connection != null && compareAndSet(CONNECTED, ABORTED) && !abort()) {
        // there is no thread; the next check tries again
        compareAndSet(ABORTED, CONNECTED);
      }
    }

    /**
     * Aborts the connection on a thread of its own, as TLS waits for the writer whose connection it
     * is to close.
     */
    private boolean abort() {
      Connection known = Objects.requireNonNull(connection);
      return Threads.tryStart(ABORT, () -> StatementExecutor.abort(known));
    }

    private void abortAndRelease(Connection connection) {
      StatementExecutor.abort(connection);
      StatementExecutor.release(source, connection, true);
    }
  }
}
