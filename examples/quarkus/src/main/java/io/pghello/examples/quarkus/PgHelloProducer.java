// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import io.pghello.PgHelloClient;
import io.pghello.extension.batching.ConnectionSource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Provides the client as a bean. */
@ApplicationScoped
class PgHelloProducer {
  @Produces
  @Singleton
  PgHelloClient client(DataSource dataSource, TransactionSynchronizationRegistry transactions) {
    ConnectionSource connections =
        new ConnectionSource() {
          @Override
          public Connection getConnection() throws SQLException {
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
