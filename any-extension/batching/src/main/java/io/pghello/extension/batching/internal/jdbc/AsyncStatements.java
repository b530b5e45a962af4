// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.AsyncConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionSession;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Threads;
import io.pghello.extension.batching.internal.TimeoutTimer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
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
   * Starts a statement. Passes the result or an error to {@code outcome} exactly once, on the event
   * loop.
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
      started.statement = source.start(sql, parameters, binder, reader, started);
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

  /** Returns whether a statement has a connection. */
  boolean hasConnection() {
    return underWay.stream().anyMatch(each -> each.hasConnection(true));
  }

  /**
   * Returns whether a statement is waiting for a connection. This includes statements that ended
   * for this reason, until their outcome is known.
   */
  boolean isWaitingForConnection() {
    return underWay.stream().anyMatch(each -> each.hasConnection(false));
  }

  /** A statement. The thread that sets {@link #ended} reports its outcome. */
  private final class Started<T> implements BiConsumer<@Nullable T, @Nullable Throwable> {
    private final AtomicBoolean ended = new AtomicBoolean();
    private final AtomicBoolean reported = new AtomicBoolean();
    private final Deadline deadline;
    private final BiConsumer<@Nullable T, @Nullable Throwable> outcome;

    /** The statement; null until the source has returned it. */
    private volatile AsyncConnectionSource.@Nullable Statement statement;

    private Started(Deadline deadline, BiConsumer<@Nullable T, @Nullable Throwable> outcome) {
      this.deadline = deadline;
      this.outcome = outcome;
    }

    @Override
    public void accept(@Nullable T answer, @Nullable Throwable error) {
      if (ended.compareAndSet(false, true)) {
        underWay.remove(this);
        outcome.accept(answer, error);
      }
    }

    /** Returns whether the statement has a connection, or has none; false if that is unknown. */
    private boolean hasConnection(boolean expected) {
      AsyncConnectionSource.Statement known = statement;
      return known != null && known.hasConnection() == expected;
    }

    private void check() {
      AsyncConnectionSource.Statement known = statement;
      if (known == null || !deadline.isOver() || !ended.compareAndSet(false, true)) {
        return;
      }
      FunctionCallException error = null;
      try {
        if (!known.hasConnection()) {
          error = ConnectionErrors.noConnectionWithin(deadline.timeout(), null);
        }
        known.abort();
      } finally {
        fail(error == null ? Errors.timedOut(deadline.timeout()) : error);
      }
    }

    /** Reports an error on the event loop, because listeners must not delay the timeout check. */
    private void fail(FunctionCallException error) {
      Runnable report = () -> report(error);
      boolean executed = false;
      try {
        executed = Threads.tryExecute(source.eventLoop(), report);
      } catch (RuntimeException | Error e) {
        // the event loop has ended
      }
      if (!executed) {
        report.run();
      }
    }

    private void report(FunctionCallException error) {
      // an event loop may fail after it has accepted the task
      if (reported.compareAndSet(false, true)) {
        try {
          outcome.accept(null, error);
        } finally {
          underWay.remove(this);
        }
      }
    }
  }
}
