// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.NameRequest;
import io.pghello.extension.batching.internal.SafeListener;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Shows which errors callers receive, for example if they get no connection. Needs no server. */
@Timeout(60)
class StatementExecutorTest {
  private static final Duration SHORT = Duration.ofMillis(200);
  private static final Duration LONG = Duration.ofMinutes(2);

  /** A connection on which no statement is sent. */
  private static final Connection UNUSED = unused(Connection.class);

  private static <T> T unused(Class<T> type) {
    return type.cast(
        Proxy.newProxyInstance(
            StatementExecutorTest.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              if (method.getReturnType() == Statement.class) {
                return unused(Statement.class);
              }
              return method.getReturnType() == boolean.class ? false : null;
            }));
  }

  @Test
  void callFailsAfterItsOwnTimeout() {
    ConnectionSource stuck =
        () -> {
          while (!Thread.currentThread().isInterrupted()) {
            LockSupport.park();
          }
          throw new SQLException("interrupted");
        };
    var executor =
        new StatementExecutor(stuck, NameRequest.settings(null, SHORT), NameRequest.FUNCTIONS);
    assertThatThrownBy(() -> run(executor, Deadline.after(SHORT)))
        .isInstanceOf(FunctionCallException.class)
        .hasMessageContaining("200 ms");
    FunctionCallException other = executor.timedOut(Duration.ofMillis(777));
    assertThat(other.code()).isEqualTo(Code.CONNECTION_UNAVAILABLE);
    assertThat(other).hasMessageContaining("777 ms").hasMessageNotContaining("200 ms");
    assertThat(executor.timedOut(SHORT)).hasMessageContaining("200 ms");
  }

  @Test
  void interruptByTheApplicationIsReported() {
    Deadline deadline = Deadline.after(Duration.ofSeconds(2));
    ConnectionSource interrupted =
        () -> {
          Thread.currentThread().interrupt();
          while (!deadline.isOver()) {
            Thread.onSpinWait();
          }
          throw new SQLException("interrupted");
        };
    var executor =
        new StatementExecutor(
            interrupted, NameRequest.settings(null, SHORT), NameRequest.FUNCTIONS);
    assertThatThrownBy(() -> run(executor, deadline))
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
    // other calls, which were not interrupted, may get a connection
    assertThat(executor.timedOut(SHORT).code()).isEqualTo(Code.TIMEOUT);
  }

  /** The errors of calls that wait for these two statements report the cause of the delay. */
  @Test
  void theServerIsSlowAsLongAsOneStatementHasAConnection() {
    var connected = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    var connecting = new CountDownLatch(1);
    var mayConnect = new CountDownLatch(1);
    var first = new AtomicBoolean(true);
    ConnectionSource source =
        () -> {
          if (!first.getAndSet(false)) {
            connecting.countDown();
            await(mayConnect);
          }
          return UNUSED;
        };
    var executor =
        new StatementExecutor(source, NameRequest.settings(null, LONG), NameRequest.FUNCTIONS);
    CompletableFuture<String> working =
        start(
            executor,
            session -> {
              connected.countDown();
              await(mayEnd);
              return "first";
            });
    await(connected);
    CompletableFuture<String> waiting = start(executor, session -> "second");
    await(connecting);
    assertThat(executor.timedOut(LONG).code()).isEqualTo(Code.TIMEOUT);
    mayEnd.countDown();
    assertThat(working.join()).isEqualTo("first");
    assertThat(executor.timedOut(LONG).code()).isEqualTo(Code.CONNECTION_UNAVAILABLE);
    mayConnect.countDown();
    assertThat(waiting.join()).isEqualTo("second");
  }

  /** ShardingSphere's driver does not throw an SQLException for SQL that it cannot parse. */
  @Test
  void reportsADriverThatParsesSql() {
    var parser = new IllegalArgumentException("no viable alternative at input");
    var executor =
        new StatementExecutor(
            () -> UNUSED, NameRequest.settings(null, LONG), NameRequest.FUNCTIONS);
    assertThatThrownBy(
            () ->
                executor.run(
                    StatementContext.single(Deadline.after(LONG)),
                    session -> {
                      throw parser;
                    }))
        .hasMessageStartingWith(
            "A driver that replaces or wraps pgjdbc could not run the client's SQL"
                + " (IllegalArgumentException). See the cause")
        .hasCause(parser);
  }

  /** After a pool has closed the connection, unwrapping it to check the driver may fail. */
  @Test
  void blamesNoForeignDriverOnceTheConnectionIsClosed() {
    var failure = new IllegalStateException("no more");
    for (boolean refuses : new boolean[] {true, false}) {
      var closed =
          (Connection)
              Proxy.newProxyInstance(
                  StatementExecutorTest.class.getClassLoader(),
                  new Class<?>[] {Connection.class},
                  (proxy, method, arguments) -> {
                    if (method.getName().equals("isWrapperFor") && refuses) {
                      throw new SQLException("Connection is closed");
                    }
                    if (method.getReturnType() == boolean.class) {
                      return method.getName().equals("isClosed")
                          || method.getName().equals("getAutoCommit");
                    }
                    return null;
                  });
      var executor =
          new StatementExecutor(
              () -> closed, NameRequest.settings(null, LONG), NameRequest.FUNCTIONS);
      assertThatThrownBy(
              () ->
                  executor.run(
                      StatementContext.single(Deadline.after(LONG)),
                      session -> {
                        throw failure;
                      }))
          .hasMessage(
              "The call failed in this JVM: java.lang.IllegalStateException. See the cause.")
          .hasCause(failure);
    }
  }

  /** A wrapper may convert the server's error to an exception that is not an SQLException. */
  @Test
  void doesNotAddAWrappedServerErrorAsTheCause() {
    var server = new PSQLException(new ServerErrorMessage("SERROR\0C42P01\0Mgone\0Wsecret\0\0"));
    var executor =
        new StatementExecutor(
            () -> UNUSED, NameRequest.settings(null, LONG), NameRequest.FUNCTIONS);
    assertThatThrownBy(
            () ->
                executor.run(
                    StatementContext.single(Deadline.after(LONG)),
                    session -> {
                      throw new IllegalStateException("wrapped", server);
                    }))
        .hasMessageStartingWith("The server reported an error (42P01): gone.")
        .hasNoCause();
  }

  /** A statement that is only beginning is no evidence of a slow server. */
  @Test
  void theServerIsNotSlowWhileAStatementBegins() {
    var waiting = new CountDownLatch(1);
    var beginning = new CountDownLatch(1);
    var mayGoOn = new CountDownLatch(1);
    var listener =
        new CallListener() {
          @Override
          public void statementStarted(StatementStarted event) {
            if (waiting.getCount() == 0) {
              beginning.countDown();
              await(mayGoOn);
            }
          }
        };
    ConnectionSource source =
        () -> {
          waiting.countDown();
          await(mayGoOn);
          return UNUSED;
        };
    var executor =
        new StatementExecutor(
            source,
            new Settings.Statements(null, true, LONG, true, SafeListener.of(List.of(listener))),
            NameRequest.FUNCTIONS);
    CompletableFuture<String> first = start(executor, session -> "first");
    await(waiting);
    CompletableFuture<String> second = start(executor, session -> "second");
    await(beginning);
    assertThat(executor.timedOut(LONG).code()).isEqualTo(Code.CONNECTION_UNAVAILABLE);
    mayGoOn.countDown();
    assertThat(first.join()).isEqualTo("first");
    assertThat(second.join()).isEqualTo("second");
  }

  @Test
  void lostConnectionIsSuppressedInTheLaterError() {
    FunctionCallException closed = Errors.closed();
    assertThatThrownBy(() -> runAfterALoss(closed)).isSameAs(closed);
    assertThat(closed.getSuppressed()).hasSize(1).allSatisfy(e -> assertLost(e));
  }

  /** The lost connection is the reason for the timeout. */
  @Test
  void lostConnectionIsReportedInsteadOfTheLaterTimeout() {
    FunctionCallException timeout = Errors.timedOut(LONG);
    assertThatThrownBy(() -> runAfterALoss(timeout))
        .satisfies(e -> assertLost(e))
        .hasSuppressedException(timeout);
  }

  private static void assertLost(Throwable e) {
    assertThat(e)
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            lost -> assertThat(lost.code()).isEqualTo(Code.CONNECTION_LOST));
  }

  private static String runAfterALoss(FunctionCallException then) {
    var first = new AtomicBoolean(true);
    var executor =
        new StatementExecutor(
            () -> UNUSED, NameRequest.settings(null, LONG), NameRequest.FUNCTIONS);
    return executor.run(
        StatementContext.single(Deadline.after(LONG)),
        session -> {
          if (first.getAndSet(false)) {
            throw new SQLException("lost", "08006");
          }
          throw then;
        });
  }

  /**
   * The first connection may have been dead before the statement was sent, so a few more attempts
   * are made.
   */
  @Test
  void aStatementThatLosesEachConnectionIsSentFiveTimes() {
    var sent = new AtomicInteger();
    var executor =
        new StatementExecutor(
            () -> UNUSED, NameRequest.settings(null, LONG), NameRequest.FUNCTIONS);
    assertThatThrownBy(
            () ->
                executor.run(
                    StatementContext.single(Deadline.after(LONG)),
                    session -> {
                      sent.incrementAndGet();
                      throw new SQLException("lost", "08006");
                    }))
        .satisfies(e -> assertLost(e));
    assertThat(sent).hasValue(5);
  }

  /** A pool may contain any number of dead connections. */
  @Test
  void connectionsThatWereDeadBeforeDoNotCount() {
    var taken = new AtomicInteger();
    ConnectionSource source = () -> taken.incrementAndGet() <= 20 ? closed() : UNUSED;
    var executor =
        new StatementExecutor(source, NameRequest.settings(null, LONG), NameRequest.FUNCTIONS);
    assertThat(run(executor, Deadline.after(LONG))).isEqualTo("never");
    assertThat(taken).hasValue(21);
  }

  private static Connection closed() {
    return (Connection)
        Proxy.newProxyInstance(
            StatementExecutorTest.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("isClosed")) {
                return true;
              }
              if (List.of("close", "abort").contains(method.getName())) {
                return null;
              }
              throw new SQLException("closed", "08003");
            });
  }

  @Test
  void doesNotRetryConnectingIfNoTimeIsLeft() {
    assertThat(StatementExecutor.pauseAfter(0, Deadline.after(Duration.ZERO))).isFalse();
    assertThat(StatementExecutor.pauseAfter(20, Deadline.after(Duration.ofMillis(20)))).isFalse();
    assertThat(StatementExecutor.pauseAfter(0, Deadline.after(LONG))).isTrue();
  }

  @Test
  void aPoolOfAHundredDeadConnectionsIsTriedInTwoSeconds() {
    assertThat(StatementExecutor.pauseMillis(0)).isZero();
    assertThat(IntStream.range(0, 100).map(StatementExecutor::pauseMillis).sum())
        .isBetween(1_000, 2_000);
  }

  private static CompletableFuture<String> start(
      StatementExecutor executor, StatementExecutor.Work<String> work) {
    return CompletableFuture.supplyAsync(
        () -> executor.run(StatementContext.single(Deadline.after(LONG)), work),
        command -> new Thread(command).start());
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String run(StatementExecutor executor, Deadline deadline) {
    return executor.run(StatementContext.single(deadline), session -> "never");
  }
}
