// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.criteria.CriteriaBuilder;
import jakarta.persistence.criteria.CriteriaQuery;
import jakarta.persistence.criteria.Root;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;
import org.hibernate.cfg.Configuration;
import org.junit.jupiter.api.Test;

/** The snippets of docs/pg-hello/hibernate.md. */
@PgHelloTest
class HibernateGuideIT {
  @Test
  void callsFunctionsInHql(DataSource dataSource) {
    withAda(
        dataSource,
        session -> {
          // region hql
          List<String> greetings =
              session
                  .createQuery(
                      "select pg_hello(p.username, 2) from Person p order by p.id", String.class)
                  .getResultList();
          // endregion
          assertThat(greetings).containsExactly("Hello, Ada! Hello, Ada!");
        });
  }

  @Test
  void callsFunctionsInCriteria(DataSource dataSource) {
    withAda(
        dataSource,
        session -> {
          // region criteria
          CriteriaBuilder builder = session.getCriteriaBuilder();
          CriteriaQuery<String> query = builder.createQuery(String.class);
          Root<Person> person = query.from(Person.class);
          query.select(PgHelloFunctions.pgHello(builder, person.get("username")));
          // endregion
          assertThat(session.createQuery(query).getResultList()).containsExactly("Hello, Ada!");
        });
  }

  @Test
  void createsTheExtension(DataSource dataSource) throws SQLException {
    StartUpCheckIT.execute(dataSource, "DROP EXTENSION pg_hello");
    var settings = new HashMap<String, Object>();
    // region create
    settings.put("hibernate.hbm2ddl.auto", "create-drop");
    settings.put(PgHelloSettings.CREATE_EXTENSION, true); // pg-hello.create-extension
    // endregion
    try (SessionFactory factory = Factories.open(dataSource, settings, Person.class)) {
      factory.inTransaction(session -> session.persist(new Person(1, "Ada", 1)));
    }
    assertThat(StartUpCheckIT.ask(dataSource, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
  }

  // region open
  static SessionFactory open(DataSource dataSource, Class<?> entity) {
    var configuration = new Configuration().addAnnotatedClass(entity);
    configuration.getProperties().put("jakarta.persistence.nonJtaDataSource", dataSource);
    configuration.setProperty("hibernate.hbm2ddl.auto", "create");
    return configuration.buildSessionFactory();
  }

  // endregion

  @Test
  void fillsEntities(DataSource dataSource) {
    try (SessionFactory factory = open(dataSource, User.class)) {
      factory.inTransaction(
          session -> {
            // region persist
            var user = new User("Ada");
            session.persist(user);
            session.flush();
            // user.greeting is "Hello, Ada!", and user.createdAt the server's time
            // endregion
            assertThat(user.greeting).isEqualTo("Hello, Ada!");
            assertThat(user.createdAt).isPositive();
          });
    }
  }

  @Test
  void fillsEntitiesOfAStatelessSession(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), User.class)) {
      List<User> users = List.of(new User("Ada"), new User("Grace"));
      // region stateless
      try (StatelessSession session = factory.openStatelessSession()) {
        session.beginTransaction();
        PgHelloSessions.prefetch(session, users);
        users.forEach(session::insert);
        session.getTransaction().commit();
      }
      // endregion
      assertThat(users)
          .extracting(user -> user.greeting)
          .containsExactly("Hello, Ada!", "Hello, Grace!");
    }
  }

  @Test
  void insertsInHql(DataSource dataSource) {
    withAda(
        dataSource,
        session -> {
          int inserted =
              // region insert
              session
                  .createMutationQuery(
                      "insert into Person (id, username, welcome, welcomedAt, times, visits)"
                          + " select p.id + 100, p.username, pg_hello(p.username), now_ms(), 1, 1"
                          + " from Person p")
                  .executeUpdate();
          // endregion
          assertThat(inserted).isEqualTo(1);
        });
  }

  private static void withAda(DataSource dataSource, Consumer<Session> action) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Person.class)) {
      factory.inTransaction(
          session -> {
            session.persist(new Person(1, "Ada", 1));
            session.flush();
            action.accept(session);
          });
    }
  }

  @Test
  void namesTheSchema(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of())) {
      factory.inTransaction(
          session -> {
            session.createNativeMutationQuery("CREATE SCHEMA extensions").executeUpdate();
            session.createNativeMutationQuery("DROP EXTENSION pg_hello").executeUpdate();
            session
                .createNativeMutationQuery("CREATE EXTENSION pg_hello SCHEMA extensions")
                .executeUpdate();
          });
    }
    var settings = new HashMap<String, Object>();
    // region schema
    settings.put(PgHelloSettings.SCHEMA, "extensions"); // pg-hello.schema
    // endregion
    try (SessionFactory factory = Factories.open(dataSource, settings)) {
      String greeting =
          factory.fromTransaction(
              s -> s.createQuery("select pg_hello('Ada')", String.class).getSingleResult());
      assertThat(greeting).isEqualTo("Hello, Ada!");
    }
  }
}
