// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import jakarta.persistence.PersistenceException;
import java.io.File;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.hibernate.SessionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Effects of losing a cluster's leader on callers and writers, compared with plain JDBC. {@code
 * scripts/ci/failover.sh} starts the cluster and runs this test.
 */
@Tag("long")
@EnabledIfSystemProperty(
    named = "pg-hello.failover.url",
    matches = ".+",
    disabledReason = "needs a cluster")
@Timeout(240)
class FailoverIT {
  private static final String URL = System.getProperty("pg-hello.failover.url", "");
  private static final int IN_FLIGHT = 2_048;
  private static final int WRITERS = 8;
  private static final long SETTLED_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final long MORE_MILLIS = 5_000;

  /** Minimum throughput after the fault, relative to the throughput before; both vary. */
  private static final double FULL_SPEED = 0.8;

  private static final long FULL_SPEED_SECONDS = 60;

  /** The time of the last success, and the longest interval without one. */
  private static final class Gap {
    private long last = System.nanoTime();
    private long longest;

    synchronized void begin() {
      last = System.nanoTime();
      longest = 0;
    }

    synchronized void succeeded() {
      long now = System.nanoTime();
      longest = Math.max(longest, now - last);
      last = now;
    }

    synchronized long millis() {
      return TimeUnit.NANOSECONDS.toMillis(longest);
    }

    synchronized boolean isOver(long since) {
      return last - since > 0;
    }
  }

  private final Gap calls = new Gap();
  private final Gap probes = new Gap();
  private final Gap writes = new Gap();
  private final AtomicLong called = new AtomicLong();
  private final AtomicLong answered = new AtomicLong();
  private final AtomicLong wrong = new AtomicLong();
  private final Map<String, AtomicLong> failed = new ConcurrentHashMap<>();
  private final Queue<String> untyped = new ConcurrentLinkedQueue<>();
  private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
  private volatile boolean ended;

  @ParameterizedTest
  @ValueSource(strings = {"switch", "crash", "kill", "stop"})
  void losesNothing(String fault) throws Exception {
    control("settle");
    ExecutorService threads = Executors.newCachedThreadPool();
    try (PgHelloClient client = PgHelloClient.builder().url(URL).build();
        HikariDataSource pool = pool();
        SessionFactory factory = Factories.open(pool, Map.of(), User.class)) {
      List<Future<?>> running = new ArrayList<>();
      running.add(threads.submit(() -> call(client)));
      running.add(threads.submit(this::probe));
      for (int i = 0; i < WRITERS; i++) {
        int writer = i;
        running.add(threads.submit(() -> write(factory, fault + "-" + writer)));
      }
      awaitSuccess(System.nanoTime());
      long before = answersPerSecond();
      for (Gap gap : List.of(calls, probes, writes)) {
        gap.begin();
      }
      control(fault);
      awaitSuccess(System.nanoTime() + SETTLED_NANOS);
      long after = answersPerSecond();
      long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(FULL_SPEED_SECONDS);
      while (after < FULL_SPEED * before && System.nanoTime() - limit < 0) {
        after = answersPerSecond();
      }
      ended = true;
      for (Future<?> each : running) {
        each.get(60, TimeUnit.SECONDS);
      }
      Set<String> lost = new HashSet<>(acknowledged);
      lost.removeAll(stored());
      System.out.printf(
          "failover: %-6s %d calls, %d in flight, wrong %d, failed %s, untyped %d; without an"
              + " answer for %d ms, by hand %d ms, writers %d ms; answers a second %d, %d"
              + " afterwards; rows %d, lost %d%n",
          fault,
          called.get(),
          IN_FLIGHT,
          wrong.get(),
          failed,
          untyped.size(),
          calls.millis(),
          probes.millis(),
          writes.millis(),
          before,
          after,
          acknowledged.size(),
          lost.size());
      assertThat(failed).as("a leader was lost").isNotEmpty();
      assertThat(wrong).hasValue(0);
      assertThat(untyped).isEmpty();
      assertThat(acknowledged).isNotEmpty();
      assertThat(lost).isEmpty();
      assertThat(calls.millis()).isLessThan(probes.millis() + MORE_MILLIS);
      assertThat((double) after).isGreaterThanOrEqualTo(FULL_SPEED * before);
    } finally {
      ended = true;
      threads.shutdownNow();
    }
  }

  /** Keeps calls in flight. */
  private @Nullable Void call(PgHelloClient client) throws InterruptedException {
    var free = new Semaphore(IN_FLIGHT);
    while (!ended) {
      free.acquire();
      String name = "n" + called.incrementAndGet();
      var unused =
          client
              .helloAsync(name)
              .whenComplete(
                  (greeting, e) -> {
                    if (e == null) {
                      calls.succeeded();
                      answered.incrementAndGet();
                      if (!greeting.equals("Hello, " + name + "!")) {
                        wrong.incrementAndGet();
                      }
                      free.release();
                    } else {
                      fail(
                          e instanceof FunctionCallException known ? known.code().toString() : null,
                          e);
                      CompletableFuture.delayedExecutor(20, TimeUnit.MILLISECONDS)
                          .execute(free::release);
                    }
                  });
    }
    assertThat(free.tryAcquire(IN_FLIGHT, 60, TimeUnit.SECONDS))
        .as("calls still in flight")
        .isTrue();
    return null;
  }

  private long answersPerSecond() throws InterruptedException {
    long begin = System.nanoTime();
    long before = answered.get();
    TimeUnit.SECONDS.sleep(2);
    return (answered.get() - before) * TimeUnit.SECONDS.toNanos(1) / (System.nanoTime() - begin);
  }

  /** Queries with plain JDBC every 50 ms and reconnects after a failure. */
  private @Nullable Void probe() throws InterruptedException {
    while (!ended) {
      try (Connection connection =
              DriverManager.getConnection(URL + "&connectTimeout=2&socketTimeout=2");
          Statement statement = connection.createStatement()) {
        while (!ended) {
          try (ResultSet row = statement.executeQuery("SELECT pg_is_in_recovery()")) {
            row.next();
            if (row.getBoolean(1)) {
              break;
            }
          }
          probes.succeeded();
          TimeUnit.MILLISECONDS.sleep(50);
        }
      } catch (SQLException e) {
        TimeUnit.MILLISECONDS.sleep(50);
      }
    }
    return null;
  }

  private @Nullable Void write(SessionFactory factory, String writer) throws InterruptedException {
    for (int i = 0; !ended; i++) {
      String name = writer + "-" + i;
      try {
        factory.inTransaction(session -> session.persist(new User(name)));
        acknowledged.add(name);
        writes.succeeded();
      } catch (PersistenceException e) {
        fail("write", e);
        TimeUnit.MILLISECONDS.sleep(20);
      } catch (RuntimeException e) {
        fail(null, e);
      }
    }
    return null;
  }

  private void fail(@Nullable String type, Throwable e) {
    if (type == null) {
      untyped.add(e.toString());
    } else {
      failed.computeIfAbsent(type, unused -> new AtomicLong()).incrementAndGet();
    }
  }

  /** Waits until calls, probes and writers have all succeeded after a point in time. */
  private void awaitSuccess(long since) throws InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
    while (!(calls.isOver(since) && probes.isOver(since) && writes.isOver(since))) {
      assertThat(limit - System.nanoTime()).as("failed: %s, %s", failed, untyped).isPositive();
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  /** Returns the correctly stored users. */
  private static Set<String> stored() throws SQLException {
    Set<String> names = new HashSet<>();
    try (Connection connection = DriverManager.getConnection(URL);
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT username FROM users WHERE greeting = 'Hello, ' || username || '!'")) {
      while (row.next()) {
        names.add(Objects.requireNonNull(row.getString(1)));
      }
    }
    return names;
  }

  private static HikariDataSource pool() {
    var config = new HikariConfig();
    config.setJdbcUrl(URL + "&connectTimeout=2&socketTimeout=5");
    config.setMaximumPoolSize(WRITERS);
    return new HikariDataSource(config);
  }

  private static void control(String what) throws Exception {
    String folder = System.getProperty("pg-hello.failover.folder", "");
    File log = Path.of(folder, "control.out").toFile();
    Process process =
        new ProcessBuilder(Path.of("..", "scripts", "ci", "failover.sh").toString(), what, folder)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
            .start();
    assertThat(process.waitFor()).as("%s, see %s", what, log).isZero();
  }
}
