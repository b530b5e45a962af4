// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.arjuna.ats.arjuna.common.arjPropertyManager;
import com.arjuna.ats.internal.arjuna.objectstore.VolatileStore;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import jakarta.transaction.RollbackException;
import jakarta.transaction.Status;
import jakarta.transaction.Synchronization;
import jakarta.transaction.SystemException;
import jakarta.transaction.Transaction;
import jakarta.transaction.TransactionManager;
import jakarta.transaction.UserTransaction;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Logger;
import javax.sql.DataSource;
import javax.sql.XAConnection;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.engine.transaction.jta.platform.internal.AbstractJtaPlatform;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.xa.PGXADataSource;

/** Values in transactions of a transaction manager. */
@PgHelloTest
class JtaIT {
  private static final TransactionManager TRANSACTIONS =
      com.arjuna.ats.jta.TransactionManager.transactionManager();

  /** Provides the transaction manager to Hibernate. */
  private static final class Platform extends AbstractJtaPlatform {
    private static final long serialVersionUID = 1;

    @Override
    protected TransactionManager locateTransactionManager() {
      return TRANSACTIONS;
    }

    @Override
    protected UserTransaction locateUserTransaction() {
      return com.arjuna.ats.jta.UserTransaction.userTransaction();
    }
  }

  /**
   * Provides one connection for each transaction. The transaction commits or rolls back this
   * connection.
   */
  private static final class Enlisting implements DataSource {
    private final PGXADataSource target;
    private final DataSource plain;
    private final Map<Transaction, XAConnection> enlisted = new ConcurrentHashMap<>();

    Enlisting(TestDatabase database) {
      target = new PGXADataSource();
      target.setUrl(database.jdbcUrl());
      plain = database.dataSource();
    }

    @Override
    public Connection getConnection() throws SQLException {
      try {
        Transaction transaction = TRANSACTIONS.getTransaction();
        if (transaction == null) {
          return plain.getConnection();
        }
        XAConnection known = enlisted.get(transaction);
        if (known != null) {
          return known.getConnection();
        }
        XAConnection connection = target.getXAConnection();
        enlisted.put(transaction, connection);
        transaction.enlistResource(connection.getXAResource());
        transaction.registerSynchronization(
            new Synchronization() {
              @Override
              public void beforeCompletion() {}

              @Override
              public void afterCompletion(int status) {
                enlisted.remove(transaction);
                try {
                  connection.close();
                } catch (SQLException e) {
                  throw new IllegalStateException(e);
                }
              }
            });
        return connection.getConnection();
      } catch (SystemException | RollbackException e) {
        throw new SQLException(e);
      }
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
      return getConnection();
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
      return null;
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter out) {}

    @Override
    public void setLoginTimeout(int seconds) {}

    @Override
    public int getLoginTimeout() {
      return 0;
    }

    @Override
    public Logger getParentLogger() {
      return Logger.getLogger("io.pghello.hibernate");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
      return plain.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
      return plain.isWrapperFor(type);
    }
  }

  @BeforeAll
  static void keepNoLog() {
    arjPropertyManager
        .getObjectStoreEnvironmentBean()
        .setObjectStoreType(VolatileStore.class.getName());
  }

  private static SessionFactory open(TestDatabase database) {
    return Factories.open(
        new Enlisting(database),
        Map.of(
            "hibernate.transaction.coordinator_class",
            "jta",
            "hibernate.transaction.jta.platform",
            new Platform()),
        User.class,
        EnvironmentsIT.Settled.class);
  }

  @Test
  void fillsInTheTransaction(TestDatabase database) throws Exception {
    try (SessionFactory factory = open(database)) {
      var settled = new EnvironmentsIT.Settled(1, "Ada");
      TRANSACTIONS.begin();
      try (Session session = factory.openSession()) {
        // invisible on another connection or in another transaction
        session
            .createNativeQuery("select set_config('pg_hello.repeat', '2', true)", String.class)
            .getSingleResult();
        session.persist(new User("Ada"));
        session.persist(settled);
        TRANSACTIONS.commit();
      }
      assertThat(settled.greetings())
          .containsExactly("Hello, Ada! Hello, Ada!", "Hello, Ada! Hello, Ada!");
      TRANSACTIONS.begin();
      try (Session session = factory.openSession()) {
        assertThat(session.find(EnvironmentsIT.Settled.class, 1).greetings())
            .containsOnly("Hello, Ada! Hello, Ada!");
        assertThat(session.createQuery("from User", User.class).getSingleResult())
            .extracting(user -> user.greeting)
            .isEqualTo("Hello, Ada!");
      } finally {
        TRANSACTIONS.rollback();
      }
    }
  }

  @Test
  void writesNothingIfItIsRolledBack(TestDatabase database) throws Exception {
    try (SessionFactory factory = open(database)) {
      TRANSACTIONS.begin();
      try (Session session = factory.openSession()) {
        var user = new User("Ada");
        session.persist(user);
        session.flush();
        assertThat(user.greeting).isEqualTo("Hello, Ada!");
        TRANSACTIONS.rollback();
      }
      // an invalid name rolls back the transaction at commit
      TRANSACTIONS.begin();
      try (Session session = factory.openSession()) {
        session.persist(new User("Ada"));
        session.persist(new User("a\0b"));
        assertThatThrownBy(TRANSACTIONS::commit).isInstanceOf(RollbackException.class);
      }
      assertThat(TRANSACTIONS.getStatus()).isEqualTo(Status.STATUS_NO_TRANSACTION);
      TRANSACTIONS.begin();
      try (Session session = factory.openSession()) {
        assertThat(session.createQuery("from User", User.class).getResultList()).isEmpty();
      } finally {
        TRANSACTIONS.rollback();
      }
    }
  }
}
