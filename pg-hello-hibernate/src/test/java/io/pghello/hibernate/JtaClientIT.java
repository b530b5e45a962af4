// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.arjuna.ats.arjuna.common.arjPropertyManager;
import com.arjuna.ats.internal.arjuna.objectstore.VolatileStore;
import com.arjuna.ats.internal.jta.transaction.arjunacore.TransactionSynchronizationRegistryImple;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.narayana.NarayanaTransactionIntegration;
import io.pghello.PgHelloClient;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.transaction.TransactionManager;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.Driver;
import org.postgresql.xa.PGXADataSource;

/** Calls as the first and as a later statement of a JTA transaction. */
@PgHelloTest
@Timeout(60)
class JtaClientIT {
  private static final TransactionManager TRANSACTIONS =
      com.arjuna.ats.jta.TransactionManager.transactionManager();

  private static final List<Consumer<PgHelloClient>> CALLS =
      List.of(
          client -> assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!"),
          client -> assertThat(client.hello("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!"),
          client -> assertThat(client.helloAsync("Ada")).isCompletedWithValue("Hello, Ada!"),
          client -> assertThat(client.helloAll(List.of("Ada"))).containsExactly("Hello, Ada!"),
          client -> assertThat(client.nowMillis()).isPositive(),
          client -> assertThat(client.info().schema()).isEqualTo("public"),
          client -> assertThat(client.preflight().problems()).isEmpty());

  @BeforeAll
  static void keepNothingInFiles() {
    arjPropertyManager
        .getObjectStoreEnvironmentBean()
        .setObjectStoreType(VolatileStore.class.getName());
  }

  @ParameterizedTest
  @CsvSource({"false, true", "false, false", "true, true", "true, false"})
  void aCallMayBeTheFirstStatement(boolean xa, boolean commit, TestDatabase database)
      throws Exception {
    execute(database.dataSource(), "CREATE TABLE note (text text)");
    try (AgroalDataSource pool = pool(database.jdbcUrl(), xa);
        PgHelloClient client = PgHelloClient.builder().dataSource(pool).batching(false).build()) {
      for (Consumer<PgHelloClient> call : CALLS) {
        TRANSACTIONS.begin();
        call.accept(client);
        try (Connection connection = pool.getConnection();
            Statement statement = connection.createStatement()) {
          statement.execute("INSERT INTO note VALUES ('x')");
          call.accept(client);
        }
        if (commit) {
          TRANSACTIONS.commit();
        } else {
          TRANSACTIONS.rollback();
        }
        assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      }
    }
    assertThat(ask(database.dataSource(), "SELECT count(*) FROM note"))
        .isEqualTo(commit ? Integer.toString(CALLS.size()) : "0");
  }

  @Test
  void aCallTakesNoMoreRoundTripsThanAStatement(TestDatabase database, WireProxy proxy)
      throws Exception {
    String url =
        database.jdbcUrl().replaceFirst("//[^/]*", "//" + proxy.host() + ":" + proxy.port());
    try (AgroalDataSource pool = pool(url, false);
        PgHelloClient client =
            PgHelloClient.builder().dataSource(pool).batching(false).schema("public").build()) {
      for (int i = 0; i < 10; i++) {
        long byHand =
            proxy.countRoundTrips(() -> inTransaction(() -> ask(pool, "SELECT pg_hello('Ada')")));
        long byClient = proxy.countRoundTrips(() -> inTransaction(() -> client.hello("Ada")));
        // the first calls open connections
        assertThat(byClient).isLessThanOrEqualTo(i == 0 ? Long.MAX_VALUE : byHand);
      }
      proxy.assertRoundTrips(1, () -> client.hello("Ada"));
    }
  }

  private interface Action {
    Object run() throws SQLException;
  }

  private static void inTransaction(Action action) throws Exception {
    TRANSACTIONS.begin();
    try {
      Object unused = action.run();
    } finally {
      TRANSACTIONS.commit();
    }
  }

  /** Such a client could run other threads' calls in this thread's transaction. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aClientThatBatchesNamesTheOption(boolean first, TestDatabase database) throws Exception {
    try (AgroalDataSource pool = pool(database.jdbcUrl(), false);
        PgHelloClient client = PgHelloClient.builder().dataSource(pool).schema("public").build()) {
      TRANSACTIONS.begin();
      try {
        if (first) {
          assertThatThrownBy(() -> client.hello("Ada"))
              .hasMessageContaining("transaction of another resource manager")
              .hasMessageContaining("batching(false)");
        } else {
          execute(pool, "SELECT 1");
          assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
        }
      } finally {
        TRANSACTIONS.rollback();
      }
    }
  }

  private static void execute(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String ask(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private static AgroalDataSource pool(String url, boolean xa) throws SQLException {
    return AgroalDataSource.from(
        new AgroalDataSourceConfigurationSupplier()
            .connectionPoolConfiguration(
                pool ->
                    pool.maxSize(4)
                        .transactionIntegration(
                            new NarayanaTransactionIntegration(
                                TRANSACTIONS, new TransactionSynchronizationRegistryImple()))
                        .connectionFactoryConfiguration(
                            factory ->
                                xa
                                    ? factory
                                        .connectionProviderClass(PGXADataSource.class)
                                        .xaProperty("url", url)
                                        .jdbcProperty("url", url)
                                    : factory.connectionProviderClass(Driver.class).jdbcUrl(url))));
  }
}
