// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.FaultsIT.join;
import static io.pghello.FaultsIT.slow;
import static io.pghello.PgHelloClientIT.ask;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;
import org.postgresql.ds.PGSimpleDataSource;

/** Shows that the client works with sessions of all kinds, and leaves them unchanged. */
@PgHelloTest
class SessionsIT {
  private static final int SIZE = 4;
  private static final String SCHEMA =
      "SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid ="
          + " e.extnamespace WHERE extname = 'pg_hello'";

  @Tag("session") // settings of a session, or of a role at its login
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void areLeftAsTheyWere(boolean autoCommit, DataSource dataSource, @Superuser DataSource superuser)
      throws Exception {
    Consumer<HikariConfig> settings =
        config -> {
          config.setAutoCommit(autoCommit);
          config.setIsolateInternalQueries(true);
          config.setConnectionInitSql("SET statement_timeout = '1s'");
        };
    try (HikariDataSource pool = pool(dataSource, settings);
        PgHelloClient client =
            PgHelloClient.builder()
                .dataSource(pool)
                .schema("public")
                .callTimeout(Duration.ofSeconds(20))
                .build();
        PgHelloClient hasty =
            PgHelloClient.builder()
                .dataSource(pool)
                .schema("public")
                .callTimeout(Duration.ofMillis(500))
                .build()) {
      assertThat(client.preflight().problems()).isEmpty();
      List<String> before = states(pool);
      assertThat(before).hasSize(SIZE);

      callAll(client, 1);
      assertFails(Code.INVALID_ARGUMENT, () -> client.hello("Ada", 11));
      assertFails(Code.INVALID_ARGUMENT, () -> client.helloAll(List.of("Ada", "\0")));
      Load.burst(client, 256);
      execute(superuser, "REVOKE EXECUTE ON FUNCTION spi_version() FROM PUBLIC");
      assertFails(Code.NO_EXECUTE_PRIVILEGE, client::spiVersion);
      slow(superuser, 20);
      assertFails(Code.CANCELLED_BY_SERVER, () -> client.hello("Ada"));
      assertFails(Code.CANCELLED_BY_SERVER, () -> join(client.helloAsync("Ada")));
      assertFails(Code.TIMEOUT, () -> hasty.hello("Ada"));
      slow(superuser, 0);
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");

      assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
      assertNothingIsOpen(superuser);
      assertThat(states(pool)).isEqualTo(before);
    }
  }

  /** Without a pool, which would reset the sessions. */
  @Tag("session") // settings of a session, or of a role at its login
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void areLeftAsTheyWereByTheClientItself(
      boolean autoCommit, DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(autoCommit);
      connection.setNetworkTimeout(Runnable::run, 123_456);
      String before = state(connection);
      // on a busy machine, the client's default timeout is too short for 120 MB
      PgHelloClient client =
          PgHelloClient.builder()
              .dataSource(new OneConnection(connection))
              .callTimeout(Duration.ofMinutes(1))
              .build();
      callAll(client, 1);
      assertThat(state(connection)).isEqualTo(before);
      assertFails(Code.RESULT_TOO_LARGE, () -> client.hello("x".repeat(120_000_000), 10));
      assertThat(state(connection)).isEqualTo(before);
      connection.setNetworkTimeout(Runnable::run, 0);
      callAll(client, 1);
      assertThat(connection.getNetworkTimeout()).isZero();
      // this timeout is shorter than the call's timeout, so it stays in force during the call
      connection.setNetworkTimeout(Runnable::run, 300);
      slow(superuser, 20);
      assertFails(Code.TIMEOUT, () -> client.hello("Ada"));
    }
  }

  @Test
  void takeOneRoundTripACallWithoutAutoCommit(DataSource dataSource, WireProxy proxy)
      throws Exception {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
      client.hello("Ada");
      for (int i = 0; i < 10; i++) {
        proxy.assertRoundTrips(1, () -> client.hello("Ada"));
        proxy.assertRoundTrips(1, () -> client.hello("Ada", 2));
        proxy.assertRoundTrips(1, () -> join(client.helloAsync("Ada")));
        proxy.assertRoundTrips(1, () -> client.helloAll(List.of("Ada", "Zoë")));
        proxy.assertRoundTrips(1, client::now);
        proxy.assertRoundTrips(1, client::spiVersion);
        proxy.assertRoundTrips(1, client::preflight);
        proxy.assertRoundTrips(2, client::info);
      }
      assertThat(connection.getAutoCommit()).isFalse();
    }
  }

  /**
   * If the driver is hidden, the client cannot see whether a transaction is open, and does not end
   * a transaction that it may not have begun.
   */
  @Test
  void areRolledBackByThePoolIfTheDriverIsHidden(
      DataSource dataSource, @Superuser DataSource superuser) throws Exception {
    SimpleDataSource hiding = () -> hidden(dataSource.getConnection());
    var config = new HikariConfig();
    config.setDataSource(hiding);
    config.setAutoCommit(false);
    config.setMaximumPoolSize(1);
    try (var pool = new HikariDataSource(config)) {
      callAll(PgHelloClient.create(pool), 1);
      assertNothingIsOpen(superuser);
    }
  }

  private static Connection hidden(Connection connection) {
    return (Connection)
        Proxy.newProxyInstance(
            SessionsIT.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("isWrapperFor")) {
                return false;
              }
              try {
                return method.invoke(connection, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /**
   * If a program returned a connection with an open transaction, the client does not commit this
   * transaction.
   */
  @Test
  void keepATransactionThatIsOpen(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("CREATE TABLE draft ()");
      PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
      callAll(client, 1);
      connection.rollback();
      assertThat(ask(connection, "SELECT to_regclass('draft') IS NULL")).isEqualTo("t");
    }
  }

  @Tag("not-old-pgbouncer") // this pooler rejects options at login
  @ParameterizedTest
  @ValueSource(strings = {"ignore", "transaction", "always"})
  void mayBeReadOnly(String mode, TestDatabase database) throws Exception {
    for (boolean autoCommit : new boolean[] {true, false}) {
      PGSimpleDataSource dataSource = database.dataSource().unwrap(PGSimpleDataSource.class);
      dataSource.setReadOnlyMode(mode);
      Consumer<HikariConfig> readOnly =
          config -> {
            config.setReadOnly(true);
            config.setAutoCommit(autoCommit);
          };
      try (HikariDataSource pool = pool(dataSource, readOnly);
          PgHelloClient client = PgHelloClient.create(pool)) {
        List<String> before = states(pool);
        callAll(client, 1);
        assertThat(states(pool)).isEqualTo(before);
      }
    }
    PGSimpleDataSource dataSource = database.dataSource().unwrap(PGSimpleDataSource.class);
    dataSource.setOptions("-c default_transaction_read_only=on");
    callAll(PgHelloClient.create(dataSource), 1);
  }

  @Tag("session") // settings of a session, or of a role at its login
  @ParameterizedTest
  @ValueSource(
      strings = {"", "pg_catalog", "nowhere", "\"$user\", trap", "trap, public", "pg_temp"})
  void mayHaveAnyPath(String path, DataSource dataSource) throws SQLException {
    setTraps(dataSource);
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DOMAIN pg_temp.text AS integer");
      statement.execute("CREATE DOMAIN pg_temp.int4 AS bytea");
      statement.execute(
          "CREATE FUNCTION pg_temp.pg_hello(pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql"
              + " AS $$ SELECT 'trapped' $$");
      statement.execute("SET search_path = " + (path.isEmpty() ? "''" : path));
      callAll(PgHelloClient.create(new OneConnection(connection)), 1);
      callAll(
          PgHelloClient.builder()
              .dataSource(new OneConnection(connection))
              .schema("public")
              .build(),
          1);
      callAll(PgHelloClient.create(dataSource).withConnection(connection), 1);
      assertThat(ask(connection, "SHOW search_path")).isEqualTo(path.isEmpty() ? "\"\"" : path);
    }
  }

  private static void setTraps(DataSource dataSource) throws SQLException {
    execute(dataSource, "CREATE SCHEMA trap");
    execute(dataSource, "CREATE DOMAIN trap.text AS integer");
    execute(dataSource, "CREATE DOMAIN trap.int4 AS bytea");
    for (String function :
        List.of(
            "pg_hello(pg_catalog.text)",
            "pg_hello(pg_catalog.text, pg_catalog.int4)",
            "pg_hello(integer)",
            "quote_ident(name)",
            "current_setting(pg_catalog.text)")) {
      execute(
          dataSource,
          "CREATE FUNCTION trap."
              + function
              + " RETURNS pg_catalog.text LANGUAGE sql AS $$ SELECT 'trapped' $$");
    }
    execute(
        dataSource,
        "CREATE FUNCTION trap.equal(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT false'");
    execute(
        dataSource,
        "CREATE OPERATOR trap.= (FUNCTION = trap.equal, LEFTARG = name, RIGHTARG = name)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Odd \"one\"", "select", "Übermut", "a.b", " ", "Hello", "?", "$1"})
  void mayHaveTheExtensionInAnySchema(
      String schema, DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    String quoted = '"' + schema.replace("\"", "\"\"") + '"';
    execute(dataSource, "CREATE SCHEMA " + quoted);
    execute(superuser, "ALTER EXTENSION pg_hello SET SCHEMA " + quoted);
    callAll(PgHelloClient.create(dataSource), 1);
    PgHelloClient told = PgHelloClient.builder().dataSource(dataSource).schema(schema).build();
    callAll(told, 1);
    assertThat(told.info().schema()).isEqualTo(ask(dataSource, SCHEMA));
  }

  @Tag("not-pgpool") // pgpool-II queries the schema without doubling the apostrophe
  @Test
  void mayHaveTheExtensionInASchemaWithAnApostrophe(
      DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    mayHaveTheExtensionInAnySchema("o'clock", dataSource, superuser);
  }

  @Test
  void needNoExtraRoundTripIfTheSchemaIsConfigured(DataSource dataSource, WireProxy proxy)
      throws Exception {
    try (Connection connection = dataSource.getConnection()) {
      PgHelloClient client =
          PgHelloClient.builder()
              .dataSource(new OneConnection(connection))
              .schema("public")
              .build();
      proxy.assertRoundTrips(1, () -> client.hello("Ada"));
      proxy.assertRoundTrips(1, () -> client.helloAll(List.of("Ada", "Zoë")));
    }
  }

  @Test
  void reportTheActualSchemaIfAnotherOneIsConfigured(DataSource dataSource) throws SQLException {
    execute(dataSource, "CREATE SCHEMA \"Wrong one\"");
    for (String wrong : List.of("Wrong one", "nowhere")) {
      PgHelloClient client = PgHelloClient.builder().dataSource(dataSource).schema(wrong).build();
      for (Consumer<PgHelloClient> call :
          List.<Consumer<PgHelloClient>>of(
              each -> each.hello("Ada"),
              each -> each.hello("Ada", 2),
              each -> join(each.helloAsync("Ada")),
              each -> each.helloAll(List.of("Ada")),
              PgHelloClient::now,
              PgHelloClient::spiVersion)) {
        FunctionCallException error = assertFails(Code.WRONG_SCHEMA, () -> call.accept(client));
        assertThat(error).hasMessageContaining("is in schema public");
        assertThat(error).hasMessageContaining("is configured for schema \"" + wrong + "\"");
      }
    }
  }

  @Test
  void mayHaveATurkishClient(DataSource dataSource) {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("tr-TR"));
    try (PgHelloClient client = PgHelloClient.create(dataSource)) {
      callAll(client, 1);
      assertThat(client.hello("Iİıi")).isEqualTo("Hello, Iİıi!");
      assertFails(Code.INVALID_ARGUMENT, () -> client.hello("Iİıi", 11));
    } finally {
      Locale.setDefault(before);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"})
  void workInEveryQueryMode(String mode, TestDatabase database) throws SQLException {
    PGSimpleDataSource dataSource = database.dataSource().unwrap(PGSimpleDataSource.class);
    dataSource.setProperty("preferQueryMode", mode);
    for (String stringType : List.of("varchar", "unspecified")) {
      dataSource.setProperty("stringtype", stringType);
      try (Connection connection = dataSource.getConnection()) {
        PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
        for (int i = 0; i < 7; i++) {
          callAll(client, 1);
        }
      }
    }
  }

  @Tag("not-old-pgbouncer") // the test sets prepareThreshold itself
  @ParameterizedTest
  @ValueSource(ints = {0, -1, 1, 5})
  void transferTextAndBinaryAlike(int prepareThreshold, TestDatabase database) throws SQLException {
    for (boolean binary : new boolean[] {true, false}) {
      PGSimpleDataSource dataSource = database.dataSource().unwrap(PGSimpleDataSource.class);
      dataSource.setPrepareThreshold(prepareThreshold);
      dataSource.setBinaryTransfer(binary);
      try (Connection connection = dataSource.getConnection()) {
        PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
        for (int i = 0; i < 7; i++) {
          callAll(client, 1);
        }
      }
    }
  }

  /** The client itself encodes the names of a batch. */
  @Test
  void mayTalkInAnotherEncoding(TestDatabase database) throws SQLException {
    PGSimpleDataSource dataSource = database.dataSource().unwrap(PGSimpleDataSource.class);
    dataSource.setAllowEncodingChanges(true);
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET client_encoding = 'LATIN1'");
      PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
      assertThat(client.helloAll(List.of("Ada", "Zo\u00eb")))
          .containsExactly("Hello, Ada!", "Hello, Zo\u00eb!");
    }
  }

  @Test
  void mayHaveAnOldExtension(DataSource dataSource) throws SQLException {
    execute(dataSource, "DROP EXTENSION pg_hello");
    execute(dataSource, "CREATE EXTENSION pg_hello VERSION '1.0'");
    try (PgHelloClient client = PgHelloClient.create(dataSource)) {
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      assertThat(join(client.helloAsync("Ada"))).isEqualTo("Hello, Ada!");
      assertThat(client.now()).isNotNull();
      assertThat(client.spiVersion()).startsWith("PostgreSQL ");
      assertThat(client.info().extensionVersion()).isEqualTo("1.0");
      assertThat(client.info().functions())
          .containsExactlyInAnyOrder("pg_hello(text)", "now_ms()", "spi_version()");
      assertThat(IntStream.range(0, 64).mapToObj(i -> client.helloAsync("u" + i)).toList())
          .extracting(FaultsIT::join)
          .isEqualTo(IntStream.range(0, 64).mapToObj(i -> "Hello, u" + i + "!").toList());
      for (Runnable call :
          List.<Runnable>of(
              () -> client.hello("secret", 2),
              () -> client.withRepeat(2).hello("secret"),
              () -> join(client.withRepeat(2).helloAsync("secret")),
              () -> client.helloAll(List.of("secret")),
              () -> client.helloEach(List.of("secret").iterator(), greeting -> {}))) {
        FunctionCallException error = assertFails(Code.VERSION_TOO_OLD, call);
        assertThat(error.remedy()).contains("ALTER EXTENSION pg_hello UPDATE;");
        assertThat(error).hasMessageContaining("1.0").hasMessageNotContaining("secret");
      }
      execute(dataSource, "ALTER EXTENSION pg_hello UPDATE");
      callAll(client, 1);
    }
  }

  @Test
  void followTheCountOfTheSession(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    String name = ask(superuser, "SELECT quote_ident(current_database())");
    execute(superuser, "ALTER DATABASE " + name + " SET pg_hello.repeat = 3");
    callAll(PgHelloClient.create(dataSource), 3);
    callAll(PgHelloClient.create(dataSource).withRepeat(2), 2);
    callAll(PgHelloClient.builder(1).dataSource(dataSource).build(), 1);
  }

  /**
   * Calls all functions. Checks that the client repeats its greetings the given number of times.
   */
  static void callAll(PgHelloOperations client, int repeat) {
    String ada = String.join(" ", Collections.nCopies(repeat, "Hello, O'Ada\\!"));
    String zoe = String.join(" ", Collections.nCopies(repeat, "Hello, Zoë, \"{}\"!"));
    assertThat(client.hello("O'Ada\\")).isEqualTo(ada);
    assertThat(client.hello("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
    if (client instanceof PgHelloAsyncOperations async) {
      assertThat(join(async.helloAsync("O'Ada\\"))).isEqualTo(ada);
      assertThat(join(async.helloAsync("Ada", 2))).isEqualTo("Hello, Ada! Hello, Ada!");
    }
    assertThat(client.helloAll(List.of("O'Ada\\", "Zoë, \"{}\"", "O'Ada\\")))
        .containsExactly(ada, zoe, ada);
    var each = new ArrayList<String>();
    assertThat(client.helloEach(List.of("O'Ada\\").iterator(), each::add)).isEqualTo(1);
    assertThat(client.helloEach(List.of("O'Ada\\"), each::add)).isEqualTo(1);
    assertThat(client.helloEach(Stream.of("O'Ada\\"), each::add)).isEqualTo(1);
    assertThat(each).containsExactly(ada, ada, ada);
    assertThat(client.withRepeat(2).hello("Ada")).isEqualTo("Hello, Ada! Hello, Ada!");
    assertThat(client.withRepeat(2).helloAll(List.of("Ada")))
        .containsExactly("Hello, Ada! Hello, Ada!");
    assertThat(client.nowMillis()).isPositive();
    assertThat(client.now()).isNotNull();
    assertThat(client.spiVersion()).startsWith("PostgreSQL ");
    assertThat(client.info().defaultRepeat()).isEqualTo(repeat);
    assertThat(client.preflight().problems())
        .extracting(CallProblem::code)
        .isSubsetOf(Code.NOT_ON_SEARCH_PATH);
  }

  private static HikariDataSource pool(DataSource dataSource, Consumer<HikariConfig> settings) {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(SIZE);
    settings.accept(config);
    return new HikariDataSource(config);
  }

  /** Reads the state of all connections of a pool at the same time. */
  private static List<String> states(HikariDataSource pool) throws SQLException {
    var connections = new ArrayList<Connection>();
    var states = new ArrayList<String>();
    try {
      for (int i = 0; i < SIZE; i++) {
        connections.add(pool.getConnection());
      }
      for (Connection connection : connections) {
        states.add(state(connection));
      }
    } finally {
      for (Connection connection : connections) {
        connection.close();
      }
    }
    return states;
  }

  static String state(Connection connection) throws SQLException {
    boolean autoCommit = connection.getAutoCommit();
    assertThat(connection.unwrap(BaseConnection.class).getTransactionState())
        .isEqualTo(TransactionState.IDLE);
    String settings =
        ask(
            connection,
            "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings WHERE"
                + " source = 'session'");
    String state =
        String.join(
            ", ",
            "settings " + settings,
            "autoCommit " + autoCommit,
            "readOnly " + connection.isReadOnly(),
            "isolation " + connection.getTransactionIsolation(),
            "network timeout " + connection.getNetworkTimeout(),
            "schema " + connection.getSchema(),
            "holdability " + connection.getHoldability());
    if (!autoCommit) {
      connection.rollback();
    }
    return state;
  }

  private static void assertNothingIsOpen(DataSource superuser) throws Exception {
    String open =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type"
            + " = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'";
    // the backend of a call that timed out may still be busy
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!ask(superuser, open).equals("0") && System.nanoTime() < end) {
      Thread.sleep(20);
    }
    assertThat(ask(superuser, open)).isEqualTo("0");
    assertThat(ask(superuser, "SELECT count(*) FROM pg_prepared_xacts")).isEqualTo("0");
    assertThat(
            ask(
                superuser,
                "SELECT count(*) FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE"
                    + " datname = current_database()) AND pid <> pg_backend_pid()"))
        .isEqualTo("0");
  }
}
