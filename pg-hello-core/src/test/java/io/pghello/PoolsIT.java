// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.FaultsIT.slow;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import io.pghello.Pool.Checks;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Makes calls through each supported pool while the network stalls, sessions end, or timeouts
 * expire.
 */
@PgHelloTest
@Timeout(120)
class PoolsIT {
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(1);

  // a busy machine takes longer than the deadline, but less than this; the faults last longer than
  // this
  private static final Duration AT_MOST = Duration.ofSeconds(10);
  private static final int FAULT_SECONDS = 25;

  /** A pool with one connection, and a client on it. */
  private static final class Scene implements AutoCloseable {
    private final @Nullable Pool kind;
    private final @Nullable DataSource pool;
    final PgHelloClient client;
    final DataSource superuser;
    final WireProxy proxy;

    /**
     * Starts a pool.
     *
     * @param kind the kind of pool; null for the client's own pool
     */
    Scene(@Nullable Pool kind, Checks checks, TestDatabase database, WireProxy proxy)
        throws Exception {
      this.kind = kind;
      this.superuser = database.superuserDataSource();
      this.proxy = proxy;
      String url =
          database
              .jdbcUrl()
              .replaceFirst("//[^/]*/", "//" + proxy.host() + ":" + proxy.port() + "/");
      if (checks == Checks.BOUNDED) {
        url += (url.contains("?") ? "&" : "?") + "loginTimeout=1&socketTimeout=2";
      }
      ClientBuilder<PgHelloClient> builder =
          PgHelloClient.builder().schema("public").callTimeout(CALL_TIMEOUT);
      if (kind == null) {
        pool = null;
        builder.url(url).pool(own -> limit(own, checks));
      } else {
        pool = kind.start(url, 1, checks);
        builder.dataSource(pool);
      }
      client = builder.build();
      patiently().hello("Ada");
    }

    private static void limit(HikariConfig own, Checks checks) {
      own.setMaximumPoolSize(1);
      if (checks == Checks.VALIDATING) {
        own.setConnectionTestQuery("SELECT 1");
      }
      if (checks == Checks.BOUNDED) {
        own.setValidationTimeout(500);
      }
    }

    PgHelloOperations patiently() {
      return client.withTimeout(Duration.ofSeconds(30));
    }

    /** Checks that the program's own statements and calls find a connection that works. */
    void assertServesAll() throws Exception {
      proxy.resume();
      slow(superuser, 0);
      if (pool != null) {
        try (Connection connection = pool.getConnection()) {
          assertThat(PgHelloClientIT.ask(connection, "SELECT 1")).isEqualTo("1");
        }
      }
      assertThat(patiently().hello("Zoë")).isEqualTo("Hello, Zoë!");
    }

    @Override
    public void close() {
      proxy.resume();
      client.close();
      if (kind != null && pool != null) {
        try {
          kind.close(pool);
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }

  /** All pools and the client's own, with each of the checks. */
  static Stream<Arguments> pools() {
    return Stream.concat(Stream.<@Nullable Pool>of((Pool) null), Arrays.stream(Pool.values()))
        .flatMap(pool -> Arrays.stream(Checks.values()).map(checks -> Arguments.of(pool, checks)));
  }

  @ParameterizedTest
  @MethodSource("pools")
  void aStalledCallEndsAtItsDeadline(
      @Nullable Pool pool, Checks checks, TestDatabase database, WireProxy proxy) throws Exception {
    try (var scene = new Scene(pool, checks, database, proxy)) {
      CompletableFuture<String> call = startSlowCall(scene.client, scene.superuser);
      stall(proxy);
      assertTimesOut(call);
      scene.assertServesAll();
    }
  }

  @ParameterizedTest
  @MethodSource("pools")
  @Tag("slow")
  void aCallThatTakesTooLongLeavesThePoolUsable(
      @Nullable Pool pool, Checks checks, TestDatabase database, WireProxy proxy) throws Exception {
    try (var scene = new Scene(pool, checks, database, proxy)) {
      assertTimesOut(startSlowCall(scene.client, scene.superuser));
      scene.assertServesAll();
    }
  }

  @ParameterizedTest
  @MethodSource("pools")
  @Tag("slow")
  void retriesACallAfterItsSessionWasTerminated(
      @Nullable Pool pool, Checks checks, TestDatabase database, WireProxy proxy) throws Exception {
    try (var scene = new Scene(pool, checks, database, proxy)) {
      CompletableFuture<String> call = startSlowCall(scene.patiently(), scene.superuser);
      slow(scene.superuser, 0);
      FaultsIT.terminate(scene.superuser);
      assertThat(call.get(30, TimeUnit.SECONDS)).isEqualTo("Hello, Ada!");
      scene.assertServesAll();
    }
  }

  /** Some wrappers allow only one thread at a time to use a connection. */
  @Test
  void aStalledCallEndsAtItsDeadlineThroughAWrapperThatLocks(
      DataSource dataSource, TestDatabase database, WireProxy proxy) throws Exception {
    DataSource superuser = database.superuserDataSource();
    ConnectionSource locking = () -> locking(dataSource.getConnection());
    try (PgHelloClient client =
        PgHelloClient.builder()
            .connections(locking)
            .schema("public")
            .callTimeout(CALL_TIMEOUT)
            .build()) {
      CompletableFuture<String> call = startSlowCall(client, superuser);
      stall(proxy);
      assertTimesOut(call);
    }
  }

  private static Connection locking(Connection connection) {
    return locking(Connection.class, connection, new ReentrantLock());
  }

  private static <T> T locking(Class<T> type, T delegate, Lock lock) {
    return type.cast(
        Proxy.newProxyInstance(
            PoolsIT.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              lock.lock();
              try {
                Object result = method.invoke(delegate, arguments);
                return result instanceof PreparedStatement statement
                    ? locking(PreparedStatement.class, statement, lock)
                    : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              } finally {
                lock.unlock();
              }
            }));
  }

  /** Pools validate and open connections on the thread that makes the call. */
  @ParameterizedTest
  @EnumSource
  @Tag("slow")
  void withTheRecommendedLimitsAStallBeforeTheCallHoldsItUpForAMoment(
      Pool pool, TestDatabase database, WireProxy proxy) throws Exception {
    try (var scene = new Scene(pool, Checks.BOUNDED, database, proxy)) {
      // HikariCP does not validate connections that were used less than half a second ago
      Thread.sleep(600);
      stall(proxy);
      long begin = System.nanoTime();
      for (int i = 0; i < 2; i++) {
        try {
          scene.client.hello("Ada");
        } catch (FunctionCallException e) {
          assertThat(e.code())
              .isIn(Code.TIMEOUT, Code.CONNECTION_UNAVAILABLE, Code.CONNECTION_LOST);
        }
      }
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(AT_MOST);
      scene.assertServesAll();
    }
  }

  /** Starts a call, and returns when the server executes it. */
  private static CompletableFuture<String> startSlowCall(
      PgHelloOperations calls, DataSource superuser) throws SQLException {
    slow(superuser, FAULT_SECONDS);
    CompletableFuture<String> call =
        CompletableFuture.supplyAsync(
            () -> calls.hello("Ada"), command -> new Thread(command).start());
    FaultsIT.await(
        "the server executes the call",
        // on a busy machine, the call may end at its deadline before it is seen
        () ->
            call.isDone()
                || PgHelloClientIT.ask(
                        superuser,
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                            + " AND state = 'active' AND pid <> pg_backend_pid() AND query LIKE"
                            + " '%pg_hello(%'")
                    .equals("1"));
    return call;
  }

  private static void stall(WireProxy proxy) {
    proxy.pause();
    // otherwise, a call that never ends would block the test
    CompletableFuture.delayedExecutor(FAULT_SECONDS, TimeUnit.SECONDS).execute(proxy::resume);
  }

  private static void assertTimesOut(CompletableFuture<String> call) {
    long begin = System.nanoTime();
    assertFails(Code.TIMEOUT, () -> FaultsIT.join(call));
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(AT_MOST);
  }
}
