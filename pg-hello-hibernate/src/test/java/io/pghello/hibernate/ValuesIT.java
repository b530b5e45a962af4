// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static io.pghello.hibernate.ValueStrategy.PREFETCH;
import static io.pghello.hibernate.ValueStrategy.RETURNING;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.CascadeType;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.MappedSuperclass;
import jakarta.persistence.OneToMany;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;
import org.hibernate.exception.DataException;
import org.hibernate.exception.JDBCConnectionException;
import org.hibernate.exception.SQLGrammarException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.util.PSQLException;

/** Tests when entities are filled, with which values, and when they are not changed. */
@PgHelloTest
class ValuesIT {
  /** Common attributes of all entities in this test. */
  @MappedSuperclass
  abstract static class Named {
    @Id int id;
    @Nullable String name;

    abstract @Nullable String greeting();

    abstract void greeting(@Nullable String greeting);
  }

  /** An entity with prefetched values. */
  @Entity(name = "Prefetched")
  static class Prefetched extends Named {
    @Column(nullable = true)
    @WelcomeMessage(of = "name", strategy = PREFETCH)
    @Nullable String greeting;

    @NowMillis(strategy = PREFETCH)
    @Nullable Long boxed;

    @NowMillis(strategy = PREFETCH)
    long plain;

    @NowMillis(strategy = PREFETCH)
    @Nullable Instant instant;

    @Override
    @Nullable String greeting() {
      return greeting;
    }

    @Override
    void greeting(@Nullable String greeting) {
      this.greeting = greeting;
    }
  }

  /** Its values are computed by the INSERT and returned. */
  @Entity(name = "Returned")
  static class Returned extends Named {
    @WelcomeMessage(of = "name", strategy = RETURNING)
    @Nullable String greeting;

    @NowMillis(strategy = RETURNING)
    @Nullable Long boxed;

    @NowMillis(strategy = RETURNING)
    long plain;

    @NowMillis(strategy = RETURNING)
    @Nullable Instant instant;

    @Override
    @Nullable String greeting() {
      return greeting;
    }

    @Override
    void greeting(@Nullable String greeting) {
      this.greeting = greeting;
    }
  }

  /** Its values are also prefetched for UPDATEs. */
  @Entity(name = "Followed")
  static class Followed extends Named {
    int other;

    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE})
    @Nullable String greeting;

    @WelcomeMessage(of = "name", event = UPDATE, repeat = 2)
    @Nullable String changed;

    @NowMillis(event = {INSERT, UPDATE})
    long changedAt;

    @Override
    @Nullable String greeting() {
      return greeting;
    }

    @Override
    void greeting(@Nullable String greeting) {
      this.greeting = greeting;
    }
  }

  /** Its values are always overwritten. */
  @Entity(name = "Replaced")
  static class Replaced extends Named {
    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE},
        overwrite = true)
    @Nullable String greeting;

    @WelcomeMessage(of = "name", strategy = RETURNING, overwrite = true)
    @Nullable String returned;

    @NowMillis(overwrite = true)
    long at;

    @NowMillis(strategy = RETURNING, overwrite = true)
    long returnedAt;

    @Override
    @Nullable String greeting() {
      return greeting;
    }

    @Override
    void greeting(@Nullable String greeting) {
      this.greeting = greeting;
    }
  }

  /** Has a greeting with the session's count, and one that is repeated three times. */
  @Entity(name = "Repeated")
  static class Repeated {
    @Id int id;
    @Nullable String name;

    @WelcomeMessage(of = "name", repeat = WelcomeMessage.SESSION_DEFAULT)
    @Nullable String asSet;

    @WelcomeMessage(of = "name", repeat = 3)
    @Nullable String three;

    @WelcomeMessage(of = "name", repeat = WelcomeMessage.SESSION_DEFAULT, strategy = RETURNING)
    @Nullable String asSetReturned;

    @WelcomeMessage(of = "name", repeat = 3, strategy = RETURNING)
    @Nullable String threeReturned;
  }

  /** Has children, which Hibernate finds by cascade during the flush. */
  @Entity(name = "Parent")
  static class Parent {
    @Id int id;

    @OneToMany(cascade = CascadeType.ALL)
    List<Child> children = new ArrayList<>();
  }

  /** The entity that the cascade reaches. */
  @Entity(name = "Child")
  static class Child {
    @Id @GeneratedValue Long id;
    @Nullable String name;

    @Column(nullable = false)
    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @Column(nullable = false)
    @NowMillis
    @Nullable Long at;
  }

  /** An entity with an IDENTITY identifier. */
  @Entity(name = "Numbered")
  static class Numbered {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @Nullable String name;

    @Column(nullable = false)
    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE},
        overwrite = true)
    @Nullable String followed;
  }

  private SessionFactory factory;

  @BeforeEach
  void open(DataSource dataSource) {
    factory =
        Factories.open(
            dataSource,
            Map.of("hibernate.jdbc.batch_size", 20),
            Prefetched.class,
            Returned.class,
            Followed.class,
            Replaced.class,
            Repeated.class,
            Parent.class,
            Child.class,
            Numbered.class);
  }

  @AfterEach
  void close() {
    factory.close();
  }

  private static Named entity(String type) {
    return switch (type) {
      case "Prefetched" -> new Prefetched();
      case "Returned" -> new Returned();
      case "Followed" -> new Followed();
      case "Replaced" -> new Replaced();
      default -> throw new IllegalArgumentException(type);
    };
  }

  private static Named entity(String type, @Nullable String name) {
    Named entity = entity(type);
    entity.name = name;
    return entity;
  }

  private @Nullable String row(String type, String column) {
    return factory.fromTransaction(session -> row(session, type, column));
  }

  private static @Nullable String row(Session session, String type, String column) {
    return session
        .createNativeQuery("select cast(" + column + " as text) from " + type, String.class)
        .getSingleResult();
  }

  private void run(Consumer<Session> action) {
    factory.inTransaction(action);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Prefetched", "Returned", "Followed", "Replaced"})
  void aNewEntityIsGreeted(String type) {
    Named entity = entity(type, "Ada");
    run(session -> session.persist(entity));
    assertThat(row(type, "greeting")).isEqualTo("Hello, Ada!");
    assertThat(entity.greeting()).isEqualTo("Hello, Ada!");
  }

  @Test
  void theTimeIsTheServers() {
    var prefetched = new Prefetched();
    var returned = new Returned();
    run(
        session -> {
          session.persist(prefetched);
          session.persist(returned);
        });
    assertThat(
            List.of(
                requireNonNull(prefetched.boxed),
                prefetched.plain,
                millis(prefetched.instant),
                requireNonNull(returned.boxed),
                returned.plain,
                millis(returned.instant)))
        .allSatisfy(
            time -> assertThat(time).isCloseTo(System.currentTimeMillis(), within(60_000L)));
    assertThat(prefetched.plain).isEqualTo(prefetched.boxed);
    assertThat(prefetched.instant).isEqualTo(Instant.ofEpochMilli(prefetched.plain));
    for (String type : List.of("Prefetched", "Returned")) {
      assertThat(
              row(
                  type,
                  "(boxed - plain < 1000 and extract(epoch from instant) * 1000 - plain < 1000"
                      + " and plain > 1000000000000)"))
          .isEqualTo("true");
    }
  }

  private static long millis(@Nullable Instant instant) {
    return requireNonNull(instant).toEpochMilli();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Prefetched", "Returned", "Followed"})
  void applicationValuesAreKept(String type) {
    Named entity = entity(type, "Ada");
    entity.greeting("Welcome");
    run(session -> session.persist(entity));
    assertThat(entity.greeting()).isEqualTo("Welcome");
    assertThat(row(type, "greeting")).isEqualTo("Welcome");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Prefetched", "Returned", "Followed"})
  void applicationValuesSetAfterPersistAreKept(String type) {
    Named entity = entity(type, "Ada");
    run(
        session -> {
          session.persist(entity);
          entity.greeting("Welcome");
        });
    assertThat(entity.greeting()).isEqualTo("Welcome");
    assertThat(row(type, "greeting")).isEqualTo("Welcome");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Prefetched", "Returned", "Followed"})
  void aValueThatIsMergedIsKept(String type) {
    Named entity = entity(type, "Ada");
    entity.greeting("Welcome");
    Named merged = factory.fromTransaction(session -> session.merge(entity));
    assertThat(merged.greeting()).isEqualTo("Welcome");
    assertThat(row(type, "greeting")).isEqualTo("Welcome");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Prefetched", "Returned", "Followed", "Replaced"})
  void aMergedEntityIsGreeted(String type) {
    factory.fromTransaction(session -> session.merge(entity(type, "Ada")));
    assertThat(row(type, "greeting")).isEqualTo("Hello, Ada!");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Prefetched", "Returned", "Followed"})
  void laterApplicationChangesAreWritten(String type) {
    run(session -> session.persist(entity(type, "Ada")));
    run(session -> session.find(entity(type).getClass(), 0).greeting("Welcome"));
    assertThat(row(type, "greeting")).isEqualTo("Welcome");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Prefetched", "Returned", "Followed", "Replaced"})
  void noNameHasNoGreeting(String type) {
    Named entity = entity(type);
    run(session -> session.persist(entity));
    assertThat(entity.greeting()).isNull();
    assertThat(row(type, "greeting")).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "O'Brien ?", "Zoë 🐘", "a\\b\nc", "pg_hello x"})
  void anyNameIsGreeted(String name) {
    for (String type : List.of("Prefetched", "Returned")) {
      run(session -> session.persist(entity(type, name)));
      assertThat(row(type, "greeting")).isEqualTo("Hello, " + name + "!");
    }
  }

  /** Hibernate plans an INSERT and an UPDATE, both with the old state. */
  @ParameterizedTest
  @ValueSource(strings = {"Prefetched", "Returned", "Followed", "Replaced"})
  void theNameMayChangeBeforeTheFlush(String type) {
    Named entity = entity(type, "Ada");
    run(
        session -> {
          session.persist(entity);
          entity.name = "Grace";
        });
    assertThat(row(type, "greeting")).isEqualTo("Hello, Grace!");
    assertThat(row(type, "name")).isEqualTo("Grace");
    run(
        session -> {
          Named loaded = session.find(entity.getClass(), 0);
          assertThat(loaded.greeting()).isEqualTo("Hello, Grace!");
        });
  }

  @Test
  void anUpdateGreetsAChangedName(WireProxy proxy) {
    run(session -> session.persist(entity("Followed", "Ada")));
    assertThat(row("Followed", "changed")).isNull();
    long before = factory.fromTransaction(session -> session.find(Followed.class, 0).changedAt);
    run(session -> session.find(Followed.class, 0).name = "Grace");
    assertThat(row("Followed", "(greeting || '/' || changed)"))
        .isEqualTo("Hello, Grace!/Hello, Grace! Hello, Grace!");
    run(
        session -> {
          Followed loaded = session.find(Followed.class, 0);
          assertThat(loaded.changedAt).isGreaterThanOrEqualTo(before);
          loaded.name = null;
          session.flush();
          assertThat(loaded.greeting()).isNull();
        });
    assertThat(row("Followed", "greeting")).isNull();
  }

  @Test
  void anUpdateOfSomethingElseKeepsTheGreeting() {
    run(
        session -> {
          var entity = new Followed();
          entity.name = "Ada";
          entity.greeting = "Welcome";
          entity.changed = "Changed";
          entity.changedAt = 5;
          session.persist(entity);
        });
    run(
        session -> {
          Followed loaded = session.find(Followed.class, 0);
          assertThat(loaded.changedAt).isEqualTo(5);
          loaded.other = 1;
          session.flush();
          assertThat(loaded.changedAt).isCloseTo(System.currentTimeMillis(), within(60_000L));
        });
    assertThat(row("Followed", "(greeting || '/' || changed)")).isEqualTo("Welcome/Changed");
  }

  @Test
  void anUpdateFillsMissingValues() {
    run(session -> session.persist(entity("Followed", "Ada")));
    run(
        session -> {
          Followed loaded = session.find(Followed.class, 0);
          loaded.greeting = null;
        });
    assertThat(row("Followed", "greeting")).isEqualTo("Hello, Ada!");
  }

  @Test
  void applicationValuesSetForAnUpdateAreKept() {
    run(session -> session.persist(entity("Followed", "Ada")));
    run(
        session -> {
          Followed loaded = session.find(Followed.class, 0);
          loaded.name = "Grace";
          loaded.greeting = "Welcome";
          loaded.changedAt = 7;
        });
    assertThat(row("Followed", "(name || greeting || changedAt)")).isEqualTo("GraceWelcome7");
    // merge an object that contains only some of the attributes, as from a form
    var detached = new Followed();
    detached.name = "Edsger";
    detached.greeting = "Hi";
    detached.changedAt = 8;
    factory.fromTransaction(session -> session.merge(detached));
    assertThat(row("Followed", "(name || greeting || changedAt)")).isEqualTo("EdsgerHi8");
  }

  @Test
  void overwriteReplacesApplicationValues() {
    var entity = new Replaced();
    entity.name = "Ada";
    entity.greeting = "Welcome";
    entity.returned = "Welcome";
    entity.at = 1;
    entity.returnedAt = 1;
    run(session -> session.persist(entity));
    assertThat(entity.greeting).isEqualTo("Hello, Ada!");
    assertThat(entity.returned).isEqualTo("Hello, Ada!");
    assertThat(entity.at).isGreaterThan(1);
    assertThat(entity.returnedAt).isGreaterThan(1);
    assertThat(row("Replaced", "(greeting || returned)")).isEqualTo("Hello, Ada!Hello, Ada!");
    assertThat(row("Replaced", "(at > 1 and returnedAt > 1)")).isEqualTo("true");
    run(session -> session.find(Replaced.class, 0).greeting("Welcome"));
    assertThat(row("Replaced", "greeting")).isEqualTo("Hello, Ada!");
  }

  @Test
  void aSettingThatChangesBetweenFlushesIsSeen() {
    run(
        session -> {
          for (int id = 1; id <= 2; id++) {
            session
                .createNativeQuery("select set_config('pg_hello.repeat', ?, true)", String.class)
                .setParameter(1, "" + id)
                .getSingleResult();
            var entity = new Repeated();
            entity.id = id;
            entity.name = "x";
            session.persist(entity);
            session.flush();
            String expected = "Hello, x! Hello, x!".substring(0, id == 1 ? 9 : 19);
            assertThat(entity.asSet).isEqualTo(expected);
            assertThat(entity.asSetReturned).isEqualTo(expected);
            assertThat(entity.three).isEqualTo("Hello, x! Hello, x! Hello, x!");
            assertThat(entity.threeReturned).isEqualTo("Hello, x! Hello, x! Hello, x!");
          }
        });
  }

  @Test
  void childrenThatTheFlushFindsAreGreetedWithTheRest(WireProxy proxy) {
    run(
        session -> {
          var parent = new Parent();
          session.persist(parent);
          session.flush();
          for (int i = 0; i < 10; i++) {
            var child = new Child();
            child.name = "child" + i;
            parent.children.add(child);
          }
          // identifiers (2), the prefetch query, a batch of children, and a batch for the join
          // table
          roundTrips(proxy, 5, session::flush);
          assertThat(parent.children)
              .allSatisfy(
                  child -> {
                    assertThat(child.greeting).isEqualTo("Hello, " + child.name + "!");
                    assertThat(child.at).isEqualTo(parent.children.get(0).at);
                  });
        });
  }

  @Test
  void queryFlushesTheEntitiesThatItReads(WireProxy proxy) {
    run(
        session -> {
          session.persist(entity("Prefetched", "Ada"));
          assertThat(
                  session
                      .createQuery("select greeting from Prefetched", String.class)
                      .getSingleResult())
              .isEqualTo("Hello, Ada!");
          roundTrips(proxy, 0, session::flush);
        });
  }

  @Test
  void anIdentityIsGreetedWhenItIsPersisted(WireProxy proxy) {
    var entity = new Numbered();
    entity.name = "Ada";
    run(
        session -> {
          session.createNativeQuery("select 1", Integer.class).getSingleResult();
          // the INSERT returns one value, and the value that is also filled on UPDATE is prefetched
          roundTrips(proxy, 2, () -> session.persist(entity));
          assertThat(entity.greeting).isEqualTo("Hello, Ada!");
          assertThat(entity.followed).isEqualTo("Hello, Ada!");
          entity.name = "Grace";
        });
    assertThat(row("Numbered", "(name || greeting || followed)"))
        .isEqualTo("GraceHello, Ada!Hello, Grace!");
  }

  @Test
  void statelessSessionFillsEachEntitySeparately() {
    try (StatelessSession session = factory.openStatelessSession()) {
      session.setJdbcBatchSize(1);
      session.beginTransaction();
      for (String type : List.of("Prefetched", "Returned", "Followed", "Replaced")) {
        Named entity = entity(type, "Ada");
        session.insert(entity);
        assertThat(
                session
                    .createNativeQuery("select greeting from " + type, String.class)
                    .getSingleResult())
            .isEqualTo("Hello, Ada!");
        if (!type.equals("Returned")) {
          assertThat(entity.greeting()).isEqualTo("Hello, Ada!");
        }
      }
      session.getTransaction().commit();
    }
  }

  @Test
  void aStatelessUpdateComputesAnew() {
    run(session -> session.persist(entity("Followed", "Ada")));
    try (StatelessSession session = factory.openStatelessSession()) {
      session.setJdbcBatchSize(1);
      session.beginTransaction();
      Followed followed = session.get(Followed.class, 0);
      followed.name = "Grace";
      followed.changedAt = 1;
      session.update(followed);
      assertThat(followed.greeting).isEqualTo("Hello, Grace!");
      long first = followed.changedAt;
      assertThat(first).isGreaterThan(1);
      followed.name = "Edsger";
      session.update(followed);
      assertThat(followed.greeting).isEqualTo("Hello, Edsger!");
      session.getTransaction().commit();
    }
    assertThat(row("Followed", "greeting")).isEqualTo("Hello, Edsger!");
  }

  @Test
  void aStatelessSessionWithPrefetchKeepsAndOverwrites(WireProxy proxy) {
    try (StatelessSession session = factory.openStatelessSession()) {
      session.setJdbcBatchSize(1);
      session.beginTransaction();
      session.createNativeQuery("select 1", Integer.class).getSingleResult();
      var kept = new Prefetched();
      kept.name = "Ada";
      kept.greeting = "Welcome";
      var replaced = new Replaced();
      replaced.name = "Grace";
      replaced.greeting = "Welcome";
      roundTrips(proxy, 1, () -> PgHelloSessions.prefetch(session, List.of(kept, replaced)));
      assertThat(kept.greeting).isEqualTo("Welcome");
      assertThat(replaced.greeting).isEqualTo("Hello, Grace!");
      roundTrips(proxy, 1, () -> session.insert(kept));
      roundTrips(proxy, 1, () -> session.insert(replaced));
      session.getTransaction().commit();
    }
    assertThat(row("Prefetched", "greeting")).isEqualTo("Welcome");
    assertThat(row("Replaced", "(greeting || returned)")).isEqualTo("Hello, Grace!Hello, Grace!");
  }

  /** Hibernate calls no generators for HQL statements. */
  @ParameterizedTest
  @ValueSource(strings = {"Prefetched", "Returned"})
  void hqlWritesItsOwnValues(String type) {
    run(
        session -> {
          update(session, "insert into %s (id, name, plain) values (1, 'Ada', 5)", type);
          assertThat(row(session, type, "(greeting is null and boxed is null and plain = 5)"))
              .isEqualTo("true");
          update(session, "update %s set greeting = 'Hi', boxed = 6", type);
          assertThat(row(session, type, "(greeting || boxed)")).isEqualTo("Hi6");
          update(session, "update %s set greeting = pg_hello(name), boxed = now_ms()", type);
          assertThat(row(session, type, "greeting")).isEqualTo("Hello, Ada!");
          update(session, "delete from %s", type);
          update(
              session,
              "insert into %s (id, name, greeting, plain) values (1, 'Ada', pg_hello('Ada'),"
                  + " now_ms())",
              type);
          assertThat(row(session, type, "greeting")).isEqualTo("Hello, Ada!");
        });
  }

  private static void update(Session session, String hql, String type) {
    session.createMutationQuery(hql.formatted(type)).executeUpdate();
  }

  /**
   * Hibernate calls only the generators for updates, because an upsert may be an INSERT or an
   * UPDATE.
   */
  @Test
  void anUpsertFillsValuesForUpdates() {
    try (StatelessSession session = factory.openStatelessSession()) {
      session.setJdbcBatchSize(1);
      session.beginTransaction();
      session.upsert(entity("Prefetched", "Ada"));
      session.upsert(entity("Followed", "Ada"));
      session.getTransaction().commit();
    }
    assertThat(row("Prefetched", "greeting")).isNull();
    assertThat(row("Followed", "(greeting || changed)"))
        .isEqualTo("Hello, Ada!Hello, Ada! Hello, Ada!");
  }

  @Test
  void aNameThatCannotBeSentFailsTheFlushBeforeAnythingIsWritten() {
    for (String type : List.of("Prefetched", "Returned")) {
      assertThatThrownBy(
              () ->
                  run(
                      session -> {
                        var first = new Repeated();
                        first.id = 5;
                        session.persist(first);
                        session.persist(entity(type, "a\0b"));
                      }))
          .isInstanceOfSatisfying(
              DataException.class, e -> assertThat(e.getSQLState()).isEqualTo("22021"))
          .rootCause()
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> assertThat(e.code()).isEqualTo(Code.INVALID_ARGUMENT))
          .hasMessageContaining(type + ".name")
          .hasMessageContaining("U+0000 at index 1")
          .hasMessageNotContaining("a\0b");
      assertThat(row("Repeated", "count(*)")).isEqualTo("0");
    }
  }

  @Test
  void aFailedPrefetchContainsTheRemedy() {
    run(
        session ->
            session.createNativeMutationQuery("drop extension pg_hello cascade").executeUpdate());
    assertThatThrownBy(() -> run(session -> session.persist(entity("Prefetched", "secret"))))
        .isInstanceOfSatisfying(
            SQLGrammarException.class,
            e -> {
              assertThat(e.getSQLState()).isEqualTo("42883");
              assertThat(e).hasStackTraceContaining("pg_hello").hasNoSuppressedExceptions();
              for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                assertThat(cause).isNotInstanceOf(PSQLException.class);
                assertThat(cause.toString()).doesNotContain("secret");
              }
            })
        .rootCause()
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> {
              assertThat(e.code()).isEqualTo(Code.SERVER_ERROR);
              assertThat(e.remedy()).contains("CREATE EXTENSION pg_hello");
            });
    assertThat(row("Prefetched", "count(*)")).isEqualTo("0");
  }

  @Test
  void aLostConnectionIsAJdbcConnectionException(WireProxy proxy) {
    assertThatThrownBy(
            () ->
                run(
                    session -> {
                      session.createNativeQuery("select 1", Integer.class).getSingleResult();
                      session.persist(entity("Prefetched", "secret"));
                      proxy.resetConnections();
                      session.flush();
                    }))
        .isInstanceOf(JDBCConnectionException.class)
        .cause()
        .cause()
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.CONNECTION_LOST));
  }

  @Test
  void aPrefetchFailsAsAStatementDoes() {
    try (StatelessSession session = factory.openStatelessSession()) {
      session.beginTransaction();
      Named fine = entity("Prefetched", "Ada");
      assertThatThrownBy(
              () -> PgHelloSessions.prefetch(session, List.of(fine, entity("Prefetched", "a\0b"))))
          .isInstanceOf(DataException.class)
          .hasRootCauseInstanceOf(FunctionCallException.class);
      session.createNativeMutationQuery("drop extension pg_hello cascade").executeUpdate();
      assertThatThrownBy(() -> PgHelloSessions.prefetch(session, List.of(fine)))
          .isInstanceOf(SQLGrammarException.class)
          .hasRootCauseInstanceOf(FunctionCallException.class);
      assertThat(fine.greeting()).isNull();
      session.getTransaction().rollback();
    }
  }

  /** The number of names in a query is limited; further names are sent in another query. */
  @Test
  void veryManyEntitiesTakeMoreQueries(WireProxy proxy) {
    run(
        session -> {
          session.setJdbcBatchSize(20_000);
          for (int i = 0; i < 16_385; i++) {
            var entity = new Prefetched();
            entity.id = i;
            entity.name = "user" + i;
            session.persist(entity);
          }
          session.createNativeQuery("select 1", Integer.class).getSingleResult();
          long executes = proxy.statements();
          session.flush();
          assertThat(proxy.statements() - executes).isEqualTo(16_385 + 2);
        });
    assertThat(row("Prefetched", "count(*) filter (where greeting = 'Hello, user' || id || '!')"))
        .isEqualTo("16385");
  }

  /** Its columns have room for names of any length. */
  @Entity(name = "LongNamed")
  static class LongNamed {
    @Id int id;

    @Column(columnDefinition = "text")
    String name = "";

    @WelcomeMessage(of = "name")
    @Column(columnDefinition = "text")
    @Nullable String greeting;
  }

  /** A query is complete as soon as its names take up 8 MiB. */
  @Test
  void veryLongNamesTakeMoreQueries(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory others = Factories.open(dataSource, Map.of(), LongNamed.class)) {
      others.inTransaction(
          session -> {
            for (int i = 0; i < 5; i++) {
              var entity = new LongNamed();
              entity.id = i;
              entity.name = Integer.toString(i).repeat(3 << 20);
              session.persist(entity);
            }
            session.createNativeQuery("select 1", Integer.class).getSingleResult();
            long executes = proxy.statements();
            session.flush();
            // prefetch queries with three and two names, and five INSERTs
            assertThat(proxy.statements() - executes).isEqualTo(2 + 5);
            assertThat(
                    session
                        .createSelectionQuery(
                            "select count(*) from LongNamed"
                                + " where greeting = concat('Hello, ', name, '!')",
                            Long.class)
                        .getSingleResult())
                .isEqualTo(5);
          });
    }
  }

  /**
   * If a result exceeds the driver's limit, the driver closes the connection and the flush fails.
   */
  @Test
  void aPrefetchRespectsTheDriversLimit(TestDatabase database) throws SQLException {
    PGSimpleDataSource limited = database.dataSource().unwrap(PGSimpleDataSource.class);
    limited.setMaxResultBuffer("256K");
    try (SessionFactory others = Factories.open(limited, Map.of(), LongNamed.class)) {
      List<LongNamed> entities = new ArrayList<>();
      for (int i = 0; i < 4_000; i++) {
        var entity = new LongNamed();
        entity.id = i;
        entity.name = "\"".repeat(i % 1_000 == 500 ? 100_000 : 100) + i;
        entities.add(entity);
      }
      others.inTransaction(session -> entities.subList(0, 2_000).forEach(session::persist));
      others.inStatelessTransaction(
          session -> {
            PgHelloSessions.prefetch(session, entities.subList(2_000, 4_000));
            entities.subList(2_000, 4_000).forEach(session::insert);
          });
      assertThat(entities)
          .allSatisfy(each -> assertThat(each.greeting).isEqualTo("Hello, " + each.name + "!"));
    }
  }

  /** Zero counts as not set only for primitive types. */
  @Test
  void keepsAZeroThatTheProgramHasSet() {
    var entity = new Prefetched();
    entity.id = 1;
    entity.boxed = 0L;
    run(session -> session.persist(entity));
    assertThat(entity.boxed).isZero();
    assertThat(entity.plain).isPositive();
    assertThat(row("Prefetched", "boxed")).isEqualTo("0");
  }

  @Test
  void queriesAgainInEachFlush() {
    run(
        session -> {
          var entity = new Followed();
          entity.id = 1;
          entity.name = "Ada";
          session.persist(entity);
          session.flush();
          for (int i = 1; i <= 2; i++) {
            long before = entity.changedAt;
            while (session.createSelectionQuery("select now_ms()", Long.class).getSingleResult()
                <= before) {
              Thread.onSpinWait();
            }
            entity.other = i;
            session.flush();
            assertThat(entity.changedAt).isGreaterThan(before);
          }
        });
  }

  static void roundTrips(WireProxy proxy, long expected, Runnable action) {
    try {
      proxy.assertRoundTrips(expected, action::run);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
