// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.net.URL;
import java.net.URLClassLoader;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.PGConnection;

/** Uses a driver from another class loader, as in a server that runs several programs. */
@PgHelloTest
@Timeout(120)
class OtherClassLoaderIT {
  private static URLClassLoader loader = newLoader();
  private static Driver driver = newDriver();

  private static URLClassLoader newLoader() {
    URL jar = PGConnection.class.getProtectionDomain().getCodeSource().getLocation();
    return new URLClassLoader(new URL[] {jar}, ClassLoader.getPlatformClassLoader());
  }

  private static Driver newDriver() {
    try {
      return (Driver)
          loader.loadClass("org.postgresql.Driver").getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  @BeforeAll
  static void isAnother() throws Exception {
    assertThat(loader.loadClass(PGConnection.class.getName())).isNotEqualTo(PGConnection.class);
  }

  @AfterAll
  static void close() throws Exception {
    loader.close();
  }

  @Test
  void allCallsWork(TestDatabase database) throws Exception {
    for (boolean autoCommit : new boolean[] {true, false}) {
      try (HikariDataSource pool = pool(database.jdbcUrl(), autoCommit);
          PgHelloClient client = PgHelloClient.create(pool)) {
        for (FaultsIT.Kind kind : FaultsIT.Kind.values()) {
          kind.call.accept(client);
        }
      }
    }
  }

  @Test
  void anExtensionThatHasMovedIsFoundAgain(TestDatabase database) throws Exception {
    DataSource superuser = database.superuserDataSource();
    try (HikariDataSource pool = pool(database.jdbcUrl(), false);
        PgHelloClient client = PgHelloClient.create(pool)) {
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      execute(superuser, "CREATE SCHEMA elsewhere");
      execute(superuser, "GRANT USAGE ON SCHEMA elsewhere TO PUBLIC");
      execute(superuser, "ALTER EXTENSION pg_hello SET SCHEMA elsewhere");
      // this error also aborts the transaction
      assertThat(assertFails(Code.SERVER_ERROR, () -> client.hello("Ada")).sqlState())
          .contains("42883");
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      execute(superuser, "DROP EXTENSION pg_hello");
      assertFails(Code.SERVER_ERROR, () -> client.hello("Ada"));
      assertFails(Code.NOT_CREATED, () -> client.hello("Ada"));
      execute(superuser, "CREATE EXTENSION pg_hello");
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void errorsDoNotShowTheArgument(TestDatabase database, @Superuser DataSource superuser)
      throws Exception {
    execute(
        superuser,
        "ALTER DATABASE " + name(superuser) + " SET log_parameter_max_length_on_error = -1");
    try (HikariDataSource pool = pool(database.jdbcUrl(), true);
        PgHelloClient client = PgHelloClient.builder().dataSource(pool).schema("public").build();
        Connection connection = pool.getConnection()) {
      client.withConnection(connection).hello("Ada");
      execute(superuser, "REVOKE EXECUTE ON FUNCTION pg_hello(text) FROM PUBLIC");
      try {
        client.withConnection(connection).hello("Secret");
      } catch (FunctionCallException e) {
        assertThat(e.sqlState()).contains("42501");
        for (Throwable each = e; each != null; each = each.getCause()) {
          assertThat(each.toString()).doesNotContain("Secret");
        }
        assertThat(e).hasMessageContaining("permission denied for function pg_hello").hasNoCause();
        return;
      }
      throw new AssertionError("the call was not refused");
    }
  }

  @Test
  void aBatchThatTheDriverRefusesIsSentInParts(TestDatabase database) throws Exception {
    try (HikariDataSource pool = pool(database.jdbcUrl() + "&maxResultBuffer=64K", true);
        PgHelloClient client = PgHelloClient.create(pool)) {
      var calls = new ArrayList<CompletableFuture<String>>();
      for (int i = 0; i < 3_000; i++) {
        calls.add(client.helloAsync("x".repeat(80) + i));
      }
      for (int i = 0; i < calls.size(); i++) {
        assertThat(FaultsIT.join(calls.get(i))).endsWith("x" + i + "!");
      }
      assertFails(Code.RESULT_TOO_LARGE, () -> client.hello("x".repeat(100_000)));
    }
  }

  @Test
  void aStalledCallEndsAtItsDeadline(TestDatabase database, WireProxy proxy) throws Exception {
    String url =
        database.jdbcUrl().replaceFirst("//[^/]*", "//" + proxy.host() + ":" + proxy.port());
    try (HikariDataSource pool = pool(url, true);
        PgHelloClient client =
            PgHelloClient.builder().dataSource(pool).callTimeout(Duration.ofSeconds(1)).build()) {
      client.withTimeout(Duration.ofSeconds(20)).hello("Ada");
      proxy.pause();
      CompletableFuture.delayedExecutor(25, TimeUnit.SECONDS).execute(proxy::resume);
      long begin = System.nanoTime();
      assertFails(Code.TIMEOUT, () -> client.hello("Ada"));
      assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(10));
      proxy.resume();
    }
  }

  private static String name(DataSource dataSource) throws SQLException {
    return PgHelloClientIT.ask(dataSource, "SELECT quote_ident(current_database())");
  }

  private static HikariDataSource pool(String url, boolean autoCommit) {
    SimpleDataSource foreign = () -> driver.connect(url, new Properties());
    var config = new HikariConfig();
    config.setDataSource(foreign);
    config.setAutoCommit(autoCommit);
    config.setMaximumPoolSize(2);
    return new HikariDataSource(config);
  }
}
