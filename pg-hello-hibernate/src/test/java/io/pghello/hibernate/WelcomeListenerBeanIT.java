// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.testkit.PgHelloTest;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.se.SeContainer;
import jakarta.enterprise.inject.se.SeContainerInitializer;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManagerFactory;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The entity listener as a CDI bean, on the JPA implementation on the class path. */
@PgHelloTest
class WelcomeListenerBeanIT {
  private static @Nullable DataSource database;

  private SeContainer container;
  private EntityManagerFactory factory;

  /** Beans of the application. */
  static final class Clients {
    // region client-bean
    @Produces
    @Singleton
    PgHelloClient client(DataSource dataSource) {
      return PgHelloClient.create(dataSource);
    }

    void close(@Disposes PgHelloClient client) {
      client.close();
    }

    // endregion

    @Produces
    DataSource dataSource() {
      return Objects.requireNonNull(database);
    }
  }

  @BeforeEach
  void open(DataSource dataSource) {
    database = dataSource;
    container =
        SeContainerInitializer.newInstance()
            .disableDiscovery()
            .addBeanClasses(Clients.class, MemberListener.class)
            .initialize();
    factory =
        Units.open(
            "members",
            dataSource,
            Map.of("jakarta.persistence.bean.manager", container.getBeanManager()));
  }

  @AfterEach
  void close() {
    factory.close();
    if (container.isRunning()) {
      container.close();
    }
    database = null;
  }

  @Test
  void usesTheContainersClient() {
    Units.inTransaction(factory, manager -> manager.persist(new Member(1, "Ada")));
    Units.inTransaction(
        factory,
        manager -> assertThat(manager.find(Member.class, 1L).welcome).isEqualTo("Hello, Ada!"));
  }

  @Test
  void usesOnlyTheContainersClient() {
    // made by the first call
    Units.inTransaction(factory, manager -> manager.persist(new Member(1, "Ada")));
    container.select(PgHelloClient.class).get().close();
    assertThatThrownBy(
            () -> Units.inTransaction(factory, manager -> manager.persist(new Member(2, "Grace"))))
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
  }
}
