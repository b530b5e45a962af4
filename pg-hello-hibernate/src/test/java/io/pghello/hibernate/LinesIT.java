// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.pghello.extension.hibernate.ExtensionSettings;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.criteria.CriteriaBuilder;
import jakarta.persistence.criteria.CriteriaQuery;
import jakarta.persistence.criteria.Root;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javax.sql.DataSource;
import javax.tools.ToolProvider;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.Version;
import org.hibernate.generator.EventType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Row X2 of the coverage: a short test that runs on each Hibernate version and on the next one. It
 * uses {@code createSelectionQuery} and {@code createMutationQuery}, because {@code createQuery}
 * has other return types from Hibernate 8 on.
 */
@PgHelloTest
class LinesIT {
  private SessionFactory factory;

  @BeforeEach
  void open(DataSource dataSource) {
    factory = Factories.open(dataSource, Map.of(), Person.class);
    factory.inTransaction(
        session -> {
          session.persist(new Person(1, "Ada", 1));
          session.persist(new Person(2, "Grace", 2));
          session.persist(new Person(3, null, 3));
        });
  }

  @AfterEach
  void close() {
    factory.close();
  }

  private <T> T ask(Function<Session, T> request) {
    return factory.fromTransaction(request);
  }

  private <T> List<T> ask(String hql, Class<T> type) {
    return ask(session -> session.createSelectionQuery(hql, type).getResultList());
  }

  /** Ensures that results are reported for the right version. */
  @Test
  void runsOnTheIntendedHibernate() {
    String expected = System.getProperty("hibernate.expected");
    assertThat(expected).isNotBlank();
    assertThat(Version.getVersionString()).isEqualTo(expected);
  }

  /**
   * This module's classes are compiled with the oldest Hibernate version and may refer to members
   * that newer versions lack.
   */
  @ParameterizedTest
  @ValueSource(classes = {PgHelloSettings.class, ExtensionSettings.class})
  void hibernateContainsAllReferencedMembers(Class<?> type) throws Exception {
    assertThat(Linkage.problems(type))
        .as("what our class files name, and Hibernate %s lacks", Version.getVersionString())
        .isEmpty();
  }

  /** Hibernate 7.1 added FORCE_INCREMENT, which this source code cannot refer to. */
  @Test
  void rejectsOtherEvents(@TempDir Path folder, DataSource dataSource) throws Exception {
    for (EventType event : EventType.values()) {
      if (event == EventType.INSERT || event == EventType.UPDATE) {
        continue;
      }
      Path source = folder.resolve("Other.java");
      Files.writeString(
          source,
          """
          @jakarta.persistence.Entity
          public class Other {
            @jakarta.persistence.Id int id;
            @io.pghello.hibernate.NowMillis(event = org.hibernate.generator.EventType.%s) long at;
          }
          """
              .formatted(event));
      String path = System.getProperty("java.class.path");
      assertThat(
              ToolProvider.getSystemJavaCompiler()
                  .run(null, null, null, "-proc:none", "-cp", path, source.toString()))
          .isZero();
      try (var loader =
          new URLClassLoader(new URL[] {folder.toUri().toURL()}, getClass().getClassLoader())) {
        Class<?> entity = loader.loadClass("Other");
        assertThatThrownBy(() -> Factories.open(dataSource, Map.of(), entity).close())
            .hasMessageContaining(
                "has event = {" + event + "}; event must be INSERT, UPDATE, or both");
      }
    }
  }

  /** A record that a query fills. */
  record Greeted(String greeting, Long at, String version) {}

  @Test
  void functionsWorkInHql() {
    assertThat(
            ask(
                "select pg_hello(p.username, p.visits) from Person p where"
                    + " pg_hello(p.username) like 'Hello, %' order by pg_hello(p.username) desc",
                String.class))
        .containsExactly("Hello, Grace! Hello, Grace!", "Hello, Ada!");
    assertThat(
            ask(
                "select pg_hello(p.username), now_ms(), spi_version() from Person p where p.id = 1",
                Greeted.class))
        .singleElement()
        .satisfies(
            greeted -> {
              assertThat(greeted.greeting()).isEqualTo("Hello, Ada!");
              assertThat(greeted.at()).isCloseTo(System.currentTimeMillis(), within(60_000L));
              assertThat(greeted.version()).startsWith("PostgreSQL ");
            });
    assertThat(ask("select p.greeting from Person p where p.id = 1", String.class))
        .containsExactly("Hello, Ada! Hello, Ada!");
  }

  @Test
  void functionsWorkInCriteria() {
    List<String> greetings =
        ask(
            session -> {
              CriteriaBuilder builder = session.getCriteriaBuilder();
              CriteriaQuery<String> query = builder.createQuery(String.class);
              Root<Person> person = query.from(Person.class);
              query
                  .select(PgHelloFunctions.pgHello(builder, person.get("username"), 2))
                  .where(builder.gt(PgHelloFunctions.nowMs(builder), person.get("id")))
                  .orderBy(builder.asc(person.get("id")));
              return session.createSelectionQuery(query).getResultList();
            });
    assertThat(greetings)
        .containsExactly("Hello, Ada! Hello, Ada!", "Hello, Grace! Hello, Grace!", null);
  }

  @Test
  void functionsTakeNullParameters() {
    String greeting =
        ask(
            session ->
                session
                    .createSelectionQuery("select pg_hello(?1)", String.class)
                    .setParameter(1, (Object) null)
                    .getSingleResult());
    assertThat(greeting).isNull();
  }

  @Test
  void functionsUpdate() {
    int updated =
        ask(
            session ->
                session
                    .createMutationQuery("update Person set welcome = pg_hello(username, times)")
                    .executeUpdate());
    assertThat(updated).isEqualTo(3);
    assertThat(ask("select p.welcome from Person p where p.id = 2", String.class))
        .containsExactly("Hello, Grace! Hello, Grace!");
  }

  @Test
  void functionsRejectWrongArgumentsWhenParsed() {
    factory.inTransaction(
        session -> {
          assertThatThrownBy(() -> session.createSelectionQuery("select pg_hello(5)", String.class))
              .hasMessageContaining("pg_hello()");
          assertThatThrownBy(() -> session.createSelectionQuery("select now_ms(1)", Long.class))
              .hasMessageContaining("now_ms()");
          assertThat(
                  session
                      .createSelectionQuery("select pg_hello('x')", String.class)
                      .getSingleResult())
              .isEqualTo("Hello, x!");
        });
  }

  @Test
  void entitiesAreFilled(DataSource dataSource) {
    try (SessionFactory other =
        Factories.open(
            dataSource,
            Map.of(),
            ValuesIT.Prefetched.class,
            ValuesIT.Returned.class,
            ValuesIT.Followed.class,
            ValuesIT.Numbered.class)) {
      var prefetched = new ValuesIT.Prefetched();
      var returned = new ValuesIT.Returned();
      var followed = new ValuesIT.Followed();
      for (ValuesIT.Named entity : List.of(prefetched, returned, followed)) {
        entity.name = "Grace";
        other.inTransaction(session -> session.persist(entity));
      }
      var numbered = new ValuesIT.Numbered();
      numbered.name = "Grace";
      other.inTransaction(session -> session.persist(numbered));
      assertThat(
              List.of(prefetched.greeting, returned.greeting, followed.greeting, numbered.greeting))
          .containsOnly("Hello, Grace!");
      assertThat(prefetched.plain).isCloseTo(System.currentTimeMillis(), within(60_000L));
      assertThat(returned.plain).isCloseTo(System.currentTimeMillis(), within(60_000L));
      for (String type : List.of("Prefetched", "Returned", "Followed", "Numbered")) {
        List<String> greetings =
            other.fromTransaction(
                session ->
                    session
                        .createSelectionQuery("select greeting from " + type, String.class)
                        .getResultList());
        assertThat(greetings).as(type).containsExactly("Hello, Grace!");
      }
      other.inTransaction(session -> session.find(ValuesIT.Followed.class, 0).name = "Edsger");
      assertThat(other.<ValuesIT.Followed>fromTransaction(s -> s.find(ValuesIT.Followed.class, 0)))
          .satisfies(each -> assertThat(each.greeting).isEqualTo("Hello, Edsger!"));
    }
  }

  /** Hibernate plans an INSERT and an UPDATE, both with the old state. */
  @Test
  void aNameMayChangeBeforeTheFlush(DataSource dataSource) {
    try (SessionFactory other =
        Factories.open(dataSource, Map.of(), ValuesIT.Prefetched.class, ValuesIT.Returned.class)) {
      for (ValuesIT.Named entity : List.of(new ValuesIT.Prefetched(), new ValuesIT.Returned())) {
        other.inTransaction(
            session -> {
              entity.name = "Ada";
              session.persist(entity);
              entity.name = "Grace";
            });
        ValuesIT.Named loaded = other.fromTransaction(s -> s.find(entity.getClass(), 0));
        assertThat(loaded.greeting()).isEqualTo("Hello, Grace!");
      }
    }
  }

  @Test
  void batchesStay(DataSource dataSource, WireProxy proxy) {
    Map<String, Object> batches = Map.of("hibernate.jdbc.batch_size", 50);
    try (SessionFactory other = Factories.open(dataSource, batches, ValuesIT.Followed.class)) {
      other.inTransaction(
          session -> {
            // ensure that the connection is open
            session.createSelectionQuery("select 1", Integer.class).getSingleResult();
            for (int i = 0; i < 100; i++) {
              var entity = new ValuesIT.Followed();
              entity.id = i;
              entity.name = "user" + i;
              session.persist(entity);
            }
            // the prefetch query and two batches
            ValuesIT.roundTrips(proxy, 3, session::flush);
          });
      other.inTransaction(
          session -> {
            session
                .createSelectionQuery("from Followed", ValuesIT.Followed.class)
                .getResultList()
                .forEach(each -> each.name += "x");
            ValuesIT.roundTrips(proxy, 3, session::flush);
          });
    }
  }

  @Test
  void functionsAreFoundInTheSchemaOfTheSettings(DataSource dataSource) {
    for (String sql :
        List.of(
            "DROP EXTENSION pg_hello",
            "CREATE SCHEMA \"Odd one\"",
            "CREATE EXTENSION pg_hello SCHEMA \"Odd one\"")) {
      factory.inTransaction(session -> session.createNativeMutationQuery(sql).executeUpdate());
    }
    try (SessionFactory other =
        Factories.open(dataSource, Map.of(PgHelloSettings.SCHEMA, "Odd one"))) {
      String greeting =
          other.fromTransaction(
              session ->
                  session
                      .createSelectionQuery("select pg_hello('Ada', 2)", String.class)
                      .getSingleResult());
      assertThat(greeting).isEqualTo("Hello, Ada! Hello, Ada!");
    }
  }
}
