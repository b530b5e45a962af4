// SPDX-License-Identifier: MIT
package io.pghello.examples.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.ds.PGSimpleDataSource;

@PgHelloTest
@Timeout(60)
class NotificationListenerIT {
  private static final Duration NEVER = Duration.ofHours(1);

  private final Semaphore runs = new Semaphore(0);

  private void awaitRun() throws InterruptedException {
    assertThat(runs.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
  }

  private static void execute(DataSource database, String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void endListeners(DataSource database) throws SQLException {
    execute(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            + " WHERE datname = current_database() AND query LIKE 'LISTEN %'");
  }

  @Test
  void runsWhenItHasConnectedAndWhenItIsNotified(DataSource database) throws Exception {
    try (var listener =
        NotificationListener.start("news", database::getConnection, NEVER, runs::release)) {
      awaitRun();
      assertThat(runs.tryAcquire()).isFalse();
      execute(database, "NOTIFY others");
      execute(database, "NOTIFY news, 'one'");
      awaitRun();
      execute(database, "NOTIFY news, 'two'");
      awaitRun();
      assertThat(runs.availablePermits()).isZero();
      assertThat(listener).isNotNull();
    }
  }

  @Test
  void runsAgainWhenItHasReconnected(DataSource database) throws Exception {
    try (var listener =
        NotificationListener.start("news", database::getConnection, NEVER, runs::release)) {
      awaitRun();
      endListeners(database);
      awaitRun();
      execute(database, "NOTIFY news");
      awaitRun();
      assertThat(listener).isNotNull();
    }
  }

  @Test
  void runsWithoutANotificationAtTheEndOfEachInterval(DataSource database) throws Exception {
    try (var listener =
        NotificationListener.start(
            "news", database::getConnection, Duration.ofMillis(20), runs::release)) {
      awaitRun();
      awaitRun();
      awaitRun();
      assertThat(listener).isNotNull();
    }
  }

  @Test
  void continuesIfTheActionFails(DataSource database) throws Exception {
    var first = new AtomicBoolean(true);
    NotificationListener.Action failing =
        () -> {
          runs.release();
          if (first.getAndSet(false)) {
            throw new AssertionError("of this test");
          }
          throw new IllegalStateException("of this test");
        };
    try (var listener =
        NotificationListener.start("news", database::getConnection, NEVER, failing)) {
      awaitRun();
      awaitRun();
      awaitRun();
      assertThat(listener).isNotNull();
    }
  }

  @Test
  void endsImmediatelyOnClose(DataSource database) throws Exception {
    var listener =
        NotificationListener.start("news", database::getConnection, NEVER, runs::release);
    awaitRun();
    listener.close();
    listener.close();
    execute(database, "NOTIFY news");
    assertThat(runs.availablePermits()).isZero();
  }

  @Test
  void runsAtIntervalsIfItCannotListen() throws Exception {
    NotificationListener.Connector refused =
        () -> {
          throw new SQLException("of this test");
        };
    try (var listener =
        NotificationListener.start("news", refused, Duration.ofMillis(20), runs::release)) {
      awaitRun();
      awaitRun();
      assertThat(listener.sinceLastRun()).isLessThan(Duration.ofSeconds(30));
    }
  }

  @Test
  void runsAtIntervalsWhereListenIsRefused(DataSource database) throws Exception {
    NotificationListener.Connector aborted =
        () -> {
          Connection connection = database.getConnection();
          connection.setAutoCommit(false);
          assertThatThrownBy(() -> connection.createStatement().execute("no SQL"))
              .isInstanceOf(SQLException.class);
          return connection;
        };
    try (var listener =
        NotificationListener.start("news", aborted, Duration.ofMillis(20), runs::release)) {
      awaitRun();
      awaitRun();
      assertThat(listener).isNotNull();
    }
  }

  /** No data arrives, but the connection does not end. Only a query can detect this. */
  @Test
  void noticesThatItsConnectionWasCutSilently(TestDatabase test, WireProxy proxy) throws Exception {
    DataSource database = test.dataSource();
    var through = new PGSimpleDataSource();
    through.setURL(test.jdbcUrl());
    through.setServerNames(new String[] {proxy.host()});
    through.setPortNumbers(new int[] {proxy.port()});
    var first = new AtomicBoolean(true);
    var again = new Semaphore(0);
    NotificationListener.Connector connector =
        () -> {
          if (first.getAndSet(false)) {
            return through.getConnection();
          }
          again.release();
          return database.getConnection();
        };
    try (var listener =
        NotificationListener.start("news", connector, Duration.ofMillis(200), runs::release)) {
      awaitRun();
      proxy.pause();
      runs.drainPermits();
      assertThat(again.tryAcquire(30, TimeUnit.SECONDS)).as("connected again").isTrue();
      awaitRun();
      execute(database, "NOTIFY news");
      awaitRun();
      assertThat(listener).isNotNull();
    } finally {
      proxy.resume();
    }
  }

  @Test
  void continuesIfTheActionInterruptsItsThread(DataSource database) throws Exception {
    NotificationListener.Action interrupting =
        () -> {
          // otherwise, the action could not wait for a connection of a pool
          if (!Thread.currentThread().isInterrupted()) {
            runs.release();
          }
          Thread.currentThread().interrupt();
        };
    try (var listener =
        NotificationListener.start("news", database::getConnection, NEVER, interrupting)) {
      awaitRun();
      for (int i = 0; i < 3; i++) {
        execute(database, "NOTIFY news");
        awaitRun();
      }
      assertThat(listener).isNotNull();
    }
  }

  @Test
  void continuesIfTheActionThrowsInterruptedException(DataSource database) throws Exception {
    NotificationListener.Action interrupted =
        () -> {
          runs.release();
          throw new InterruptedException("of this test");
        };
    try (var listener =
        NotificationListener.start("news", database::getConnection, NEVER, interrupted)) {
      awaitRun();
      awaitRun();
      awaitRun();
      assertThat(listener.sinceLastRun()).isPositive();
    }
  }

  @Test
  void waitsForAnActionThatNeverEndsForSecondsOnly(DataSource database) throws Exception {
    var end = new AtomicBoolean();
    NotificationListener.Action deaf =
        () -> {
          runs.release();
          while (!end.get()) {
            Thread.onSpinWait();
          }
        };
    var listener = NotificationListener.start("news", database::getConnection, NEVER, deaf);
    awaitRun();
    listener.close();
    end.set(true);
  }

  /**
   * This happens, for example, if an error message cannot be created because there is not enough
   * memory.
   */
  @Test
  void continuesIfAnErrorCannotBePrinted(DataSource database) throws Exception {
    var first = new AtomicBoolean(true);
    NotificationListener.Connector connector =
        () -> {
          if (first.getAndSet(false)) {
            throw new UnprintableError();
          }
          return database.getConnection();
        };
    try (var listener = NotificationListener.start("news", connector, NEVER, runs::release)) {
      awaitRun();
      assertThat(listener).isNotNull();
    }
  }

  private static final class UnprintableError extends Error {
    private static final long serialVersionUID = 1L;

    @Override
    public String getMessage() {
      throw new IllegalStateException("of this test");
    }
  }

  @Test
  void endsAfterAnActionThatClosesIt(DataSource database) throws Exception {
    var started = new CompletableFuture<NotificationListener>();
    var interrupted = new CompletableFuture<Boolean>();
    var thread = new CompletableFuture<Thread>();
    started.complete(
        NotificationListener.start(
            "news",
            database::getConnection,
            NEVER,
            () -> {
              started.join().close();
              interrupted.complete(Thread.currentThread().isInterrupted());
              thread.complete(Thread.currentThread());
            }));
    assertThat(interrupted.get(60, TimeUnit.SECONDS)).isFalse();
    thread.get(60, TimeUnit.SECONDS).join();
  }

  @Test
  void refusesOtherNamesAndIntervals() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                NotificationListener.start(
                    "news; DROP TABLE x", () -> fail(), NEVER, runs::release));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> NotificationListener.start("news", () -> fail(), Duration.ZERO, runs::release));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                NotificationListener.start(
                    "news", () -> fail(), Duration.ofDays(25), runs::release));
  }

  private static Connection fail() {
    throw new AssertionError();
  }
}
