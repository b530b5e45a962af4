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

/**
 * Waits for a connection no longer than the call may take, whatever the source's own time-out is:
 * the thread is interrupted then, which all known pools heed.
 */
final class ConnectionWait {
  private final Set<Wait> waits = ConcurrentHashMap.newKeySet();
  private final TimeoutTimer timer;

  ConnectionWait(Duration callTimeout) {
    this.timer = new TimeoutTimer(callTimeout, this::checkTimeouts);
  }

  /** Returns a connection; throws what the source throws, also where it was told to give up. */
  Connection get(ConnectionSource source, Deadline deadline) throws SQLException {
    var wait = new Wait(Thread.currentThread(), deadline);
    waits.add(wait);
    timer.start();
    try {
      return source.get();
    } finally {
      waits.remove(wait);
      wait.end();
    }
  }

  /** Returns how many threads wait for a connection. */
  int waiting() {
    return waits.size();
  }

  private boolean checkTimeouts() {
    for (Wait wait : waits) {
      if (wait.deadline.isOver()) {
        wait.interrupt();
      }
    }
    return !waits.isEmpty();
  }

  /** A thread that waits; the interrupt comes before the end or not at all. */
  private static final class Wait extends AtomicInteger {
    @Serial private static final long serialVersionUID = 1L;
    private static final int WAITING = 0;
    private static final int INTERRUPTING = 1;
    private static final int INTERRUPTED = 2;
    private static final int ENDED = 3;

    private final transient Thread thread;
    private final transient Deadline deadline;

    Wait(Thread thread, Deadline deadline) {
      this.thread = thread;
      this.deadline = deadline;
    }

    void interrupt() {
      if (compareAndSet(WAITING, INTERRUPTING)) {
        thread.interrupt();
        set(INTERRUPTED);
      }
    }

    void end() {
      if (!compareAndSet(WAITING, ENDED)) {
        while (get() == INTERRUPTING) {
          Thread.onSpinWait();
        }
        // it was meant for the wait alone
        boolean unused = Thread.interrupted();
      }
    }
  }
}
