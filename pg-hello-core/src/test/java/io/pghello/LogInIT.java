// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.FaultsIT.join;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.net.SocketFactory;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shows which error a program receives if it cannot connect, and when. */
@PgHelloTest
@Timeout(120)
class LogInIT {
  private static final Duration SHORT = Duration.ofMillis(200);

  private static final String REMEDY =
      " Correct the user, the password or the database in the client's configuration, or grant"
          + " access on the server (pg_hba.conf, GRANT CONNECT).";

  @Tag("session") // the pooler rejects the login
  @Test
  void reportsAWrongPasswordImmediately(TestDatabase database, WireProxy proxy) {
    FunctionCallException e = fails(Code.LOGIN_FAILED, through(proxy, database, "app", "wrong"));
    assertThat(e.code().isRetryable()).isFalse();
    assertThat(e.sqlState()).hasValue("28P01");
    assertThat(e)
        .hasMessage(
            "The login was rejected: password authentication failed for user \"app\"." + REMEDY);
    // HikariCP would have tried again for two seconds
    assertThat(proxy.connections()).isEqualTo(1);
  }

  @Tag("not-odyssey") // in the test suites, both poolers accept any login
  @Tag("not-pgpool")
  @Test
  void reportsAMissingPassword(TestDatabase database, WireProxy proxy) {
    FunctionCallException e = fails(Code.LOGIN_FAILED, through(proxy, database, "app", null));
    assertThat(e.sqlState()).hasValue("08004");
    assertThat(e).hasMessageStartingWith("The login was rejected: ").hasMessageContaining("passw");
    assertThat(proxy.connections()).isEqualTo(1);
  }

  @Tag("not-old-pgbouncer") // it does not answer before the login times out
  @Tag("not-odyssey") // it reports only that it cannot connect
  @Test
  void reportsAnUnknownDatabase(TestDatabase database) {
    FunctionCallException e =
        fails(Code.LOGIN_FAILED, database.jdbcUrl().replace(database.name(), "nowhere"));
    assertThat(e.sqlState()).hasValue("3D000");
    assertThat(e)
        .hasMessage("The login was rejected: database \"nowhere\" does not exist." + REMEDY);
  }

  @Tag("not-old-pgbouncer") // it reports another SQLSTATE
  @Tag("not-odyssey") // it reports only that it cannot connect
  @Test
  void reportsAMissingConnectPrivilege(
      TestDatabase database, DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    execute(superuser, "CREATE ROLE " + database.name() + "_other LOGIN PASSWORD 'secret'");
    try {
      execute(dataSource, "REVOKE CONNECT ON DATABASE " + database.name() + " FROM PUBLIC");
      String url = database.jdbcUrl().replaceFirst("\\?.*", "");
      FunctionCallException e =
          fails(Code.LOGIN_FAILED, url + "?user=" + database.name() + "_other&password=secret");
      assertThat(e.sqlState()).hasValue("42501");
      assertThat(e).hasMessageContaining("permission denied for database");
    } finally {
      execute(superuser, "DROP ROLE " + database.name() + "_other");
    }
  }

  @Tag("session") // the pooler rejects the login
  @Test
  void reportsTooManyConnections(
      TestDatabase database, DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    execute(superuser, "ALTER DATABASE " + database.name() + " CONNECTION LIMIT 1");
    try (PgHelloClient client = PgHelloClient.builder().url(database.jdbcUrl()).build()) {
      try (Connection only = connectLater(dataSource)) {
        FunctionCallException e =
            assertFails(Code.CONNECTION_UNAVAILABLE, () -> client.hello("Ada"));
        assertThat(only.isClosed()).isFalse();
        assertThat(e.code().isRetryable()).isTrue();
        assertThat(e.sqlState()).hasValue("53300");
        assertThat(e)
            .hasMessage(
                "Could not get a database connection: too many connections for database \""
                    + database.name()
                    + "\". Try again, reduce the size of the programs' connection pools, or raise"
                    + " max_connections.");
      }
      assertThat(greetLater(client)).isEqualTo("Hello, Ada!");
    }
  }

  /** Connects as soon as the server has noticed that the previous session has ended. */
  private static Connection connectLater(DataSource dataSource) throws SQLException {
    while (true) {
      try {
        return dataSource.getConnection();
      } catch (SQLException e) {
        assertThat(e.getSQLState()).isEqualTo("53300");
      }
    }
  }

  /** Greets as soon as the server has noticed that a session has ended. */
  private static String greetLater(PgHelloClient client) {
    while (true) {
      try {
        return client.hello("Ada");
      } catch (FunctionCallException e) {
        assertThat(e.sqlState()).hasValue("53300");
      }
    }
  }

  @Test
  void namesAHostThatIsNotKnown() {
    FunctionCallException e =
        fails(
            Code.CONNECTION_UNAVAILABLE,
            "jdbc:postgresql://db.invalid/app?user=ada&password=secret");
    assertThat(e)
        .hasMessage(
            "Could not get a database connection: the host db.invalid is not known."
                + " Correct the host in the URL, or find out why its name cannot be resolved.");
  }

  @Test
  void reportsTheAddressOfARefusedConnection() {
    FunctionCallException e =
        fails(
            Code.CONNECTION_UNAVAILABLE,
            "jdbc:postgresql://127.0.0.1:1/app?user=ada&password=secret");
    assertThat(e)
        .hasMessageContaining("127.0.0.1:1")
        .hasMessageContaining("refused")
        .hasMessageNotContaining("..")
        .hasMessageNotContaining("secret");
  }

  @Tag("slow")
  @Test
  void reportsAnUnknownDatabaseWithAnApplicationPool(TestDatabase database) {
    var config = new HikariConfig();
    config.setJdbcUrl(database.jdbcUrl().replace(database.name(), "nowhere"));
    config.setConnectionTimeout(3_000);
    config.setInitializationFailTimeout(-1);
    try (var pool = new HikariDataSource(config);
        PgHelloClient client =
            PgHelloClient.builder().dataSource(pool).callTimeout(Duration.ofMinutes(1)).build()) {
      FunctionCallException e = assertFails(Code.LOGIN_FAILED, () -> client.hello("Ada"));
      assertThat(e.sqlState()).hasValue("3D000");
    }
  }

  @Test
  void makesNoConnectionMoreThanIsNeeded(TestDatabase database, WireProxy proxy) throws Exception {
    String url = through(proxy, database.jdbcUrl());
    try (PgHelloClient client = PgHelloClient.builder().url(url).build()) {
      assertThat(proxy.connections()).isZero();
      for (int i = 0; i < 3; i++) {
        assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      }
      assertThat(proxy.connections()).isEqualTo(1);
    }
  }

  /**
   * Calls that wait for the same attempt all fail with it, and do not try again one after the
   * other.
   */
  @Test
  void oneFailedLoginFailsAllWaitingCalls(TestDatabase database, WireProxy proxy) {
    String url = through(proxy, database.jdbcUrl());
    proxy.pause();
    // otherwise, a login that never ends would block the test
    CompletableFuture.delayedExecutor(60, TimeUnit.SECONDS).execute(proxy::resume);
    try (PgHelloClient client =
        PgHelloClient.builder()
            .url(url)
            .batching(false)
            .callTimeout(Duration.ofMinutes(2))
            .build()) {
      List<CompletableFuture<Void>> calls =
          Stream.generate(
                  () ->
                      CompletableFuture.runAsync(
                          () -> assertFails(Code.CONNECTION_UNAVAILABLE, () -> client.hello("Ada")),
                          command -> new Thread(command).start()))
              .limit(30)
              .toList();
      calls.forEach(CompletableFuture::join);
      assertThat(proxy.connections()).isLessThan(15);
      proxy.resume();
      assertThat(join(client.helloAsync("Ada"))).isEqualTo("Hello, Ada!");
    }
  }

  /** A first attempt fails. The next attempt fails only because its call has a short timeout. */
  @Tag("slow")
  @Test
  void sharesNoFailureOfAnEarlierAttempt(TestDatabase database, WireProxy proxy) throws Exception {
    try (PgHelloClient client = patient(through(proxy, database.jdbcUrl()), pool -> {})) {
      proxy.pause();
      CompletableFuture<Void> cut =
          CompletableFuture.runAsync(
              () -> assertFails(Code.CONNECTION_UNAVAILABLE, () -> client.hello("Ada")));
      until(() -> proxy.openConnections() == 1);
      proxy.resetConnections();
      cut.join();
      long before = proxy.connections();
      assertWaitsForNoOther(client, () -> proxy.connections() > before, proxy::resume);
    }
  }

  @Tag("slow")
  @Test
  void sharesNoFailureOfAThreadThatWasInterrupted(TestDatabase database) throws Exception {
    Consumer<HikariConfig> sockets =
        pool -> {
          pool.addDataSourceProperty("socketFactory", StuckSockets.class.getName());
          // the driver then connects on the calling thread
          pool.addDataSourceProperty("loginTimeout", "0");
        };
    try (PgHelloClient client = patient(database.jdbcUrl(), sockets)) {
      StuckSockets.stuck = true;
      assertWaitsForNoOther(client, () -> StuckSockets.asked, () -> StuckSockets.stuck = false);
    } finally {
      StuckSockets.stuck = false;
    }
  }

  private static PgHelloClient patient(String url, Consumer<HikariConfig> pool) {
    return PgHelloClient.builder()
        .url(url)
        .batching(false)
        .pool(
            config -> {
              config.setConnectionTimeout(60_000);
              pool.accept(config);
            })
        .callTimeout(Duration.ofMinutes(1))
        .build();
  }

  /**
   * Asserts that a call with a longer timeout does not fail because of the attempts of two calls
   * with short timeouts.
   */
  private static void assertWaitsForNoOther(
      PgHelloClient client, BooleanSupplier attempted, Runnable goOn) throws Exception {
    CompletableFuture<String> first = waiting(client.withTimeout(Duration.ofSeconds(2)), attempted);
    CompletableFuture<String> second = waiting(client.withTimeout(Duration.ofSeconds(4)), null);
    CompletableFuture<String> third = waiting(client, null);
    assertFails(Code.CONNECTION_UNAVAILABLE, () -> join(first));
    assertFails(Code.CONNECTION_UNAVAILABLE, () -> join(second));
    goOn.run();
    assertThat(join(third)).isEqualTo("Hello, Ada!");
  }

  /**
   * Makes a call on another thread. Returns when that thread has reached a point, or waits for
   * another thread.
   */
  private static CompletableFuture<String> waiting(
      PgHelloOperations operations, @Nullable BooleanSupplier point) throws Exception {
    var caller = new AtomicReference<@Nullable Thread>();
    CompletableFuture<String> call =
        CompletableFuture.supplyAsync(
            () -> {
              caller.set(Thread.currentThread());
              return operations.hello("Ada");
            },
            command -> new Thread(command).start());
    until(
        point != null
            ? point
            : () -> caller.get() != null && LockSupport.getBlocker(caller.get()) != null);
    return call;
  }

  /** Creates sockets, or blocks until its thread is interrupted. */
  public static final class StuckSockets extends SocketFactory {
    static volatile boolean stuck;
    static volatile boolean asked;

    @Override
    public Socket createSocket() throws IOException {
      asked = true;
      while (stuck) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException("of a test");
        }
        LockSupport.parkNanos(1_000_000);
      }
      return new Socket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
      throw new IOException("not used");
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress from, int fromPort)
        throws IOException {
      throw new IOException("not used");
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
      throw new IOException("not used");
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort)
        throws IOException {
      throw new IOException("not used");
    }
  }

  @Test
  void makesNoConnectionMoreThanThePoolKeepsIdle(TestDatabase database, WireProxy proxy)
      throws Exception {
    String url = through(proxy, database.jdbcUrl());
    try (PgHelloClient client =
        PgHelloClient.builder()
            .url(url)
            .pool(
                pool -> {
                  pool.setMinimumIdle(2);
                  pool.setMaximumPoolSize(2);
                })
            .build()) {
      until(() -> proxy.openConnections() == 2);
      for (int i = 0; i < 3; i++) {
        assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      }
      assertThat(proxy.connections()).isEqualTo(2);
    }
  }

  /** The pool is closed before it can accept the connection. */
  @Test
  void leavesNoConnectionOpenThatIsMadeWhileTheClientIsClosed(
      TestDatabase database, WireProxy proxy) throws Exception {
    String url = through(proxy, database.jdbcUrl());
    proxy.pause();
    PgHelloClient client = PgHelloClient.builder().url(url).callTimeout(SHORT).build();
    try {
      CompletableFuture<String> call =
          CompletableFuture.supplyAsync(
              () -> client.withTimeout(Duration.ofMinutes(1)).hello("Ada"),
              command -> new Thread(command).start());
      until(() -> proxy.openConnections() == 1);
      client.close();
      proxy.resume();
      assertThatThrownBy(call::join).hasCauseInstanceOf(FunctionCallException.class);
      until(() -> proxy.openConnections() == 0);
    } finally {
      proxy.resume();
    }
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; !condition.getAsBoolean(); i++) {
      assertThat(i).isLessThan(3_000);
      Thread.sleep(10);
    }
  }

  private static FunctionCallException fails(Code code, String url) {
    try (PgHelloClient client =
        PgHelloClient.builder().url(url).callTimeout(Duration.ofMinutes(1)).build()) {
      return assertFails(code, () -> client.hello("Ada"));
    }
  }

  private static String through(
      WireProxy proxy, TestDatabase database, String user, @Nullable String password) {
    return through(proxy, database.jdbcUrl().replaceFirst("\\?.*", ""))
        + "?user="
        + user
        + (password == null ? "" : "&password=" + password);
  }

  private static String through(WireProxy proxy, String url) {
    return url.replaceFirst("//[^/]*", "//" + proxy.host() + ":" + proxy.port());
  }
}
