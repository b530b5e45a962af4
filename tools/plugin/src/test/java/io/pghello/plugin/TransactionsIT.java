// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.testkit.PgHelloTest;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Transactions by id. */
@PgHelloTest(create = false)
class TransactionsIT {
  private static final Duration LEASE = Duration.ofSeconds(60);

  private PostgresPlugin plugin = plugin(LEASE);
  private ObjectNode config = Plugins.JSON.createObjectNode();

  @BeforeEach
  void createTable(TestDatabase database, DataSource source) {
    config = config(database).put("max", 3);
    Plugins.run(source, "create table t (a int primary key)");
  }

  @AfterEach
  void close() {
    plugin.close();
  }

  private static PostgresPlugin plugin(Duration lease) {
    return PostgresPlugin.initialize(
        PluginContext.defaults().withPermissions(Permissions.all()).withTransactionLease(lease));
  }

  private PostgresConnection connect() {
    return plugin.connect(Plugins.ID, config);
  }

  private static PostgresException failure(ThrowingCallable call) {
    var caught = new PostgresException[1];
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(call)
        .satisfies(e -> caught[0] = e);
    return caught[0];
  }

  @Test
  void commitsAndRollsBack() {
    PostgresConnection connection = connect();
    // region byId
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    connection.inTransaction(id).insert("t", Map.of("a", 1));
    connection.commit(id);
    // endregion
    String other = connection.beginTransaction(Isolation.READ_COMMITTED);
    connection.inTransaction(other).insert("t", Map.of("a", 2));
    assertThat(connection.inTransaction(other).count("t", Map.of())).isEqualTo(2);
    assertThat(connection.count("t", Map.of())).isEqualTo(1);
    connection.rollback(other);
    assertThat(connection.count("t", Map.of())).isEqualTo(1);
    for (String ended : new String[] {id, other, "nonsense", ""}) {
      assertThat(failure(() -> connection.inTransaction(ended).count("t", Map.of())).code())
          .isEqualTo(Code.TRANSACTION_FAILED);
      assertThat(failure(() -> connection.commit(ended)).details()).containsEntry("reason", "gone");
      assertThat(failure(() -> connection.rollback(ended)).code())
          .isEqualTo(Code.TRANSACTION_FAILED);
    }
  }

  /** Revoked permissions take effect immediately, even in an open transaction. */
  @Test
  void revokedPermissionApplies() {
    var now = new Permissions[] {Permissions.all()};
    try (PostgresPlugin changing =
        PostgresPlugin.initialize(PluginContext.defaults().withPermissions(id -> now[0]))) {
      PostgresConnection connection = changing.connect(Plugins.ID, config);
      connection.execute(
          "create function writes() returns int language sql as 'insert into t values (7) returning"
              + " a'");
      for (boolean commits : new boolean[] {false, true}) {
        now[0] = Permissions.all();
        String id = connection.beginTransaction(Isolation.READ_COMMITTED);
        connection.inTransaction(id).insert("t", Map.of("a", 1));
        now[0] = Permissions.read().withSql(true);
        PostgresException refused =
            failure(
                () -> {
                  if (commits) {
                    connection.commit(id);
                  } else {
                    connection.inTransaction(id).query("select writes()");
                  }
                });
        assertThat(refused.code()).isEqualTo(Code.NOT_ALLOWED);
        assertThat(failure(() -> connection.commit(id)).details()).containsEntry("reason", "gone");
        assertThat(connection.count("t", Map.of())).isZero();
      }
    }
  }

  @Test
  void doesNotReportFailedTransactionAsCommitted() {
    PostgresConnection connection = connect();
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    connection.inTransaction(id).insert("t", Map.of("a", 1));
    assertThat(failure(() -> connection.inTransaction(id).insert("t", Map.of("a", 1))).code())
        .isEqualTo(Code.CONSTRAINT_VIOLATED);
    assertThat(failure(() -> connection.inTransaction(id).count("t", Map.of())).details())
        .containsEntry("cause", "POSTGRES_CONSTRAINT_VIOLATED");
    assertThat(failure(() -> connection.commit(id)).code()).isEqualTo(Code.TRANSACTION_FAILED);
    assertThat(connection.count("t", Map.of())).isZero();
    assertThat(failure(() -> connection.commit(id)).details()).containsEntry("reason", "gone");
    assertThat(connection.getStats().total() - connection.getStats().idle()).isZero();
  }

  @Test
  void invalidCallDoesNotAbortTransaction() {
    PostgresConnection connection = connect();
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    connection.inTransaction(id).insert("t", Map.of("a", 1));
    assertThat(failure(() -> connection.inTransaction(id).query("select 1; select 2")).code())
        .isEqualTo(Code.BAD_SQL);
    assertThat(failure(() -> connection.inTransaction(id).execute("commit")).code())
        .isEqualTo(Code.NOT_ALLOWED);
    connection.commit(id);
    assertThat(connection.count("t", Map.of())).isEqualTo(1);
  }

  /**
   * A ping works even in a transaction that holds all connections. An invalid ping throws an
   * exception, because it does not show that the server is down.
   */
  @Test
  void supportsPing() {
    config.put("max", 1);
    PostgresConnection connection = connect();
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    assertThat(connection.inTransaction(id).ping()).isTrue();
    connection.commit(id);
    assertThat(failure(() -> connection.inTransaction(id).ping()).code())
        .isEqualTo(Code.TRANSACTION_FAILED);
    PostgresConnection wrong = plugin.connect("other", config).withTimeout(Duration.ofMillis(0));
    assertThat(failure(wrong::ping).code()).isEqualTo(Code.BAD_REQUEST);
    try (PostgresPlugin silent =
        PostgresPlugin.initialize(
            PluginContext.defaults().withPermissions(Permissions.all().withOperations("count")))) {
      assertThat(failure(() -> silent.connect("one", config).ping()).code())
          .isEqualTo(Code.NOT_ALLOWED);
    }
  }

  @Test
  void endById() {
    PostgresConnection connection = connect();
    String one = connection.beginTransaction(Isolation.READ_COMMITTED);
    String two = connection.beginTransaction(Isolation.READ_COMMITTED);
    connection.inTransaction(one).rollback(two);
    assertThat(failure(() -> connection.commit(two)).details()).containsEntry("reason", "gone");
    connection.commit(one);
  }

  @Test
  void deferredConstraintsFailTheCommit(DataSource source) {
    Plugins.run(source, "create table d (a int unique deferrable initially deferred)");
    PostgresConnection connection = connect();
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    connection.inTransaction(id).insert("d", Map.of("a", 1));
    connection.inTransaction(id).insert("d", Map.of("a", 1));
    assertThat(failure(() -> connection.commit(id)).code()).isEqualTo(Code.CONSTRAINT_VIOLATED);
    assertThat(connection.count("d", Map.of())).isZero();
    assertThat(failure(() -> connection.rollback(id)).details()).containsEntry("reason", "gone");
  }

  @Test
  void belongToTheirConnection() {
    PostgresConnection connection = connect();
    PostgresConnection other = plugin.connect("user-456", config);
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    for (ThrowingCallable call :
        new ThrowingCallable[] {
          () -> other.inTransaction(id).count("t", Map.of()),
          () -> other.commit(id),
          () -> other.rollback(id)
        }) {
      assertThat(failure(call).details()).containsEntry("reason", "gone");
    }
    connection.commit(id);
  }

  @Test
  void leaveOneConnectionToOthers() {
    PostgresConnection connection = connect();
    String one = connection.beginTransaction(Isolation.READ_COMMITTED);
    String two = connection.beginTransaction(Isolation.READ_COMMITTED);
    assertThat(failure(() -> connection.beginTransaction(Isolation.READ_COMMITTED)).code())
        .isEqualTo(Code.LIMIT_REACHED);
    assertThat(connection.count("t", Map.of())).isZero();
    connection.commit(one);
    connection.rollback(connection.beginTransaction(Isolation.SERIALIZABLE));
    connection.rollback(two);
  }

  @Test
  void endWithTheirLease() throws Exception {
    plugin.close();
    plugin = plugin(Duration.ofSeconds(5));
    PostgresConnection connection = connect();
    // One-time initialization does not count towards the lease.
    connection.insert("t", Map.of("a", 1));
    connection.delete("t", Map.of("a", 1));
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    connection.inTransaction(id).insert("t", Map.of("a", 1));
    PostgresException e = failure(() -> connection.inTransaction(id).query("select pg_sleep(600)"));
    assertThat(e.code()).isEqualTo(Code.QUERY_TIMEOUT);
    Waits.until(() -> connection.getStats().total() == connection.getStats().idle());
    assertThat(failure(() -> connection.commit(id)).code()).isEqualTo(Code.TRANSACTION_FAILED);
    assertThat(connection.count("t", Map.of())).isZero();
  }

  @Test
  void endWhenTheirServerProcessIsKilled(TestDatabase database) {
    PostgresConnection connection = connect();
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    connection.inTransaction(id).insert("t", Map.of("a", 1));
    Plugins.run(
        database.superuserDataSource(),
        "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'"
            + " and datname = current_database()");
    PostgresException e = failure(() -> connection.inTransaction(id).count("t", Map.of()));
    assertThat(e.code()).isEqualTo(Code.TRANSACTION_FAILED);
    assertThat(e.isRetryable()).isTrue();
    assertThat(failure(() -> connection.commit(id)).details()).containsEntry("reason", "gone");
    assertThat(connection.count("t", Map.of())).isZero();
  }

  @Test
  void endWhenTheyAreKilledBeforeTheCommit(TestDatabase database) {
    PostgresConnection connection = connect();
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    connection.inTransaction(id).insert("t", Map.of("a", 1));
    Plugins.run(
        database.superuserDataSource(),
        "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'"
            + " and datname = current_database()");
    assertThat(failure(() -> connection.commit(id)).code()).isEqualTo(Code.OUTCOME_UNKNOWN);
    assertThat(connection.count("t", Map.of())).isZero();
  }

  @Test
  void endWithTheirConnection() {
    PostgresConnection connection = connect();
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    connection.inTransaction(id).insert("t", Map.of("a", 1));
    connection.disconnect();
    assertThat(connection.isConnected()).isFalse();
    connection.connect();
    assertThat(failure(() -> connection.commit(id)).details()).containsEntry("reason", "gone");
    assertThat(connection.count("t", Map.of())).isZero();
  }

  @Test
  void serializationFailureIsRetryable() {
    PostgresConnection connection = connect();
    connection.insert("t", Map.of("a", 1));
    String one = connection.beginTransaction(Isolation.SERIALIZABLE);
    String two = connection.beginTransaction(Isolation.SERIALIZABLE);
    connection.inTransaction(one).query("select sum(a) from t");
    connection.inTransaction(two).query("select sum(a) from t");
    connection.inTransaction(one).insert("t", Map.of("a", 2));
    connection.inTransaction(two).insert("t", Map.of("a", 3));
    connection.commit(one);
    PostgresException e = failure(() -> connection.commit(two));
    assertThat(e.code()).isEqualTo(Code.TRANSACTION_FAILED);
    assertThat(e.sqlState()).isEqualTo("40001");
    assertThat(e.isRetryable()).isTrue();
  }

  @Test
  void useRequestedIsolation() {
    PostgresConnection connection = connect();
    assertThat(
            connection
                .transaction(
                    Isolation.REPEATABLE_READ,
                    SqlStatement.of("select current_setting('transaction_isolation') as i"))
                .get(0)
                .rows())
        .hasToString("[{\"i\":\"repeatable read\"}]");
    String id = connection.beginTransaction(Isolation.SERIALIZABLE);
    assertThat(
            connection
                .inTransaction(id)
                .queryValue("select current_setting('transaction_isolation')")
                .textValue())
        .isEqualTo("serializable");
    connection.rollback(id);
  }

  @Test
  void useRequestedIsolationWithAnyDefault(TestDatabase database) {
    Plugins.run(
        database.superuserDataSource(),
        "alter database " + database.name() + " set default_transaction_isolation = serializable");
    PostgresConnection connection = connect();
    String setting = "select current_setting('transaction_isolation') as i";
    for (Isolation isolation : List.of(Isolation.READ_COMMITTED, Isolation.REPEATABLE_READ)) {
      String expected = isolation.sql().toLowerCase(Locale.ROOT);
      assertThat(connection.transaction(isolation, SqlStatement.of(setting)).get(0).rows().get(0))
          .hasToString("{\"i\":\"" + expected + "\"}");
      String id = connection.beginTransaction(isolation);
      assertThat(connection.inTransaction(id).queryValue(setting).textValue()).isEqualTo(expected);
      connection.rollback(id);
    }
    assertThat(connection.queryValue(setting).textValue()).isEqualTo("serializable");
  }

  @Test
  void listsAreAtomic() {
    PostgresConnection connection = connect();
    SqlStatement insert = SqlStatement.of("insert into t values ($1)", 1);
    for (SqlStatement bad :
        new SqlStatement[] {
          insert,
          SqlStatement.of("commit"),
          SqlStatement.of("select $1"),
          SqlStatement.of("select 1; select 2"),
          SqlStatement.of("select nonsense")
        }) {
      failure(() -> connection.transaction(Isolation.READ_COMMITTED, insert, bad));
      assertThat(connection.count("t", Map.of())).as(bad.sql()).isZero();
    }
  }

  @Test
  void rejectsConcurrentCalls() throws Exception {
    PostgresConnection connection = connect();
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    var running =
        CompletableFuture.supplyAsync(
            () -> connection.inTransaction(id).queryValue("select pg_sleep(600)"));
    Waits.until(
        () ->
            connection
                    .queryValue(
                        "select count(*) from pg_stat_activity where query like '%sleep(600)%' and pid <> pg_backend_pid()")
                    .intValue()
                > 0);
    assertThat(
            failure(
                    () ->
                        connection
                            .inTransaction(id)
                            .withTimeout(Duration.ofMillis(20))
                            .count("t", Map.of()))
                .getMessage())
        .isEqualTo("Another call is using the transaction.");
    plugin.disconnect(Plugins.ID);
    assertThat(running.handle((value, e) -> e).get(60, TimeUnit.SECONDS)).isNotNull();
  }
}
