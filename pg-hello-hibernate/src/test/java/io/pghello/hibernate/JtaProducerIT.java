// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;

import com.arjuna.ats.arjuna.common.arjPropertyManager;
import com.arjuna.ats.internal.arjuna.objectstore.VolatileStore;
import com.arjuna.ats.internal.jta.transaction.arjunacore.TransactionSynchronizationRegistryImple;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.narayana.NarayanaTransactionIntegration;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.testkit.PgHelloTest;
import io.pghello.testkit.TestDatabase;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.se.SeContainer;
import jakarta.enterprise.inject.se.SeContainerInitializer;
import jakarta.inject.Singleton;
import jakarta.transaction.TransactionManager;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The Quarkus snippet of docs/frameworks.md, with the pool and transaction manager of Quarkus. */
@PgHelloTest
@Tag("slow")
class JtaProducerIT {
  private static final TransactionManager TRANSACTIONS =
      com.arjuna.ats.jta.TransactionManager.transactionManager();
  private static final TransactionSynchronizationRegistry REGISTRY =
      new TransactionSynchronizationRegistryImple();

  private static @Nullable DataSource database;

  // region producer
  @ApplicationScoped
  static class PgHelloProducer {
    @Produces
    @Singleton
    PgHelloClient client(DataSource dataSource, TransactionSynchronizationRegistry transactions) {
      ConnectionSource connections =
          new ConnectionSource() {
            @Override
            public Connection get() throws SQLException {
              return dataSource.getConnection();
            }

            @Override
            public boolean mayJoinBatch() {
              return transactions.getTransactionKey() == null;
            }
          };
      return PgHelloClient.builder().connections(connections).build();
    }

    void close(@Disposes PgHelloClient client) {
      client.close();
    }
  }

  // endregion

  /** Beans of the framework. */
  static class Framework {
    @Produces
    DataSource dataSource() {
      return Objects.requireNonNull(database);
    }

    @Produces
    TransactionSynchronizationRegistry transactions() {
      return REGISTRY;
    }
  }

  @BeforeAll
  static void keepNothingInFiles() {
    arjPropertyManager
        .getObjectStoreEnvironmentBean()
        .setObjectStoreType(VolatileStore.class.getName());
  }

  @Test
  void callsInATransactionRunThere(TestDatabase test) throws Exception {
    try (AgroalDataSource pool = pool(test);
        SeContainer container = container(pool)) {
      PgHelloClient client = container.select(PgHelloClient.class).get();
      TRANSACTIONS.begin();
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("SET LOCAL pg_hello.repeat = 2");
        assertThat(client.hello("Ada")).isEqualTo("Hello, Ada! Hello, Ada!");
        assertThat(client.helloAsync("Ada")).isCompletedWithValue("Hello, Ada! Hello, Ada!");
      } finally {
        TRANSACTIONS.commit();
      }
      assertThat(Stream.of("Ada", "Grace").map(client::helloAsync).map(CompletableFuture::join))
          .containsExactly("Hello, Ada!", "Hello, Grace!");
    }
  }

  private static SeContainer container(DataSource pool) {
    database = pool;
    return SeContainerInitializer.newInstance()
        .disableDiscovery()
        .addBeanClasses(PgHelloProducer.class, Framework.class)
        .initialize();
  }

  private static AgroalDataSource pool(TestDatabase test) throws SQLException {
    return AgroalDataSource.from(
        new AgroalDataSourceConfigurationSupplier()
            .connectionPoolConfiguration(
                pool ->
                    pool.maxSize(4)
                        .transactionIntegration(
                            new NarayanaTransactionIntegration(TRANSACTIONS, REGISTRY))
                        .connectionFactoryConfiguration(
                            factory -> factory.jdbcUrl(test.jdbcUrl()))));
  }
}
