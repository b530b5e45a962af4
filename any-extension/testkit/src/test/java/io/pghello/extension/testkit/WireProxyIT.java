// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import io.pghello.extension.testkit.internal.database.ServerDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.ds.PGSimpleDataSource;

@ExtensionTest(extensions = "pg_hello")
@Timeout(60)
class WireProxyIT {
  @Test
  void takesOneRoundTrip(Connection connection, WireProxy proxy) throws Exception {
    try (PreparedStatement statement = connection.prepareStatement("SELECT pg_hello(?)")) {
      statement.setString(1, "Ada");
      proxy.assertRoundTrips(1, statement::executeQuery);
    }
  }

  @Test
  void countsARoundTripAStatement(Connection connection, WireProxy proxy) throws Exception {
    proxy.assertRoundTrips(0, () -> {});
    proxy.assertRoundTrips(1, () -> ask(connection, "SELECT 1"));
    proxy.assertRoundTrips(
        2,
        () -> {
          ask(connection, "SELECT 1");
          ask(connection, "SELECT 2");
        });
  }

  @Test
  void countsExecutedStatements(Connection connection, WireProxy proxy) throws Exception {
    try (PreparedStatement statement = connection.prepareStatement("SELECT pg_hello(?)")) {
      long executes = proxy.statements();
      proxy.assertRoundTrips(
          20,
          () -> {
            for (int i = 0; i < 20; i++) {
              statement.setString(1, "u" + i);
              statement.executeQuery().close();
            }
          });
      assertThat(proxy.statements() - executes).isEqualTo(20);
    }
  }

  @Test
  void doesNotCountWhetherAConnectionIsAlive(Connection connection, WireProxy proxy)
      throws Exception {
    long executes = proxy.statements();
    WireProxy.Action check = () -> assertThat(connection.isValid(10)).isTrue();
    proxy.assertRoundTrips(0, check);
    connection.setAutoCommit(false);
    proxy.assertRoundTrips(0, check);
    assertThat(proxy.statements()).isEqualTo(executes);
    ask(connection, "SELECT 1");
    proxy.assertRoundTrips(0, check);
    proxy.assertRoundTrips(
        1,
        () -> {
          check.run();
          ask(connection, "SELECT 1");
          check.run();
        });
  }

  @Test
  void countsAnEmptyStatementThatIsPrepared(Connection connection, WireProxy proxy)
      throws Exception {
    try (PreparedStatement empty = connection.prepareStatement("")) {
      long executes = proxy.statements();
      proxy.assertRoundTrips(1, empty::execute);
      assertThat(proxy.statements() - executes).isEqualTo(1);
    }
  }

  @Test
  void countsABatchAsFew(Connection connection, WireProxy proxy) throws Exception {
    try (Statement create = connection.createStatement()) {
      create.execute("CREATE TABLE t (a text)");
    }
    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO t VALUES (?)")) {
      for (int i = 0; i < 50; i++) {
        insert.setString(1, "x");
        insert.addBatch();
      }
      connection.setAutoCommit(false);
      long executes = proxy.statements();
      // the driver first describes the statement, and then sends the batch; BEGIN needs no round
      // trip of its own
      proxy.assertRoundTrips(2, insert::executeBatch);
      assertThat(proxy.statements() - executes).isEqualTo(51);
      proxy.assertRoundTrips(1, connection::commit);
    }
  }

  @Test
  void failsOnAnotherNumber(Connection connection, WireProxy proxy) {
    assertThatThrownBy(() -> proxy.assertRoundTrips(2, () -> ask(connection, "SELECT 1")))
        .isInstanceOf(AssertionError.class)
        .hasMessage("expected 2 round trips, but there were 1");
  }

  @Test
  void passesLargeResults(Connection connection, WireProxy proxy) throws Exception {
    long before = proxy.bytesToClient();
    String value = ask(connection, "SELECT repeat('x', 20000000)");
    assertThat(value).hasSize(20_000_000);
    assertThat(proxy.bytesToClient() - before).isGreaterThan(20_000_000);
    assertThat(proxy.bytesToServer()).isPositive();
    proxy.assertRoundTrips(1, () -> ask(connection, "SELECT 1"));
  }

  @Test
  void delays(Connection connection, WireProxy proxy) throws Exception {
    proxy.delay(Duration.ofMillis(40));
    long start = System.nanoTime();
    for (int i = 0; i < 5; i++) {
      ask(connection, "SELECT 1");
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(200), Duration.ofSeconds(20));
    proxy.delay(Duration.ZERO);
    proxy.assertRoundTrips(1, () -> ask(connection, "SELECT 1"));
    assertThatThrownBy(() -> proxy.delay(Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void stallsAndResumes(Connection connection, WireProxy proxy) throws Exception {
    proxy.pause();
    var answer =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return ask(connection, "SELECT 42");
              } catch (SQLException e) {
                throw new IllegalStateException(e);
              }
            });
    assertThatThrownBy(() -> answer.get(200, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    proxy.resume();
    assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("42");
  }

  @Test
  void failsAfterAReset(DataSource dataSource, WireProxy proxy) throws Exception {
    Connection first = dataSource.getConnection();
    Connection second = dataSource.getConnection();
    assertThat(proxy.openConnections()).isEqualTo(2);
    proxy.resetConnections();
    for (Connection connection : new Connection[] {first, second}) {
      assertThatThrownBy(() -> ask(connection, "SELECT 1"))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).startsWith("08"));
    }
    assertThat(proxy.openConnections()).isZero();
    // the proxy forwards new connections
    assertThat(ask(dataSource, "SELECT 1")).isEqualTo("1");
    assertThat(proxy.connections()).isEqualTo(3);
  }

  @Test
  void cutsStalledConnections(Connection connection, WireProxy proxy) throws Exception {
    proxy.pause();
    var failure =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return ask(connection, "SELECT 1");
              } catch (SQLException e) {
                return e.getSQLState();
              }
            });
    Thread.sleep(100);
    proxy.resetConnections();
    assertThat(failure.get(10, TimeUnit.SECONDS)).startsWith("08");
    proxy.resume();
  }

  private static DataSource through(WireProxy proxy, TestDatabase database) {
    return ((ServerDatabase) database).dataSource(proxy, /* superuser= */ false);
  }

  @Test
  void closesAConnectionThatTheServerRejects(TestDatabase database) {
    try (WireProxy nowhere = WireProxy.to("127.0.0.1", 1)) {
      assertThatThrownBy(() -> through(nowhere, database).getConnection())
          .isInstanceOf(SQLException.class);
    }
  }

  @Test
  void leavesNoThreadBehind(TestDatabase database) throws Exception {
    DatabaseFactory databases = ((ServerDatabase) database).databases();
    var proxy = WireProxy.to(databases.host(), databases.port());
    try (Connection connection = through(proxy, database).getConnection()) {
      proxy.delay(Duration.ofMillis(2));
      ask(connection, "SELECT 1");
    } finally {
      proxy.close();
      proxy.close();
    }
    for (int i = 0; i < 500 && proxy.threads() > 0; i++) {
      Thread.sleep(10);
    }
    assertThat(proxy.threads()).isZero();
  }

  @Test
  void countsTheLogin(DataSource dataSource, WireProxy proxy) throws Exception {
    PGSimpleDataSource bare = dataSource.unwrap(PGSimpleDataSource.class);
    // the driver may run statements at login, and their round trips are counted too
    long withLogIn = proxy.countRoundTrips(() -> bare.getConnection().close());
    assertThat(withLogIn).isBetween(1L, 4L);
  }

  private static String ask(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return ask(connection, sql);
    }
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }
}
