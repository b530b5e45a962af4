// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;
import org.postgresql.ds.PGSimpleDataSource;

/** Calls the functions in the same way as a Java program. */
@PgHelloTest
class PgHelloClientIT {
  @Test
  void greets(DataSource dataSource) {
    // region hello
    PgHelloClient client = PgHelloClient.create(dataSource);
    String greeting = client.hello("Ada"); // Hello, Ada!
    String twice = client.hello("Ada", 2); // Hello, Ada! Hello, Ada!
    // endregion
    assertThat(greeting).isEqualTo("Hello, Ada!");
    assertThat(twice).isEqualTo("Hello, Ada! Hello, Ada!");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "O'Brien",
        "\\",
        "\"",
        "Zoë",
        "İstanbul",
        "李小龍",
        "👩‍👩‍👧",
        "a\nb\t\r",
        "%s$1?"
      })
  void greetsEveryText(String name, DataSource dataSource) {
    PgHelloClient client = PgHelloClient.create(dataSource);
    String one = "Hello, " + name + "!";
    assertThat(client.hello(name)).isEqualTo(one);
    assertThat(client.hello(name, 3)).isEqualTo(String.join(" ", one, one, one));
  }

  @Test
  void greetsALongName(DataSource dataSource) {
    String name = "ü".repeat(1 << 20);
    assertThat(PgHelloClient.create(dataSource).hello(name, 2))
        .isEqualTo("Hello, " + name + "! Hello, " + name + "!");
  }

  @Test
  void returnsTheTimeOfTheServer(DataSource dataSource) {
    PgHelloClient client = PgHelloClient.create(dataSource);
    assertThat(client.nowMillis()).isCloseTo(System.currentTimeMillis(), within(60_000L));
    assertThat(client.now()).isCloseTo(Instant.now(), within(1, ChronoUnit.MINUTES));
  }

  @Test
  void returnsTheVersionOfTheServer(DataSource dataSource) throws SQLException {
    assertThat(PgHelloClient.create(dataSource).spiVersion())
        .isEqualTo(ask(dataSource, "SELECT version()"));
  }

  @Test
  void takesOneRoundTripACall(DataSource dataSource, WireProxy proxy) throws Exception {
    try (Connection connection = dataSource.getConnection()) {
      PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
      // the first call finds the schema
      proxy.assertRoundTrips(2, () -> client.hello("Ada"));
      for (int i = 0; i < 10; i++) {
        proxy.assertRoundTrips(1, () -> client.hello("Ada"));
        proxy.assertRoundTrips(1, () -> client.hello("Ada", 2));
        proxy.assertRoundTrips(1, client::nowMillis);
        proxy.assertRoundTrips(1, client::spiVersion);
        proxy.assertRoundTrips(1, client::preflight);
      }
    }
  }

  @Test
  void readsTextAndBinaryTransferAlike(TestDatabase database) throws SQLException {
    for (boolean binary : new boolean[] {false, true}) {
      PGSimpleDataSource dataSource = database.dataSource().unwrap(PGSimpleDataSource.class);
      dataSource.setBinaryTransfer(binary);
      dataSource.setPrepareThreshold(binary ? -1 : 0);
      try (Connection connection = dataSource.getConnection()) {
        PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
        assertThat(client.hello("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
        assertThat(client.nowMillis()).isCloseTo(System.currentTimeMillis(), within(60_000L));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"})
  void worksInEveryQueryMode(String mode, TestDatabase database) throws SQLException {
    PGSimpleDataSource dataSource = database.dataSource().unwrap(PGSimpleDataSource.class);
    dataSource.setProperty("preferQueryMode", mode);
    dataSource.setProperty("stringtype", "unspecified");
    PgHelloClient client = PgHelloClient.create(dataSource);
    assertThat(client.hello("O'Brien\\")).isEqualTo("Hello, O'Brien\\!");
    assertThat(client.hello("O'Brien\\", 2)).isEqualTo("Hello, O'Brien\\! Hello, O'Brien\\!");
  }

  @Tag("session") // settings of a session, or of a role at its login
  @Test
  void usesTheSessionsSettingWithoutChangingIt(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET pg_hello.repeat = 3");
      PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada! Hello, Ada! Hello, Ada!");
      assertThat(client.hello("Ada", 1)).isEqualTo("Hello, Ada!");
      assertThat(ask(connection, "SHOW pg_hello.repeat")).isEqualTo("3");
    }
  }

  @Test
  void leavesNoTransactionOpen(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      PgHelloClient client = patient(connection);
      client.hello("Ada");
      assertThat(transactionIsOpen(connection)).isFalse();
      assertThatThrownBy(() -> client.hello("x".repeat(120_000_000), 10))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> assertThat(e.code()).isEqualTo(Code.RESULT_TOO_LARGE));
      assertThat(transactionIsOpen(connection)).isFalse();
      assertThat(connection.getAutoCommit()).isFalse();
    }
  }

  /** A busy machine takes more than five seconds to send and reject names of 120 MB. */
  private static PgHelloClient patient(Connection connection) {
    return PgHelloClient.builder()
        .dataSource(new OneConnection(connection))
        .callTimeout(Duration.ofMinutes(1))
        .build();
  }

  @Test
  void followsAnExtensionThatMoves(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    PgHelloClient client = PgHelloClient.create(dataSource);
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    execute(dataSource, "CREATE SCHEMA \"Odd \"\"one\"");
    execute(superuser, "ALTER EXTENSION pg_hello SET SCHEMA \"Odd \"\"one\"");
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    assertThat(client.hello("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
  }

  @Test
  void isNotFooledByTheSearchPath(DataSource dataSource) throws SQLException {
    execute(dataSource, "CREATE SCHEMA trap");
    execute(dataSource, "CREATE FUNCTION trap.pg_hello(text) RETURNS text RETURN 'trapped ' || $1");
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET search_path = trap, public");
      assertThat(PgHelloClient.create(new OneConnection(connection)).hello("Ada"))
          .isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void worksAfterAResultOverTheLimit(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      PgHelloClient client = patient(connection);
      assertThatThrownBy(() -> client.hello("x".repeat(120_000_000), 10))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> {
                assertThat(e.code()).isEqualTo(Code.RESULT_TOO_LARGE);
                assertThat(e.sqlState()).contains("54000");
                assertThat(e).hasMessageContaining("1 GB").hasMessageNotContaining("xxx");
              });
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void refusesACharacterThatTheDatabaseCannotHold(
      TestDatabase database, @Superuser DataSource superuser) throws SQLException {
    String name = database.name() + "_latin1";
    execute(
        superuser, "CREATE DATABASE " + name + " ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    try {
      PGSimpleDataSource latin = database.superuserDataSource().unwrap(PGSimpleDataSource.class);
      latin.setDatabaseName(name);
      execute(latin, "CREATE EXTENSION pg_hello");
      PgHelloClient client = PgHelloClient.create(latin);
      assertThat(client.hello("Zoë")).isEqualTo("Hello, Zoë!");
      assertThatThrownBy(() -> client.hello("secret €"))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> {
                assertThat(e.code()).isEqualTo(Code.INVALID_ARGUMENT);
                assertThat(e).hasNoCause().hasMessageNotContaining("secret");
              });
    } finally {
      execute(superuser, "DROP DATABASE " + name + " WITH (FORCE)");
    }
  }

  @Test
  void reportsAnUnreachableServer(TestDatabase database) throws SQLException {
    PGSimpleDataSource nowhere = database.dataSource().unwrap(PGSimpleDataSource.class);
    nowhere.setPortNumbers(new int[] {1});
    assertThatThrownBy(() -> PgHelloClient.create(nowhere).hello("Ada"))
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> assertThat(e.code()).isEqualTo(Code.CONNECTION_UNAVAILABLE))
        .hasMessageContaining("refused");
  }

  @Tag("session") // settings of a session, or of a role at its login
  @Test
  void reportsCancellationByTheServer(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
      client.hello("Ada");
      statement.execute("SET statement_timeout = 1");
      assertThatThrownBy(
              () -> IntStream.range(0, 50).forEach(i -> client.hello("x".repeat(20_000_000), 10)))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> assertThat(e.code()).isEqualTo(Code.CANCELLED_BY_SERVER));
    }
  }

  @Test
  void reportsALostConnection(DataSource dataSource, WireProxy proxy) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
      client.hello("Ada");
      proxy.resetConnections();
      assertThatThrownBy(() -> client.hello("Ada"))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> assertThat(e.code()).isEqualTo(Code.CONNECTION_LOST));
    }
  }

  @Test
  void waitsForAConnectionNoLongerThanACallMayTake(DataSource dataSource) throws SQLException {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(1);
    config.setConnectionTimeout(60_000);
    try (var pool = new HikariDataSource(config);
        PgHelloClient client =
            PgHelloClient.builder().dataSource(pool).callTimeout(Duration.ofMillis(300)).build()) {
      try (Connection taken = pool.getConnection()) {
        long begin = System.nanoTime();
        assertThatThrownBy(() -> client.hello("Ada"))
            .isInstanceOfSatisfying(
                FunctionCallException.class,
                e -> assertThat(e.code()).isEqualTo(Code.CONNECTION_UNAVAILABLE))
            .hasMessageContaining("within the timeout of 300 ms");
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(taken.isClosed()).isFalse();
      }
      assertThat(client.withTimeout(Duration.ofMinutes(1)).hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void servesManyThreads(DataSource dataSource) {
    PgHelloClient client = PgHelloClient.create(dataSource);
    // region parallel
    List<String> greetings =
        IntStream.range(0, 64).parallel().mapToObj(i -> client.hello("u" + i)).toList();
    // endregion
    assertThat(greetings)
        .isEqualTo(IntStream.range(0, 64).mapToObj(i -> "Hello, u" + i + "!").toList());
  }

  private static boolean transactionIsOpen(Connection connection) throws SQLException {
    return connection.unwrap(BaseConnection.class).getTransactionState() != TransactionState.IDLE;
  }

  static String ask(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return ask(connection, sql);
    }
  }

  static String ask(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getString(1);
    }
  }

  static void execute(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
