// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.FaultsIT.join;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shows how closing a client affects calls that were made before. */
@PgHelloTest
@Timeout(120)
class CloseIT {
  private static final Duration LONG = Duration.ofSeconds(100);
  private static final List<String> NAMES = List.of("a", "b", "c");
  private static final List<String> GREETINGS = List.of("Hello, a!", "Hello, b!", "Hello, c!");

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stop() throws InterruptedException {
    threads.shutdownNow();
    assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void waitsForAllBatchesOfACall(DataSource dataSource, WireProxy proxy) throws Exception {
    PgHelloClient client = client(dataSource).maxBatchSize(1).build();
    client.hello("first");
    try (Connection connection = dataSource.getConnection()) {
      client.withConnection(connection).hello("first");
      proxy.pause();
      List<CompletableFuture<List<String>>> calls =
          List.of(
              CompletableFuture.supplyAsync(() -> client.helloAll(NAMES), threads),
              CompletableFuture.supplyAsync(
                  () -> client.withConnection(connection).helloAll(NAMES), threads));
      // the client does not count statements on a caller's own connection
      until(
          () -> client.inFlightStatements() == 1 && inTheDriver("waitsForAllBatchesOfACall") == 2);
      Thread closing = closing(client);
      proxy.resume();
      for (CompletableFuture<List<String>> call : calls) {
        assertThat(join(call)).isEqualTo(GREETINGS);
      }
      closing.join();
      assertFails(Code.CLOSED, () -> client.helloAll(NAMES));
    }
  }

  @Test
  void waitsForFuturesThatAreQueued(DataSource dataSource, WireProxy proxy) throws Exception {
    PgHelloClient client = client(dataSource).maxBatchSize(1).maxConcurrentAsyncCalls(1).build();
    client.hello("first");
    proxy.pause();
    var futures = new ArrayList<CompletableFuture<List<String>>>();
    for (int i = 0; i < 3; i++) {
      futures.add(client.helloAllAsync(NAMES));
    }
    Thread closing = closing(client);
    proxy.resume();
    for (CompletableFuture<List<String>> future : futures) {
      assertThat(join(future)).isEqualTo(GREETINGS);
    }
    closing.join();
  }

  /**
   * The call was made before the close, but has not come far enough for the close to wait for it.
   */
  @Test
  void aLateCallBeginsNoStatement(DataSource dataSource) throws Exception {
    var asked = new CountDownLatch(1);
    var gate = new CompletableFuture<Void>();
    var connections = new AtomicInteger();
    var source =
        new ConnectionSource() {
          @Override
          public Connection getConnection() throws SQLException {
            connections.incrementAndGet();
            return dataSource.getConnection();
          }

          @Override
          public boolean mayJoinBatch() {
            asked.countDown();
            gate.join();
            return true;
          }
        };
    PgHelloClient client = client(source);
    CompletableFuture<String> call =
        CompletableFuture.supplyAsync(() -> client.hello("Ada"), threads);
    assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
    client.close();
    gate.complete(null);
    assertFails(Code.CLOSED, () -> join(call));
    assertThat(connections).hasValue(0);
  }

  @Test
  void theSecondTimeDoesNothing() throws Exception {
    var asked = new CountDownLatch(1);
    var gate = new CompletableFuture<Void>();
    PgHelloClient client = client(stuck(asked, gate));
    CompletableFuture<String> call =
        CompletableFuture.supplyAsync(() -> client.hello("Ada"), threads);
    assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
    Thread first = closing(client);
    var second = new Thread(client::close);
    second.start();
    second.join(60_000);
    assertThat(second.isAlive()).isFalse();
    assertThat(first.isAlive()).isTrue();
    gate.complete(null);
    assertFails(Code.CONNECTION_UNAVAILABLE, () -> join(call));
    first.join();
  }

  @Test
  void failsFuturesOnThreadsOfTheClient() throws Exception {
    var asked = new CountDownLatch(2);
    var gate = new CompletableFuture<Void>();
    PgHelloClient client = client(stuck(asked, gate));
    CompletableFuture<String> one = client.helloAsync("Ada");
    CompletableFuture<List<String>> all = client.helloAllAsync(NAMES);
    assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<String> ranOf =
        one.handle((greeting, error) -> Thread.currentThread().getName());
    CompletableFuture<String> ranOfAll =
        all.handle((greetings, error) -> Thread.currentThread().getName());
    // with an interrupt, the close does not wait
    Thread.currentThread().interrupt();
    client.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(join(ranOf)).matches("pg-hello-\\d+");
    assertThat(join(ranOfAll)).matches("pg-hello-\\d+");
    assertFails(Code.CLOSED, () -> join(one));
    assertFails(Code.CLOSED, () -> join(all));
    gate.complete(null);
  }

  @Test
  void closesItsPoolWhollyOnAnInterruptedThread(TestDatabase database, WireProxy proxy) {
    String url =
        database.jdbcUrl().replaceFirst("//[^/]*", "//" + proxy.host() + ":" + proxy.port());
    proxy.pause();
    PgHelloClient client =
        PgHelloClient.builder()
            .url(url)
            .pool(
                pool -> {
                  pool.setPoolName("interrupted");
                  pool.setMinimumIdle(1);
                })
            .build();
    // the pool waits for the thread that connects
    until(() -> proxy.openConnections() == 1);
    Thread.currentThread().interrupt();
    client.close();
    assertThat(Thread.interrupted()).isTrue();
    proxy.resume();
    until(() -> proxy.openConnections() == 0);
    until(() -> threadsOf("interrupted").isEmpty());
  }

  /** Returns the number of threads started by a test that are currently in the driver. */
  private static long inTheDriver(String test) {
    return Thread.getAllStackTraces().values().stream()
        .map(Arrays::toString)
        .filter(stack -> stack.contains("lambda$" + test) && stack.contains("org.postgresql."))
        .count();
  }

  private static List<Thread> threadsOf(String pool) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(pool))
        .toList();
  }

  private static ClientBuilder<PgHelloClient> client(DataSource dataSource) {
    return PgHelloClient.builder().dataSource(dataSource).callTimeout(LONG);
  }

  private static PgHelloClient client(ConnectionSource source) {
    return PgHelloClient.builder().connections(source).callTimeout(LONG).build();
  }

  /** A source that ignores interrupts, and finally fails. */
  private static ConnectionSource stuck(CountDownLatch asked, CompletableFuture<Void> gate) {
    return () -> {
      asked.countDown();
      gate.join();
      throw new SQLException("none");
    };
  }

  /** Closes a client on another thread. Returns when that thread waits for calls. */
  private static Thread closing(PgHelloClient client) {
    var closing = new Thread(client::close);
    closing.start();
    until(
        () -> {
          assertThat(closing.isAlive()).as("waits").isTrue();
          return String.valueOf(LockSupport.getBlocker(closing)).contains("Dispatcher");
        });
    return closing;
  }

  private static void until(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(end - System.nanoTime()).as("time left to wait").isPositive();
      LockSupport.parkNanos(100_000);
    }
  }
}
