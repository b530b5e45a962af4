// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.FaultsIT.join;
import static io.pghello.PgHelloClientIT.ask;
import static io.pghello.PgHelloClientIT.execute;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests sources that choose connections by thread, and asynchronous calls that are not batched. */
@PgHelloTest
@Timeout(120)
class ByThreadIT {
  private static final int CALLS = 200;
  private static final String LARGE = "x".repeat(16 * 1024);
  private static final Duration LONG = Duration.ofSeconds(60);

  /**
   * The tenant of the thread, represented by the number of times that the tenant's database repeats
   * a greeting.
   */
  private static final ThreadLocal<Integer> TENANT = ThreadLocal.withInitial(() -> 1);

  private static final ThreadLocal<@Nullable Connection> CURRENT = new ThreadLocal<>();

  private final ExecutorService threads = Executors.newFixedThreadPool(8);

  @AfterEach
  void stop() throws InterruptedException {
    TENANT.remove();
    threads.shutdownNow();
    assertThat(threads.awaitTermination(20, SECONDS)).isTrue();
  }

  @Tag("session") // settings of a session, or of a role at its login
  @Test
  void callsTheTenantOfTheCallingThread(DataSource dataSource) {
    try (var first = pool(dataSource, 1);
        var second = pool(dataSource, 2)) {
      DataSource routing = new OfThread(() -> TENANT.get() == 1 ? first : second);
      Queue<Thread> others = new ConcurrentLinkedQueue<>();
      PgHelloClient client =
          PgHelloClient.builder()
              .connections(
                  () -> {
                    others.add(Thread.currentThread());
                    return routing.getConnection();
                  })
              .batching(false)
              .callTimeout(LONG)
              .build();
      var tasks = new ArrayList<CompletableFuture<Void>>();
      for (int tenant = 1; tenant <= 2; tenant++) {
        int count = tenant;
        for (int i = 0; i < 4; i++) {
          tasks.add(
              CompletableFuture.runAsync(
                  () -> {
                    TENANT.set(count);
                    callAsTenant(client, count);
                  },
                  threads));
        }
      }
      tasks.forEach(task -> task.orTimeout(100, SECONDS).join());
      assertThat(others)
          .isNotEmpty()
          .allMatch(thread -> thread.getName().startsWith("pool-"), "is a thread of the program");
      client.close();
    }
  }

  private static void callAsTenant(PgHelloClient client, int count) {
    for (int i = 0; i < CALLS / 8; i++) {
      String name = "u" + i;
      assertGreets(name, count, client.hello(name));
      CompletableFuture<String> future = client.helloAsync(name);
      assertThat(future).isCompleted();
      assertGreets(name, count, future.join());
      assertGreets(LARGE, count, client.helloAsync(LARGE).join());
      CompletableFuture<List<String>> all = client.helloAllAsync(List.of(name, "b"));
      assertThat(all).isCompleted();
      assertGreets(name, count, all.join().get(0));
      assertGreets("b", count, client.helloAll(List.of("a", "b")).get(1));
    }
  }

  private static void assertGreets(String name, int count, String greeting) {
    String once = "Hello, " + name + "!";
    assertThat(greeting).isEqualTo(once + (" " + once).repeat(count - 1));
  }

  @Tag("session") // settings of a session, or of a role at its login
  @Test
  void makesFuturesOnAnExecutorThatBringsTheTenantAlong(DataSource dataSource) {
    try (var first = pool(dataSource, 1);
        var second = pool(dataSource, 2)) {
      Executor bringing =
          task -> {
            int tenant = TENANT.get();
            threads.execute(
                () -> {
                  TENANT.set(tenant);
                  task.run();
                });
          };
      try (PgHelloClient client =
          PgHelloClient.builder()
              .dataSource(new OfThread(() -> TENANT.get() == 1 ? first : second))
              .batching(false)
              .asyncExecutor(bringing)
              .callTimeout(LONG)
              .maxConcurrentAsyncCalls(CALLS)
              .build()) {
        var futures = new ArrayList<CompletableFuture<String>>();
        for (int i = 0; i < CALLS; i++) {
          TENANT.set(i % 2 + 1);
          futures.add(client.helloAsync("u" + i));
        }
        for (int i = 0; i < CALLS; i++) {
          assertGreets("u" + i, i % 2 + 1, join(futures.get(i)));
        }
        TENANT.set(2);
        assertGreets("a", 2, client.helloAllAsync(List.of("a")).join().get(0));
      }
    }
  }

  @Test
  void asyncCallsInATransactionDoNotUseTheExecutor(DataSource dataSource) throws SQLException {
    ThreadLocal<@Nullable Connection> current = CURRENT;
    try (Connection connection = dataSource.getConnection();
        PgHelloClient client =
            PgHelloClient.builder()
                .connections(new ClientGuideIT.TransactionAware(dataSource, current))
                .asyncExecutor(threads)
                .build()) {
      connection.setAutoCommit(false);
      execute(new OneConnection(connection), "SET LOCAL pg_hello.repeat = 2");
      current.set(connection);
      assertThat(client.helloAsync("Ada")).isCompletedWithValue("Hello, Ada! Hello, Ada!");
      assertThat(client.helloAsync(LARGE)).isCompleted();
      assertThat(client.helloAllAsync(List.of("Ada")))
          .isCompletedWithValue(List.of("Hello, Ada! Hello, Ada!"));
      current.remove();
      assertThat(join(client.helloAsync("Ada"))).isEqualTo("Hello, Ada!");
      assertThat(ask(connection, "SHOW pg_hello.repeat")).isEqualTo("2");
    }
  }

  @Test
  void longNamesUseAtMostMaxConcurrentAsyncCallsConnections(DataSource dataSource)
      throws Exception {
    var taken = new Semaphore(0);
    var goOn = new Semaphore(0);
    var now = new AtomicInteger();
    var most = new AtomicInteger();
    var plain = plainPool(dataSource, 8);
    var heard = new Heard();
    try (plain;
        PgHelloClient client =
            PgHelloClient.builder()
                .connections(
                    new ConnectionSource() {
                      @Override
                      public Connection getConnection() throws SQLException {
                        most.accumulateAndGet(now.incrementAndGet(), Math::max);
                        taken.release();
                        goOn.acquireUninterruptibly();
                        return plain.getConnection();
                      }

                      @Override
                      public void release(Connection connection) throws SQLException {
                        now.decrementAndGet();
                        connection.close();
                      }
                    })
                .maxConcurrentAsyncCalls(5)
                .maxQueuedCalls(20)
                .callTimeout(LONG)
                .listener(heard)
                .build()) {
      List<CompletableFuture<String>> futures =
          IntStream.range(0, 25).mapToObj(i -> client.helloAsync(LARGE + i)).toList();
      assertThat(taken.tryAcquire(5, 20, SECONDS)).isTrue();
      assertThat(assertFails(Code.OVERLOADED, () -> join(client.helloAsync(LARGE))))
          .hasMessageStartingWith("Too many calls are waiting, or their arguments are too large.");
      // a cancelled call frees capacity in the queue
      assertThat(futures.get(24).cancel(false)).isTrue();
      CompletableFuture<List<String>> bulk = client.helloAllAsync(List.of("a", "b"));
      assertThat(bulk).isNotDone();
      goOn.release(1000);
      for (int i = 0; i < 24; i++) {
        assertThat(join(futures.get(i))).isEqualTo("Hello, " + LARGE + i + "!");
      }
      assertThat(bulk.get(20, SECONDS)).containsExactly("Hello, a!", "Hello, b!");
      assertThat(most).hasValue(5);
    }
    assertThat(heard.calls)
        .hasSize(27)
        .contains("pg_hello_all(text[],integer[])", "pg_hello(text) OVERLOADED")
        .contains("pg_hello(text) CANCELLED_BY_CALLER");
    assertThat(heard.waited).anyMatch(nanos -> nanos > 0);
  }

  @Test
  void endsFuturesThatWaitForAPlaceInTime(DataSource dataSource) throws Exception {
    var goOn = new Semaphore(0);
    try (PgHelloClient client =
        PgHelloClient.builder()
            .connections(
                () -> {
                  goOn.acquireUninterruptibly();
                  return dataSource.getConnection();
                })
            .maxConcurrentAsyncCalls(1)
            .callTimeout(LONG)
            .build()) {
      PgHelloAsyncOperations hasty = client.withTimeout(Duration.ofMillis(100));
      List<CompletableFuture<?>> futures =
          List.of(
              hasty.helloAsync(LARGE), hasty.helloAsync(LARGE), hasty.helloAllAsync(List.of("a")));
      for (CompletableFuture<?> future : futures) {
        assertThat(assertFails(Code.CONNECTION_UNAVAILABLE, () -> join(future)))
            .hasMessageContaining("timeout of 100 ms");
      }
      goOn.release(1000);
      assertThat(join(client.helloAsync(LARGE))).endsWith("!");
    }
  }

  @Test
  void endsCallsThatTheExecutorRejectsOrDrops(DataSource dataSource) throws Exception {
    var mode = new AtomicInteger();
    Executor executor =
        task -> {
          switch (mode.get()) {
            case 0 -> throw new RejectedExecutionException("full");
            case 1 -> throw new IllegalStateException("broken");
            case 2 -> {}
            default -> threads.execute(task);
          }
        };
    try (PgHelloClient client =
        PgHelloClient.builder()
            .dataSource(dataSource)
            .batching(false)
            .maxConcurrentAsyncCalls(1)
            .asyncExecutor(executor)
            .build()) {
      assertFails(Code.OVERLOADED, () -> join(client.helloAsync("Ada")));
      mode.set(1);
      assertFails(Code.SERVER_ERROR, () -> join(client.helloAsync("Ada")));
      mode.set(2);
      assertFails(
          Code.TIMEOUT, () -> join(client.withTimeout(Duration.ofMillis(50)).helloAsync("Ada")));
      mode.set(3);
      assertThat(join(client.helloAsync("Ada"))).isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void waitsForFuturesOfAnExecutorWhenItIsClosed(DataSource dataSource) throws Exception {
    var begun = new CountDownLatch(2);
    var goOn = new CountDownLatch(1);
    PgHelloClient client =
        PgHelloClient.builder()
            .connections(
                () -> {
                  begun.countDown();
                  awaitUninterruptibly(goOn);
                  return dataSource.getConnection();
                })
            .batching(false)
            .asyncExecutor(threads)
            .maxConcurrentAsyncCalls(2)
            .callTimeout(LONG)
            .build();
    List<CompletableFuture<String>> futures =
        IntStream.range(0, 6).mapToObj(i -> client.helloAsync("u" + i)).toList();
    assertThat(begun.await(20, SECONDS)).isTrue();
    CompletableFuture<Void> closing = CompletableFuture.runAsync(client::close, threads);
    FaultsIT.assertFails(
        Code.CLOSED,
        () -> {
          while (true) {
            client.helloAll(List.of());
            Thread.onSpinWait();
          }
        });
    assertFails(Code.CLOSED, () -> join(client.helloAsync("later")));
    assertFails(Code.CLOSED, () -> join(client.helloAllAsync(List.of("later"))));
    assertThat(closing).isNotDone();
    goOn.countDown();
    closing.get(20, SECONDS);
    for (int i = 0; i < 6; i++) {
      assertThat(futures.get(i)).isCompletedWithValue("Hello, u" + i + "!");
    }
  }

  @Test
  void sendsNoMoreOfManyNamesWhenTheirFutureIsCancelled(DataSource dataSource) throws Exception {
    var heard = new Heard();
    var taken = new Semaphore(0);
    var goOn = new Semaphore(0);
    try (PgHelloClient client =
        PgHelloClient.builder()
            .connections(
                () -> {
                  taken.release();
                  goOn.acquireUninterruptibly();
                  return dataSource.getConnection();
                })
            .maxBatchSize(2)
            .listener(heard)
            .callTimeout(LONG)
            .build()) {
      List<String> names = IntStream.range(0, 10).mapToObj(i -> "u" + i).toList();
      CompletableFuture<List<String>> future = client.helloAllAsync(names);
      assertThat(taken.tryAcquire(20, SECONDS)).isTrue();
      future.cancel(true);
      goOn.release(100);
    }
    assertThat(heard.statements).containsExactly("2");
    assertThat(heard.calls).containsExactly("pg_hello_all(text[],integer[]) CANCELLED_BY_CALLER");
  }

  @Test
  void greetsManyNamesWithoutAThreadThatWaits(DataSource dataSource) {
    try (PgHelloClient client =
        PgHelloClient.builder().dataSource(dataSource).maxBatchSize(100).build()) {
      List<String> names = IntStream.range(0, 1_000).mapToObj(i -> "u" + i).toList();
      assertThat(join(client.helloAllAsync(names))).isEqualTo(client.helloAll(names));
      assertThat(join(client.withRepeat(2).helloAllAsync(List.of("a"))))
          .containsExactly("Hello, a! Hello, a!");
      assertThat(join(client.helloAllAsync(List.of()))).isEmpty();
      FunctionCallException error =
          assertFails(Code.INVALID_ARGUMENT, () -> join(client.helloAllAsync(List.of("a", "\0"))));
      assertThat(error).hasMessageContaining("names[1]");
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static HikariDataSource plainPool(DataSource dataSource, int size) {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(size);
    return new HikariDataSource(config);
  }

  /**
   * Returns a pool for a tenant's database, which repeats each greeting the given number of times.
   */
  private static HikariDataSource pool(DataSource dataSource, int repeat) {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(4);
    // the library must be loaded, so that the server validates the setting
    config.setConnectionInitSql("SELECT set_config('pg_hello.repeat', '" + repeat + "', false)");
    return new HikariDataSource(config);
  }
}
