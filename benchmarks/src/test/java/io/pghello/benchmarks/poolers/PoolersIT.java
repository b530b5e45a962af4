// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.poolers;

import static io.pghello.benchmarks.poolers.Pooler.Program.OLD_PGBOUNCER;
import static io.pghello.benchmarks.poolers.Pooler.Program.PGPOOL;
import static io.pghello.benchmarks.poolers.Pooler.Program.TRACKING_PGBOUNCER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.benchmarks.harness.Sql;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Tests the client, Hibernate, jOOQ and the plugin behind poolers that share a few sessions among
 * many clients.
 */
@PgHelloTest
@Timeout(1_800)
class PoolersIT {
  private static final int SESSIONS = 3;
  private static final int THREADS = 48;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Calls calls = new Calls();

  @BeforeEach
  void createTables(DataSource dataSource) throws SQLException {
    Parts.createTables(dataSource);
  }

  /** Without the remedy, a call may fail, but it must never return another call's result. */
  @Test
  void noCallGetsAnothersAnswer(DataSource dataSource, @TempDir Path folder) throws Exception {
    mixUp(dataSource, folder, 10_000);
  }

  @Test
  @Tag("long")
  void noneOfManyCallsGetsAnothersAnswer(DataSource dataSource, @TempDir Path folder)
      throws Exception {
    mixUp(dataSource, folder, 100_000);
  }

  private void mixUp(DataSource dataSource, Path folder, int count) throws Exception {
    try (Pooler pooler = start(OLD_PGBOUNCER, folder, dataSource);
        PgHelloClient client = Parts.client(pooler.address(), true, PATIENCE)) {
      call(count, () -> calls.any(List.of(name -> calls.ask(client, name))));
    }
    assertThat(calls.wrong()).isEmpty();
    // without errors, nothing was mixed up, and the test would prove nothing
    assertThat(calls.errors()).isNotEmpty();
    assertThat(calls.errors())
        .allSatisfy(
            e ->
                assertThat(e)
                    .isInstanceOf(FunctionCallException.class)
                    .hasMessageMatching(
                        "(The server returned the result of another statement"
                            + "|The server's prepared statements differ from the"
                            + " driver's).*connect with prepareThreshold=0.*")
                    .extracting(failure -> ((FunctionCallException) failure).code())
                    .isEqualTo(FunctionCallException.Code.RESPONSE_MISMATCH));
  }

  /** A BEGIN in the wrong place on a client's connection would occupy one of the few sessions. */
  @Tag("long")
  @Test
  @Timeout(300)
  void theClientKeepsNoSessionFromHibernate(
      DataSource dataSource, @Superuser DataSource superuser, @TempDir Path folder)
      throws Exception {
    try (Pooler pooler = start(OLD_PGBOUNCER, folder, dataSource);
        PgHelloClient client = Parts.client(pooler.address(), true, PATIENCE)) {
      try (HikariDataSource pool = Parts.pool(pooler.address(), true, PATIENCE);
          SessionFactory sessions = Parts.sessions(pool)) {
        call(
            5_000,
            () ->
                calls.any(
                    List.of(
                        name -> calls.ask(client, name),
                        name -> calls.write(sessions, name),
                        name -> calls.query(sessions, name))));
      }
      // without errors, nothing was mixed up, and the test would prove nothing
      assertThat(calls.errors()).isNotEmpty();
      // Hibernate's sessions have ended with its pool
      await("no session is left in a transaction", () -> !inTransaction(superuser));
    }
  }

  private interface Condition {
    boolean holds() throws SQLException;
  }

  private static void await(String what, Condition condition) throws SQLException {
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (!condition.holds()) {
      assertThat(System.nanoTime() - end).as(what).isNegative();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  private static boolean inTransaction(DataSource superuser) throws SQLException {
    try (Connection connection = superuser.getConnection()) {
      return Sql.query(
          connection,
          "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND state"
              + " LIKE 'idle in transaction%')",
          row -> row.getBoolean(1));
    }
  }

  @Test
  void allIsWellIfTheDriverPreparesNothing(DataSource dataSource, @TempDir Path folder)
      throws Exception {
    work(OLD_PGBOUNCER, dataSource, folder, 10_000);
  }

  @Tag("long")
  @ParameterizedTest
  @EnumSource
  void allIsWell(Pooler.Program program, DataSource dataSource, @TempDir Path folder)
      throws Exception {
    work(program, dataSource, folder, 100_000);
  }

  private void work(Pooler.Program program, DataSource dataSource, Path folder, int count)
      throws Exception {
    try (Pooler pooler = start(program, folder, dataSource);
        var parts = new Parts(pooler.address(), program != OLD_PGBOUNCER, PATIENCE)) {
      call(count, () -> calls.any(parts));
    }
    assertThat(calls.wrong()).isEmpty();
    assertThat(calls.errors()).isEmpty();
  }

  /**
   * Read-only functions may run on the replica, and functions that may write run on the primary.
   */
  @Tag("long")
  @Test
  void readsAreSpreadOverReplicas(@TempDir Path folder) throws Exception {
    try (ExtensionServer primary = server();
        ExtensionServer standby = server();
        TestDatabase database = primary.createDatabase()) {
      Parts.createTables(database.dataSource());
      DataSource superuser = database.superuserDataSource();
      try (Connection connection = superuser.getConnection()) {
        Sql.execute(
            connection,
            "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=%d user=postgres password=%s'"
                .formatted(primary.port(), primary.password()));
      }
      replicate(primary, standby);
      PGSimpleDataSource onStandby =
          database.superuserDataSource().unwrap(PGSimpleDataSource.class);
      onStandby.setPortNumbers(new int[] {standby.port()});
      await("the replica follows", () -> follows(onStandby));
      long before = calls(onStandby);
      try (Pooler pooler = start(PGPOOL, folder, database.dataSource(), spread(standby));
          var parts = new Parts(pooler.address(), true, PATIENCE)) {
        call(
            100_000,
            () ->
                calls.any(
                    List.of(
                        name -> calls.ask(parts.client, name),
                        name -> calls.query(parts.sessions, name),
                        name -> calls.write(parts.sessions, name),
                        name -> calls.select(parts.jooq, name),
                        name -> calls.query(parts.connection, name))));
      }
      assertThat(calls.wrong()).isEmpty();
      assertThat(calls.errors()).isEmpty();
      // wait, because a session reports its statistics only from time to time
      await("the replica was called", () -> calls(onStandby) - before > 10_000);
      assertThat(number(onStandby, "SELECT pg_is_in_recovery()::int")).isOne();
      assertThat(number(superuser, "SELECT pg_is_in_recovery()::int")).isZero();
      assertThat(calls(superuser)).isGreaterThan(10_000);
      System.out.printf(
          "poolers: %d calls of functions on the primary, %d on its replica%n",
          calls(superuser), calls(onStandby) - before);
    }
  }

  private static ExtensionServer server() {
    return ExtensionServer.builder()
        .extension("pg_hello")
        .setting("track_functions", "all")
        .start();
  }

  /** Turns a server into a replica of another server, which is restarted. */
  private static void replicate(ExtensionServer primary, ExtensionServer standby) throws Exception {
    primary.stop();
    standby.stop();
    String script =
        "echo 'host replication postgres 127.0.0.1/32 md5' >>\"$1/pg_hba.conf\" && rm -r \"$2\""
            + " && cp -a \"$1\" \"$2\" && touch \"$2/standby.signal\"";
    Process copy =
        new ProcessBuilder("sh", "-ec", script, "sh", data(primary), data(standby))
            .inheritIO()
            .start();
    assertThat(copy.waitFor()).isZero();
    primary.startAgain();
    standby.startAgain();
  }

  private static String data(ExtensionServer server) {
    return server.logFile().resolveSibling("data").toString();
  }

  /** Returns the settings that make pgpool-II choose a server for each statement. */
  private static String spread(ExtensionServer standby) {
    return """
    backend_clustering_mode = 'streaming_replication'
    backend_flag0 = 'ALWAYS_PRIMARY|DISALLOW_TO_FAILOVER'
    backend_hostname1 = '127.0.0.1'
    backend_weight0 = 1
    backend_port1 = %d
    backend_weight1 = 1
    backend_flag1 = 'DISALLOW_TO_FAILOVER'
    load_balance_mode = on
    statement_level_load_balance = on
    sr_check_period = 0
    """
        .formatted(standby.port());
  }

  private static boolean follows(DataSource standby) throws SQLException {
    return number(standby, "SELECT count(*) FROM pg_stat_wal_receiver") == 1;
  }

  private static long calls(DataSource superuser) throws SQLException {
    return number(
        superuser,
        "SELECT coalesce(sum(calls), 0) FROM pg_stat_user_functions WHERE funcname ~ '^pg_hello'");
  }

  private static long number(DataSource superuser, String sql) throws SQLException {
    try (Connection connection = superuser.getConnection()) {
      return Sql.query(connection, sql, row -> row.getLong(1));
    }
  }

  /**
   * A reported setting follows its client. The library must be preloaded for the setting to be
   * reported.
   */
  @Tag("long")
  @ParameterizedTest
  @EnumSource(names = {"PGBOUNCER", "TRACKING_PGBOUNCER"})
  void noClientSeesAnothersSetting(
      Pooler.Program program,
      DataSource dataSource,
      @Superuser DataSource superuser,
      @TempDir Path folder)
      throws Exception {
    try (Connection connection = superuser.getConnection()) {
      Sql.execute(
          connection,
          "ALTER DATABASE "
              + connection.getCatalog()
              + " SET session_preload_libraries = 'pg_hello'");
    }
    var clients = new ArrayList<Connection>();
    int other = 0;
    try (Pooler pooler = start(program, folder, dataSource)) {
      try {
        for (int i = 0; i < 10; i++) {
          Connection client = DriverManager.getConnection(pooler.url());
          clients.add(client);
          if (i > 0) {
            Sql.execute(client, "SET pg_hello.repeat = " + (i + 1));
          }
        }
        for (int call = 0; call < 1_000; call++) {
          int number = ThreadLocalRandom.current().nextInt(clients.size());
          String greeting =
              Sql.query(clients.get(number), "SELECT pg_hello(?)", row -> row.getString(1), "x");
          if (!greeting.equals("Hello, x! ".repeat(number + 1).strip())) {
            other++;
          }
        }
      } finally {
        for (Connection client : clients) {
          client.close();
        }
      }
    }
    if (program == TRACKING_PGBOUNCER) {
      assertThat(other).isZero();
    } else {
      assertThat(other).isPositive();
    }
  }

  /**
   * A pooler passes sessions that were started by the client's own pool to other clients. These
   * must not inherit the statement timeout.
   */
  @Test
  void otherClientsDoNotGetTheStatementTimeout(DataSource dataSource, @TempDir Path folder)
      throws Exception {
    try (Pooler pooler = start(OLD_PGBOUNCER, folder, dataSource);
        PgHelloClient client = Parts.client(pooler.address(), false, PATIENCE);
        Connection other = DriverManager.getConnection(pooler.url());
        Statement statement = other.createStatement()) {
      for (int i = 0; i < 10; i++) {
        calls.ask(client, "Ada");
        try (ResultSet row = statement.executeQuery("SHOW statement_timeout")) {
          row.next();
          assertThat(row.getString(1)).isEqualTo("0");
        }
      }
    }
    assertThat(calls.errors()).isEmpty();
  }

  /** The client detects that the newest versions track prepared statements. */
  @ParameterizedTest
  @EnumSource
  void preflightWarnsOfThoseThatMayMixUpStatements(
      Pooler.Program program, DataSource dataSource, @TempDir Path folder) throws Exception {
    try (Pooler pooler = start(program, folder, dataSource)) {
      try (PgHelloClient client = Parts.client(pooler.address(), true, PATIENCE)) {
        assertThat(warnings(client))
            .isEqualTo(
                program == OLD_PGBOUNCER
                    ? List.of(FunctionCallException.Code.UNSAFE_POOLER)
                    : List.of());
      }
      try (PgHelloClient client = Parts.client(pooler.address(), false, PATIENCE)) {
        assertThat(warnings(client)).isEmpty();
      }
      String simple = pooler.url() + "&preferQueryMode=simple";
      try (PgHelloClient client =
          PgHelloClient.builder()
              .url(simple)
              .callTimeout(PATIENCE)
              .pool(pool -> pool.setConnectionTimeout(PATIENCE.toMillis()))
              .build()) {
        assertThat(warnings(client)).as("nothing is prepared").isEmpty();
      }
    }
  }

  /** PgBouncer reports this error with SQLSTATE 08P01, which it also uses for temporary faults. */
  @ParameterizedTest
  @EnumSource(names = {"OLD_PGBOUNCER", "PGBOUNCER"})
  void reportsARejectedLogin(Pooler.Program program, DataSource dataSource, @TempDir Path folder)
      throws Exception {
    Path users = Files.writeString(folder.resolve("users"), "\"known\" \"secret\"\n");
    String more = "auth_type = scram-sha-256\nauth_file = " + users + "\n";
    try (Pooler pooler = start(program, folder, dataSource, more)) {
      String url = pooler.url().replaceFirst("\\?.*", "?user=");
      for (String wrong : List.of("known&password=wrong", "unknown&password=secret")) {
        try (PgHelloClient client =
            PgHelloClient.builder().url(url + wrong).callTimeout(PATIENCE).build()) {
          assertThatThrownBy(() -> client.hello("Ada"))
              .isInstanceOf(FunctionCallException.class)
              .extracting(e -> ((FunctionCallException) e).code())
              .isEqualTo(FunctionCallException.Code.LOGIN_FAILED);
        }
      }
      try (PgHelloClient client =
          PgHelloClient.builder().url(url + "known&password=secret").build()) {
        assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      }
    }
  }

  private static List<FunctionCallException.Code> warnings(PgHelloClient client) {
    return client.preflight().problems().stream().map(CallProblem::code).toList();
  }

  private static Pooler start(Pooler.Program program, Path folder, DataSource dataSource)
      throws Exception {
    return start(program, folder, dataSource, "");
  }

  private static Pooler start(
      Pooler.Program program, Path folder, DataSource dataSource, String more) throws Exception {
    Assumptions.assumeTrue(program.path().isPresent(), "there is no " + program);
    return new Pooler(program, folder, dataSource.unwrap(PGSimpleDataSource.class), SESSIONS, more);
  }

  private static void call(int count, Runnable call) throws InterruptedException {
    var left = new AtomicInteger(count);
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    for (int i = 0; i < THREADS; i++) {
      threads.execute(
          () -> {
            while (left.getAndDecrement() > 0) {
              call.run();
            }
          });
    }
    threads.shutdown();
    assertThat(threads.awaitTermination(25, TimeUnit.MINUTES)).isTrue();
  }
}
