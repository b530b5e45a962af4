// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.poolers;

import static io.pghello.benchmarks.poolers.Pooler.Program.OLD_PGBOUNCER;
import static io.pghello.benchmarks.poolers.Pooler.Program.TRACKING_PGBOUNCER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.PgHelloException;
import io.pghello.PgHelloProblem;
import io.pghello.benchmarks.harness.Sql;
import io.pghello.testkit.PgHelloTest;
import io.pghello.testkit.Superuser;
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

/** Client, Hibernate, jOOQ and the plugin behind poolers that give many clients few sessions. */
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

  /** Without the remedy a call may fail, but gets no other one's answer. */
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
    // or else nothing was mixed up
    assertThat(calls.errors()).isNotEmpty();
    assertThat(calls.errors())
        .allSatisfy(
            e ->
                assertThat(e)
                    .isInstanceOf(PgHelloException.class)
                    .hasMessageMatching(
                        "(The server answered something that was not asked"
                            + "|The server has other prepared statements than the driver)"
                            + ".*connect with prepareThreshold=0.*")
                    .extracting(failure -> ((PgHelloException) failure).code())
                    .isEqualTo(PgHelloException.Code.ANSWER_MISMATCH));
  }

  /** A mixed up BEGIN on a connection of the client's would keep one of the few sessions. */
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
      // or else nothing was mixed up
      assertThat(calls.errors()).isNotEmpty();
      // Hibernate's have ended with its pool
      long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
      while (inTransaction(superuser)) {
        assertThat(System.nanoTime() - end).as("no session is left in a transaction").isNegative();
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
      }
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
   * A setting that is reported goes where its client goes; preloaded, as else it is not reported.
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

  /** The sessions that the client's own pool begins are handed on to others. */
  @Test
  void nobodyGetsTheTimeOutOfTheClientsStatements(DataSource dataSource, @TempDir Path folder)
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

  /** The newest ones say, or show, that they track prepared statements. */
  @ParameterizedTest
  @EnumSource
  void preflightWarnsOfThoseThatMayMixUpStatements(
      Pooler.Program program, DataSource dataSource, @TempDir Path folder) throws Exception {
    try (Pooler pooler = start(program, folder, dataSource)) {
      try (PgHelloClient client = Parts.client(pooler.address(), true, PATIENCE)) {
        assertThat(warnings(client))
            .isEqualTo(
                program == OLD_PGBOUNCER ? List.of(PgHelloException.Code.POOLER) : List.of());
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

  /** PgBouncer reports it with SQLSTATE 08P01, and temporary faults as well. */
  @ParameterizedTest
  @EnumSource(names = {"OLD_PGBOUNCER", "PGBOUNCER"})
  void saysThatTheLogInIsRefused(
      Pooler.Program program, DataSource dataSource, @TempDir Path folder) throws Exception {
    Path users = Files.writeString(folder.resolve("users"), "\"known\" \"secret\"\n");
    String more = "auth_type = scram-sha-256\nauth_file = " + users + "\n";
    try (Pooler pooler = start(program, folder, dataSource, more)) {
      String url = pooler.url().replaceFirst("\\?.*", "?user=");
      for (String wrong : List.of("known&password=wrong", "unknown&password=secret")) {
        try (PgHelloClient client =
            PgHelloClient.builder().url(url + wrong).callTimeout(PATIENCE).build()) {
          assertThatThrownBy(() -> client.hello("Ada"))
              .isInstanceOf(PgHelloException.class)
              .extracting(e -> ((PgHelloException) e).code())
              .isEqualTo(PgHelloException.Code.LOGIN_REFUSED);
        }
      }
      try (PgHelloClient client =
          PgHelloClient.builder().url(url + "known&password=secret").build()) {
        assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      }
    }
  }

  private static List<PgHelloException.Code> warnings(PgHelloClient client) {
    return client.preflight().stream().map(PgHelloProblem::code).toList();
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
