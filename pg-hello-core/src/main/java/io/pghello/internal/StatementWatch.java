// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.ConnectionSource;
import java.io.Serial;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Ends statements at their deadlines, whatever the source's own time-out is and whatever the thread
 * waits for. While it waits for a connection it is interrupted, which all known pools heed.
 * Afterwards its connection is aborted: the time-out of a network counts for one read, and for no
 * write.
 */
final class StatementWatch {
  private final Set<Watched> underWay = ConcurrentHashMap.newKeySet();
  private final TimeoutTimer timer;

  StatementWatch(Duration callTimeout) {
    this.timer = new TimeoutTimer(callTimeout, this::checkTimeouts);
  }

  /** Begins to watch a statement of the current thread, which has no connection yet. */
  Watched begin(Deadline deadline) {
    var watched = new Watched(Thread.currentThread(), deadline);
    underWay.add(watched);
    return watched;
  }

  /** Returns how many statements wait for a connection. */
  int waitingForConnection() {
    return (int) underWay.stream().filter(watched -> watched.connection == null).count();
  }

  /** Returns whether no statement is under way. */
  boolean isIdle() {
    return underWay.isEmpty();
  }

  private boolean checkTimeouts() {
    // one whose stack overflowed may never say that it has ended
    underWay.removeIf(watched -> watched.deadline.isOver() && watched.expire());
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

    private final transient Thread thread;
    private final transient Deadline deadline;
    private transient volatile @Nullable Connection connection;

    private Watched(Thread thread, Deadline deadline) {
      this.thread = thread;
      this.deadline = deadline;
    }

    /** Returns a connection; throws what the source throws, also where it was told to give up. */
    @Nullable Connection connect(ConnectionSource source) throws SQLException {
      try {
        timer.start();
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

    /** Ends the watch; returns whether the connection was aborted. */
    boolean end() {
      underWay.remove(this);
      return getAndSet(ENDED) == ABORTED;
    }

    /** Returns whether the connection was aborted. */
    boolean isAborted() {
      return get() == ABORTED;
    }

    /** Interrupts the wait or aborts the connection; returns whether nothing is left to do. */
    private boolean expire() {
      if (compareAndSet(CONNECTING, INTERRUPTING)) {
        thread.interrupt();
        set(INTERRUPTED);
        return false;
      }
      Connection known = connection;
      return known == null
          ? get() == CONNECTED
          : compareAndSet(CONNECTED, ABORTED) ? abort(known) : get() == ENDED;
    }

    /** On a thread of its own, as TLS waits for the writer whose connection it is to close. */
    private boolean abort(Connection connection) {
      try {
        new AsyncWorker(() -> StatementExecutor.abort(connection), "pg-hello-abort").start();
        return true;
      } catch (OutOfMemoryError e) {
        // there is no thread; the next look tries again
        compareAndSet(ABORTED, CONNECTED);
        return false;
      }
    }
  }
}
