// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Shows when calls and clients end, and which state the client's threads inherit from the threads
 * that start them.
 */
@Timeout(120)
class ThreadsTest {
  private static final InheritableThreadLocal<@Nullable String> USER =
      new InheritableThreadLocal<>();

  private final ExecutorService run = Executors.newCachedThreadPool();

  @AfterEach
  void stop() throws InterruptedException {
    run.shutdownNow();
    assertThat(run.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aFutureDoesNotSeeTheUserOfAnother() throws Exception {
    var gate = new CompletableFuture<Void>();
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    ConnectionSource source =
        () -> {
          gate.join();
          throw new SQLException("none");
        };
    try (var client = PgHelloClient.builder().connections(source).build();
        var loader = new URLClassLoader(new URL[0])) {
      USER.set("Ada");
      Thread.currentThread().setContextClassLoader(loader);
      CompletableFuture<List<Object>> seen =
          client
              .helloAsync("Ada")
              .handle(
                  (greeting, error) ->
                      List.of(
                          Thread.currentThread().getName().matches("pg-hello-\\d+"),
                          USER.get() == null,
                          Thread.currentThread().getContextClassLoader()));
      gate.complete(null);
      assertThat(seen.get(60, TimeUnit.SECONDS))
          .containsExactly(true, true, PgHelloClient.class.getClassLoader());
    } finally {
      USER.remove();
      Thread.currentThread().setContextClassLoader(before);
    }
  }

  @Test
  void aCallThatWaitsEndsInTimeThoughTheOneBeforeItDoesNot() {
    var gate = new CompletableFuture<Void>();
    var asked = new CompletableFuture<Void>();
    try (var client =
        PgHelloClient.builder()
            .connections(stuck(asked, gate))
            .maxInFlightBatches(1)
            .callTimeout(Duration.ofMillis(500))
            .build()) {
      CompletableFuture<String> first = CompletableFuture.supplyAsync(() -> client.hello("a"), run);
      asked.join();
      CompletableFuture<String> second =
          CompletableFuture.supplyAsync(() -> client.hello("b"), run);
      FaultsIT.assertFails(Code.CONNECTION_UNAVAILABLE, () -> FaultsIT.join(second));
      assertThat(first).isNotDone();
      gate.complete(null);
      FaultsIT.assertFails(Code.CONNECTION_UNAVAILABLE, () -> FaultsIT.join(first));
    }
  }

  @Test
  void callsWithALongTimeoutDoNotBlockOthers() throws InterruptedException {
    var gate = new CompletableFuture<Void>();
    var stuck = new CountDownLatch(2);
    ConnectionSource source =
        () -> {
          if (stuck.getCount() > 0) {
            stuck.countDown();
            gate.join();
          }
          throw new SQLException("none");
        };
    try (var client =
        PgHelloClient.builder()
            .connections(source)
            .maxInFlightBatches(2)
            .callTimeout(Duration.ofSeconds(60))
            .build()) {
      var patient = client.withTimeout(Duration.ofHours(1));
      CompletableFuture<String> first =
          CompletableFuture.supplyAsync(() -> patient.hello("a"), run);
      CompletableFuture<String> second = patient.helloAsync("b");
      assertThat(stuck.await(20, TimeUnit.SECONDS)).isTrue();
      CompletableFuture<String> third = client.helloAsync("c");
      FaultsIT.assertFails(Code.CONNECTION_UNAVAILABLE, () -> FaultsIT.join(third));
      FaultsIT.assertFails(Code.CONNECTION_UNAVAILABLE, () -> client.hello("d"));
      assertThat(first).isNotDone();
      assertThat(second).isNotDone();
      gate.complete(null);
      FaultsIT.assertFails(Code.CONNECTION_UNAVAILABLE, () -> FaultsIT.join(first));
      FaultsIT.assertFails(Code.CONNECTION_UNAVAILABLE, () -> FaultsIT.join(second));
    }
  }

  @Test
  void futureFailsIfMayJoinBatchThrows() {
    var source =
        new ConnectionSource() {
          @Override
          public Connection getConnection() throws SQLException {
            throw new SQLException("none");
          }

          @Override
          public boolean mayJoinBatch() {
            throw new IllegalStateException("no transaction manager");
          }
        };
    try (var client = PgHelloClient.builder().connections(source).build()) {
      CompletableFuture<String> one = client.helloAsync("Ada");
      FaultsIT.assertFails(Code.CONNECTION_UNAVAILABLE, () -> FaultsIT.join(one));
      CompletableFuture<List<String>> all = client.helloAllAsync(List.of("Ada"));
      FaultsIT.assertFails(Code.CONNECTION_UNAVAILABLE, () -> FaultsIT.join(all));
    }
  }

  @Test
  void closeWaitsForACallThatIsNotBatched() {
    var gate = new CompletableFuture<Void>();
    var asked = new CompletableFuture<Void>();
    PgHelloClient client =
        PgHelloClient.builder()
            .connections(stuck(asked, gate))
            .callTimeout(Duration.ofSeconds(60))
            .build();
    CompletableFuture<Long> call = CompletableFuture.supplyAsync(client::nowMillis, run);
    asked.join();
    var closing = new Thread(client::close);
    closing.start();
    while (!String.valueOf(LockSupport.getBlocker(closing)).contains("Dispatcher")) {
      assertThat(closing.isAlive()).as("waits").isTrue();
      Thread.onSpinWait();
    }
    gate.complete(null);
    FaultsIT.assertFails(Code.CONNECTION_UNAVAILABLE, () -> FaultsIT.join(call));
  }

  /** A source that ignores interrupts, and finally fails. */
  private static ConnectionSource stuck(
      CompletableFuture<Void> asked, CompletableFuture<Void> gate) {
    return () -> {
      asked.complete(null);
      gate.join();
      throw new SQLException("none");
    };
  }

  /**
   * Runs in a separate JVM, because the first use of a shared thread determines which objects it
   * keeps.
   */
  @Test
  void nothingKeepsAnApplicationThatHasClosedItsClient() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                UnloadedApplication.class.getName())
            .inheritIO()
            .start();
    try {
      assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }
}
