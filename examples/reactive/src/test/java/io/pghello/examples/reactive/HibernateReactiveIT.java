// SPDX-License-Identifier: MIT
package io.pghello.examples.reactive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.WelcomeMessage;
import io.pghello.testkit.PgHelloTest;
import io.smallrye.mutiny.Uni;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.Formula;
import org.hibernate.annotations.Generated;
import org.hibernate.annotations.GeneratedColumn;
import org.hibernate.cfg.Configuration;
import org.hibernate.generator.EventType;
import org.hibernate.reactive.mutiny.Mutiny;
import org.hibernate.reactive.provider.ReactiveServiceRegistryBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Uses the functions, generated columns and {@code @Formula} with Hibernate Reactive. */
@PgHelloTest
@Timeout(120)
class HibernateReactiveIT {
  private static final Duration WAIT = Duration.ofSeconds(60);

  // region entity
  @Entity(name = "Person")
  static class Person {
    @Id @GeneratedValue @Nullable Long id;

    String name = "";

    /** Computed when the row is read. */
    @Formula("pg_hello(name)")
    @Nullable String greeting;

    /** Computed when the row is written, and read back. */
    @GeneratedColumn("pg_hello(name, 2)")
    @Nullable String twice;

    /** Filled by the column's default, and read back. */
    @Generated(event = EventType.INSERT)
    @Column(columnDefinition = "bigint DEFAULT now_ms()")
    @Nullable Long createdMillis;
  }

  // endregion

  @Entity(name = "Annotated")
  static class Annotated {
    @Id @GeneratedValue @Nullable Long id;
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String welcome;
  }

  @Embeddable
  static class Times {
    @NowMillis @Nullable Long created;
  }

  @Entity(name = "Outer")
  static class Outer {
    @Id @GeneratedValue @Nullable Long id;
    @Embedded Times times = new Times();
  }

  // region query
  Uni<List<String>> greetings(Mutiny.SessionFactory factory) {
    return factory.withSession(
        session ->
            session
                .createSelectionQuery(
                    "select pg_hello(p.name, 2) from Person p order by pg_hello(p.name)",
                    String.class)
                .getResultList());
  }

  // endregion

  @Test
  void functionsAndGeneratedColumnsWork(TestDatabase database) throws Exception {
    createTables(database);
    try (SessionFactory orm = start(database, Person.class)) {
      Mutiny.SessionFactory factory = orm.unwrap(Mutiny.SessionFactory.class);
      var ada = new Person();
      ada.name = "Ada";
      factory.withTransaction(session -> session.persist(ada)).await().atMost(WAIT);
      assertThat(ada.twice).isEqualTo("Hello, Ada! Hello, Ada!");
      assertThat(ada.createdMillis).isBetween(1L, System.currentTimeMillis() + 60_000);

      Person loaded =
          factory.withSession(session -> session.find(Person.class, ada.id)).await().atMost(WAIT);
      assertThat(loaded.greeting).isEqualTo("Hello, Ada!");
      assertThat(loaded.twice).isEqualTo(ada.twice);
      assertThat(loaded.createdMillis).isEqualTo(ada.createdMillis);
      assertThat(greetings(factory).await().atMost(WAIT)).containsExactly(ada.twice);

      factory
          .withTransaction(
              session ->
                  session
                      .find(Person.class, ada.id)
                      .invoke(person -> person.name = "Eve")
                      .chain(session::flush))
          .await()
          .atMost(WAIT);
      assertThat(greetings(factory).await().atMost(WAIT))
          .containsExactly("Hello, Eve! Hello, Eve!");
    }
  }

  /** The annotations need JDBC, so the error comes at startup and not with the first insert. */
  @Test
  void annotationsFailAtStartup(TestDatabase database) {
    assertThatThrownBy(() -> start(database, Annotated.class).close())
        .hasMessage(
            "@WelcomeMessage on Annotated.welcome does not work with Hibernate Reactive, which has"
                + " no JDBC connection; map a generated column (@GeneratedColumn) or a @Formula"
                + " instead.");
    assertThatThrownBy(() -> start(database, Outer.class).close())
        .hasMessageStartingWith(
            "@NowMillis on Outer.times.created does not work with Hibernate Reactive");
  }

  private static SessionFactory start(TestDatabase database, Class<?> entity) {
    URI url = URI.create(database.jdbcUrl().substring("jdbc:".length()));
    Configuration configuration =
        new Configuration()
            .addAnnotatedClass(entity)
            .setProperty(
                "jakarta.persistence.jdbc.url",
                "postgresql://" + url.getHost() + ":" + url.getPort() + url.getPath())
            .setProperty("jakarta.persistence.jdbc.user", database.user())
            .setProperty("jakarta.persistence.jdbc.password", database.password());
    return configuration.buildSessionFactory(
        new ReactiveServiceRegistryBuilder().applySettings(configuration.getProperties()).build());
  }

  private static void createTables(TestDatabase database) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      // region table
      statement.execute("CREATE SEQUENCE Person_SEQ INCREMENT BY 50");
      statement.execute(
          """
          CREATE TABLE Person (
            id bigint PRIMARY KEY,
            name text NOT NULL,
            twice text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED,
            createdMillis bigint NOT NULL DEFAULT now_ms())
          """);
      // endregion
    }
  }
}
