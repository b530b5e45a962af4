// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.AsyncConnectionSource;
import io.pghello.extension.batching.FunctionSession;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.TimeoutTimer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Starts statements on a source that does not block, and ends them at their deadlines. */
final class AsyncStatements {
  private final AsyncConnectionSource source;
  private final Set<Started<?>> underWay = ConcurrentHashMap.newKeySet();
  private final TimeoutTimer timer;

  AsyncStatements(AsyncConnectionSource source, Duration callTimeout) {
    this.source = source;
    this.timer = new TimeoutTimer(callTimeout, this::checkTimeouts);
  }

  /**
   * Starts a statement. Passes the result or an error to {@code outcome} exactly once: on the event
   * loop, or, at the deadline, on the thread that checks timeouts.
   *
   * @return false if the JVM cannot start a thread that ends the statement at its deadline
   */
  <P, T> boolean start(
      String sql,
      P parameters,
      FunctionSession.Binder<P> binder,
      FunctionSession.Reader<T> reader,
      Deadline deadline,
      BiConsumer<@Nullable T, @Nullable Throwable> outcome) {
    var started = new Started<>(deadline, outcome);
    underWay.add(started);
    boolean watched = false;
    try {
      watched = timer.start();
    } finally {
      if (!watched) {
        underWay.remove(started);
      }
    }
    if (!watched) {
      return false;
    }
    try {
      started.abort = source.start(sql, parameters, binder, reader, started);
    } catch (RuntimeException | Error e) {
      started.accept(null, e);
    }
    return true;
  }

  /**
   * Aborts statements after their deadlines.
   *
   * @return whether statements are left to check
   */
  boolean checkTimeouts() {
    underWay.forEach(Started::check);
    return !underWay.isEmpty();
  }

  /** A statement. The thread that removes it from the set reports its outcome. */
  private final class Started<T> implements BiConsumer<@Nullable T, @Nullable Throwable> {
    private final Deadline deadline;
    private final BiConsumer<@Nullable T, @Nullable Throwable> outcome;

    /** Aborts the statement; null until the source has returned the action. */
    private volatile @Nullable Runnable abort;

    private Started(Deadline deadline, BiConsumer<@Nullable T, @Nullable Throwable> outcome) {
      this.deadline = deadline;
      this.outcome = outcome;
    }

    @Override
    public void accept(@Nullable T answer, @Nullable Throwable error) {
      if (underWay.remove(this)) {
        outcome.accept(answer, error);
      }
    }

    private void check() {
      Runnable known = abort;
      if (known != null && deadline.isOver() && underWay.remove(this)) {
        try {
          known.run();
        } finally {
          outcome.accept(null, Errors.timedOut(deadline.timeout()));
        }
      }
    }
  }
}
