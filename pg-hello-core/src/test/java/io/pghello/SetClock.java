// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.WireProxy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAccumulator;
import org.postgresql.Driver;

/**
 * A program that makes calls while its clock is set. Exits with 0 if no call is affected. The
 * arguments are a JDBC URL, and the file that libfaketime reads.
 */
final class SetClock {
  private static final int SETTINGS = 20;
  private static final long STEP_SECONDS = 3_600;
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private SetClock() {}

  public static void main(String... arguments) throws Exception {
    String url = arguments[0];
    Path file = Path.of(arguments[1]);
    Properties parts = Objects.requireNonNull(Driver.parseURL(url, null));
    String host = parts.getProperty("PGHOST");
    int port = Integer.parseInt(parts.getProperty("PGPORT"));
    try (WireProxy proxy = WireProxy.to(host, port)) {
      String through = url.replace(host + ":" + port, proxy.host() + ":" + proxy.port());
      answersOn(through, file);
      endsInTime(through, file, proxy);
    }
  }

  /** Sets the clock back and forth under load. */
  private static void answersOn(String url, Path file) throws Exception {
    var least = new LongAccumulator(Long::min, Long.MAX_VALUE);
    var most = new LongAccumulator(Long::max, Long.MIN_VALUE);
    var listener =
        new CallListener() {
          @Override
          public void callEnded(CallEnded event) {
            least.accumulate(Math.min(event.durationNanos(), event.queueNanos()));
            most.accumulate(event.durationNanos());
          }
        };
    try (PgHelloClient client =
        PgHelloClient.builder()
            .url(url)
            .pool(config -> config.setConnectionTimeout(PATIENCE.toMillis()))
            .callTimeout(PATIENCE)
            .listener(listener)
            .build()) {
      Load load = Load.start(client, 16, 16);
      for (int i = 0; i < SETTINGS; i++) {
        load.awaitAnswers(200);
        set(file, i % 2 == 0 ? -STEP_SECONDS : STEP_SECONDS);
      }
      load.awaitAnswers(200);
      load.stop().assertOnly(PATIENCE);
      assertThat(least.get()).as("nanoseconds of a call").isNotNegative();
      assertThat(most.get()).as("nanoseconds of a call").isLessThan(PATIENCE.toNanos());
    }
  }

  /** Sets the clock while a call waits for a server that does not answer. */
  private static void endsInTime(String url, Path file, WireProxy proxy) {
    try (PgHelloClient client =
        PgHelloClient.builder().url(url).callTimeout(CALL_TIMEOUT).build()) {
      for (long seconds : new long[] {-STEP_SECONDS, STEP_SECONDS}) {
        awaitConnection(client);
        proxy.pause();
        long begin = System.nanoTime();
        CompletableFuture<Void> setting =
            CompletableFuture.runAsync(
                () -> set(file, seconds),
                CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS));
        assertThatThrownBy(() -> client.hello("Ada"))
            .isInstanceOfSatisfying(
                FunctionCallException.class,
                // a pool first validates a connection that was idle
                e -> assertThat(e.code()).isIn(Code.TIMEOUT, Code.CONNECTION_UNAVAILABLE));
        assertThat(Duration.ofNanos(System.nanoTime() - begin))
            .isBetween(CALL_TIMEOUT, CALL_TIMEOUT.plus(PATIENCE));
        setting.join();
        proxy.resume();
      }
    }
  }

  /** On a busy machine, opening a connection may take longer than the timeout of a call. */
  private static void awaitConnection(PgHelloClient client) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
        return;
      } catch (FunctionCallException e) {
        assertThat(System.nanoTime() - end).as("a call is answered").isNegative();
      }
    }
  }

  /** Sets the clock, and waits until this program sees it. */
  private static void set(Path file, long seconds) {
    long begin = System.currentTimeMillis();
    long end = System.nanoTime() + PATIENCE.toNanos();
    try {
      Path other = Files.writeString(file.resolveSibling("new"), "%+d".formatted(seconds));
      Files.move(other, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    while (Math.abs(System.currentTimeMillis() - begin)
        < TimeUnit.SECONDS.toMillis(STEP_SECONDS) / 2) {
      assertThat(System.nanoTime() - end).as("the clock is set").isNegative();
    }
  }
}
