// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.NameRequest;
import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.installation.Installations;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.WireProxy;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Normally, the {@link DeadlineMonitor} ends statements. If the JVM has no thread for it, a network
 * timeout does.
 */
@ExtensionTest
@Timeout(60)
class NetworkTimeoutIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private static final ServerFunction UPPER = new Upper();
  private static final ServerFunctions FUNCTIONS =
      new ServerFunctions(ExtensionDescription.builder("plpgsql").build(), List.of(UPPER));

  private final List<Integer> timeouts = new ArrayList<>();

  @Test
  void isUnchangedIfTheMonitorHasAThread(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      StatementExecutor executor = executor(connection, new DeadlineMonitor(TIMEOUT));
      assertThat(twoCalls(executor, TIMEOUT)).isEqualTo("ADA GRACE");
    }
    assertThat(timeouts).isEmpty();
  }

  @Test
  void isTheRemainingTimeIfTheMonitorHasNoThread(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        var scheduler = new Threadless()) {
      StatementExecutor executor = executor(connection, new DeadlineMonitor(TIMEOUT, scheduler));
      assertThat(twoCalls(executor, TIMEOUT)).isEqualTo("ADA GRACE");
      // two calls within a millisecond set the same timeout once
      assertThat(timeouts).hasSizeGreaterThanOrEqualTo(2);
      int last = timeouts.size() - 1;
      assertThat(timeouts.get(0)).isBetween(1, 30_000);
      assertThat(timeouts.get(last - 1)).isBetween(1, timeouts.get(0));
      assertThat(timeouts.get(last)).isZero();
      // this timeout is shorter than the call's timeout, so it stays in force
      connection.setNetworkTimeout(Runnable::run, 20_000);
      timeouts.clear();
      twoCalls(executor, TIMEOUT);
      assertThat(timeouts).isEmpty();
    }
  }

  @Test
  void endsAStalledCallIfTheMonitorHasNoThread(DataSource dataSource, WireProxy proxy)
      throws SQLException {
    try (Connection connection = dataSource.getConnection();
        var scheduler = new Threadless()) {
      StatementExecutor executor = executor(connection, new DeadlineMonitor(TIMEOUT, scheduler));
      twoCalls(executor, TIMEOUT);
      proxy.pause();
      // otherwise, a call that never ends would block the test
      Future<?> resumed =
          CompletableFuture.runAsync(
              proxy::resume, CompletableFuture.delayedExecutor(30, TimeUnit.SECONDS));
      assertThatThrownBy(() -> twoCalls(executor, Duration.ofMillis(300)))
          .isInstanceOfSatisfying(
              FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.TIMEOUT));
      assertThat(resumed).isNotDone();
      proxy.resume();
    }
  }

  private static String twoCalls(StatementExecutor executor, Duration timeout) {
    return executor.run(
        StatementContext.single(Deadline.after(timeout)),
        session -> upper(session, "Ada") + " " + upper(session, "Grace"));
  }

  private static String upper(Session session, String name) throws SQLException {
    return session.call(
        UPPER, name, (statement, bound) -> statement.setString(1, bound), row -> row.getString(1));
  }

  /**
   * Returns an executor that uses a connection, and records the network timeouts that are set on
   * it.
   */
  private StatementExecutor executor(Connection connection, DeadlineMonitor watch) {
    var recording =
        (Connection)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("setNetworkTimeout")) {
                    timeouts.add((Integer) arguments[1]);
                  }
                  return method.invoke(connection, arguments);
                });
    ConnectionSource source =
        new ConnectionSource() {
          @Override
          public Connection getConnection() {
            return recording;
          }

          @Override
          public void release(Connection released) {}
        };
    return new StatementExecutor(
        source,
        new SessionContext(
            NameRequest.settings("pg_catalog", TIMEOUT),
            FUNCTIONS,
            new Installations(FUNCTIONS, "pg_catalog")),
        watch);
  }

  /** The scheduler of a JVM that cannot start threads. */
  private static final class Threadless extends ScheduledThreadPoolExecutor
      implements AutoCloseable {
    Threadless() {
      super(0);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
      throw new OutOfMemoryError("unable to create native thread");
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
      throw new OutOfMemoryError("unable to create native thread");
    }

    @Override
    public void close() {
      shutdownNow();
    }
  }

  /** A function that exists in every database. */
  private static final class Upper implements ServerFunction {
    @Override
    public ExtensionFunction description() {
      return ExtensionFunction.of("upper(text)", "text");
    }

    @Override
    public boolean repeatsArguments() {
      return true;
    }

    @Override
    public String expressionIn(String schema) {
      return schema + ".upper(?)";
    }
  }
}
