// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.testkit.PgHelloTest;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** What a pooler that mixes up the driver's prepared statements does to calls. */
@PgHelloTest
@Timeout(300)
class PoolerIT {
  private static final int SESSIONS = 3;
  private static final int CONNECTIONS = 12;
  private static final int THREADS = 48;

  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
  private final Queue<PgHelloException> errors = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void needsPgBouncer() {
    Assumptions.assumeTrue(PgBouncer.program().isPresent(), "there is no pgbouncer");
  }

  @Test
  void noCallGetsAnothersAnswer(DataSource dataSource, @TempDir Path folder) throws Exception {
    mixUp(dataSource, folder, 5_000);
  }

  @Test
  @Tag("long")
  void noneOfManyCallsGetsAnothersAnswer(DataSource dataSource, @TempDir Path folder)
      throws Exception {
    mixUp(dataSource, folder, 100_000);
  }

  private void mixUp(DataSource dataSource, Path folder, int calls) throws Exception {
    call(dataSource, folder, "", calls);
    assertThat(wrong).isEmpty();
    // or else nothing was mixed up
    assertThat(errors).isNotEmpty();
    assertThat(errors)
        .allSatisfy(
            e ->
                assertThat(e)
                    .hasMessageMatching(
                        "(The server answered something that was not asked"
                            + "|The server has other prepared statements than the driver)"
                            + ".*connect with prepareThreshold=0.*")
                    .extracting(PgHelloException::code)
                    .isEqualTo(PgHelloException.Code.ANSWER_MISMATCH));
  }

  @Test
  void allIsWellIfTheDriverPreparesNothing(DataSource dataSource, @TempDir Path folder)
      throws Exception {
    call(dataSource, folder, "?prepareThreshold=0", 5_000);
    assertThat(wrong).isEmpty();
    assertThat(errors).isEmpty();
  }

  private void call(DataSource dataSource, Path folder, String parameters, int calls)
      throws Exception {
    try (var pooler = new PgBouncer(folder, dataSource.unwrap(PGSimpleDataSource.class), SESSIONS);
        PgHelloClient client =
            PgHelloClient.builder()
                .url(pooler.url() + parameters)
                .user("anybody")
                .pool(pool -> pool.setMaximumPoolSize(CONNECTIONS))
                .build()) {
      var left = new AtomicInteger(calls);
      ExecutorService threads = Executors.newFixedThreadPool(THREADS);
      for (int i = 0; i < THREADS; i++) {
        threads.execute(
            () -> {
              while (left.getAndDecrement() > 0) {
                callAny(client);
              }
            });
      }
      threads.shutdown();
      assertThat(threads.awaitTermination(4, TimeUnit.MINUTES)).isTrue();
    }
  }

  private void callAny(PgHelloClient client) {
    String name = "n" + ThreadLocalRandom.current().nextInt(1_000_000);
    String greeting = "Hello, " + name + "!";
    try {
      switch (ThreadLocalRandom.current().nextInt(8)) {
        case 0, 1 -> check(client.hello(name), greeting);
        case 2 -> check(client.hello(name, 2), greeting + " " + greeting);
        case 3 -> check(client.helloAll(List.of(name, "Zoë")), List.of(greeting, "Hello, Zoë!"));
        case 4 -> {
          long millis = client.nowMillis();
          long apart = Math.abs(millis - System.currentTimeMillis());
          check(apart < TimeUnit.MINUTES.toMillis(2), true, millis);
        }
        case 5 -> {
          String version = client.spiVersion();
          check(version != null && version.startsWith("PostgreSQL "), true, version);
        }
        case 6 -> check(client.info().extensionVersion(), "1.1");
        default -> check(client.preflight(), List.of());
      }
    } catch (PgHelloException e) {
      errors.add(e);
    } catch (RuntimeException e) {
      wrong.add(e.toString());
    }
  }

  private void check(Object answer, Object expected) {
    check(answer, expected, answer);
  }

  private void check(Object answer, Object expected, Object shown) {
    if (!expected.equals(answer)) {
      wrong.add(String.valueOf(shown));
    }
  }
}
