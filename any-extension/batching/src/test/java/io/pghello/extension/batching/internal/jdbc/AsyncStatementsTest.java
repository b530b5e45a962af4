// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.AsyncConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.FunctionSession;
import io.pghello.extension.batching.internal.Deadline;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shows how statements that do not block end. */
@Timeout(60)
class AsyncStatementsTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Source source = new Source();
  private final AsyncStatements statements = new AsyncStatements(source, TIMEOUT);
  private final List<Object> outcomes = new CopyOnWriteArrayList<>();

  @Test
  void statementEndsWithItsAnswer() {
    start(TIMEOUT);
    assertThat(statements.checkTimeouts()).isTrue();
    source.answer("Hello");
    assertThat(outcomes).containsExactly("Hello");
    assertThat(statements.checkTimeouts()).isFalse();
    assertThat(source.aborted).hasValue(0);
  }

  @Test
  void statementIsAbortedAtItsDeadlineAndALateAnswerIsIgnored() {
    start(Duration.ofMillis(1));
    while (outcomes.isEmpty()) {
      LockSupport.parkNanos(1_000_000);
      statements.checkTimeouts();
    }
    source.answer("late");
    assertThat(source.aborted).hasValue(1);
    assertFailed(Code.TIMEOUT);
    assertThat(statements.checkTimeouts()).isFalse();
  }

  @Test
  void statementThatStillWaitsForAConnectionEndsWithThatError() {
    source.waiting = true;
    start(Duration.ofMillis(1));
    while (outcomes.isEmpty()) {
      LockSupport.parkNanos(1_000_000);
      statements.checkTimeouts();
    }
    assertFailed(Code.CONNECTION_UNAVAILABLE);
    assertThat(statements.isWaitingForConnection()).isFalse();
  }

  @Test
  void connectionsOfStatementsAreKnown() {
    source.waiting = true;
    start(TIMEOUT);
    assertThat(statements.isWaitingForConnection()).isTrue();
    assertThat(statements.hasConnection()).isFalse();
    source.waiting = false;
    start(TIMEOUT);
    assertThat(statements.isWaitingForConnection()).isTrue();
    assertThat(statements.hasConnection()).isTrue();
  }

  @Test
  void eventLoopReportsTheEndAtTheDeadline() {
    var tasks = new CopyOnWriteArrayList<Runnable>();
    source.eventLoop = tasks::add;
    start(Duration.ofMillis(1));
    while (tasks.isEmpty()) {
      LockSupport.parkNanos(1_000_000);
      statements.checkTimeouts();
    }
    assertThat(outcomes).isEmpty();
    // the statement is under way until its end is reported
    assertThat(statements.checkTimeouts()).isTrue();
    assertThat(tasks).hasSize(1);
    tasks.forEach(Runnable::run);
    assertFailed(Code.TIMEOUT);
    assertThat(statements.checkTimeouts()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void statementEndsOnceAtItsDeadlineEvenIfTheEventLoopFails(boolean accepts) {
    source.eventLoop =
        task -> {
          if (accepts) {
            task.run();
            throw new OutOfMemoryError();
          }
          throw new RejectedExecutionException();
        };
    start(Duration.ofMillis(1));
    while (outcomes.isEmpty()) {
      LockSupport.parkNanos(1_000_000);
      statements.checkTimeouts();
    }
    assertFailed(Code.TIMEOUT);
    assertThat(statements.checkTimeouts()).isFalse();
  }

  @Test
  void statementEndsAtItsDeadlineEvenIfTheAbortFails() {
    source.abortFailure = new IllegalStateException("closed");
    start(Duration.ofMillis(1));
    while (outcomes.isEmpty()) {
      LockSupport.parkNanos(1_000_000);
      try {
        statements.checkTimeouts();
      } catch (IllegalStateException e) {
        assertThat(e).isSameAs(source.abortFailure);
      }
    }
    assertThat(outcomes).hasSize(1).hasOnlyElementsOfType(FunctionCallException.class);
    assertThat(statements.checkTimeouts()).isFalse();
  }

  @Test
  void exceptionOfTheSourceEndsTheStatement() {
    var reason = new IllegalStateException("closed");
    source.failure = reason;
    start(TIMEOUT);
    assertThat(outcomes).containsExactly(reason);
    assertThat(statements.checkTimeouts()).isFalse();
  }

  private void assertFailed(Code code) {
    assertThat(outcomes)
        .singleElement()
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private void start(Duration timeout) {
    assertThat(
            statements.<String, String>start(
                "SELECT ?",
                "argument",
                (statement, argument) -> {},
                row -> "read",
                Deadline.after(timeout),
                (answer, error) -> outcomes.add(answer == null ? error : answer)))
        .isTrue();
  }

  /** A source with one statement, which the test answers. */
  private static final class Source implements AsyncConnectionSource {
    final AtomicInteger aborted = new AtomicInteger();
    @Nullable RuntimeException failure;
    @Nullable RuntimeException abortFailure;
    Executor eventLoop = Runnable::run;
    boolean waiting;
    private @Nullable BiConsumer<Object, @Nullable Throwable> outcome;

    @Override
    public Executor eventLoop() {
      return eventLoop;
    }

    @Override
    @SuppressWarnings("unchecked") // the test knows the type of the answer
    public <P, T> Statement start(
        String sql,
        P parameters,
        FunctionSession.Binder<P> binder,
        FunctionSession.Reader<T> reader,
        BiConsumer<@Nullable T, @Nullable Throwable> outcome) {
      if (failure != null) {
        throw failure;
      }
      this.outcome = (answer, error) -> outcome.accept((T) answer, error);
      boolean hasConnection = !waiting;
      return new Statement() {
        @Override
        public boolean hasConnection() {
          return hasConnection;
        }

        @Override
        public void abort() {
          aborted.incrementAndGet();
          if (abortFailure != null) {
            throw abortFailure;
          }
        }
      };
    }

    void answer(String answer) {
      if (outcome != null) {
        outcome.accept(answer, null);
      }
    }

    @Override
    public Connection getConnection() throws SQLException {
      throw new SQLException("not expected");
    }
  }
}
