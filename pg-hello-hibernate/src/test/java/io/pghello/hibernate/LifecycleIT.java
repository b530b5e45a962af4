// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.CascadeType;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.MappedSuperclass;
import jakarta.persistence.OneToMany;
import jakarta.persistence.Version;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.exception.ConstraintViolationException;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests values and their entities after the first flush. */
@PgHelloTest
class LifecycleIT {
  /** Common attributes of all entities in this test. */
  @MappedSuperclass
  abstract static class Named {
    @Id int id;
    @Nullable String name;

    abstract @Nullable String greeting();
  }

  /** An entity that is filled when it is inserted. */
  @Entity(name = "Once")
  static class Once extends Named {
    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis long createdAt;

    @Embedded @Nullable Audit audit;

    @Override
    @Nullable String greeting() {
      return greeting;
    }
  }

  /** Has an additional time. */
  @Embeddable
  static class Audit {
    @Nullable String author;
    @NowMillis @Nullable Long auditedAt;
  }

  /** An entity that is filled whenever it is written. */
  @Entity(name = "Always")
  static class Always extends Named {
    @WelcomeMessage(
        of = "name",
        event = {EventType.INSERT, EventType.UPDATE})
    @Nullable String greeting;

    @NowMillis(event = {EventType.INSERT, EventType.UPDATE})
    long changedAt;

    @Override
    @Nullable String greeting() {
      return greeting;
    }
  }

  /** Like {@code Always}, with a version and dynamic updates. */
  @Entity(name = "Counting")
  @DynamicUpdate
  static class Counting extends Named {
    @Version int version;

    @WelcomeMessage(
        of = "name",
        event = {EventType.INSERT, EventType.UPDATE})
    @Nullable String greeting;

    @NowMillis @Nullable Long createdAt;

    @Override
    @Nullable String greeting() {
      return greeting;
    }
  }

  /** An entity with values that the INSERT computes and returns. */
  @Entity(name = "Answered")
  static class Answered extends Named {
    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String greeting;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    long createdAt;

    @Override
    @Nullable String greeting() {
      return greeting;
    }
  }

  /** An entity with an IDENTITY identifier. */
  @Entity(name = "Numbered")
  static class Numbered {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis long createdAt;
  }

  /** Its values are always overwritten. A stateless session must know this in advance. */
  @Entity(name = "Replaced")
  static class Replaced extends Named {
    @WelcomeMessage(of = "name", overwrite = true)
    @Nullable String greeting;

    @Override
    @Nullable String greeting() {
      return greeting;
    }
  }

  /** Uses the session's count. */
  @Entity(name = "Settled")
  static class Settled extends Named {
    @WelcomeMessage(of = "name", repeat = WelcomeMessage.SESSION_DEFAULT)
    @Nullable String greeting;

    @Override
    @Nullable String greeting() {
      return greeting;
    }
  }

  /** Has children with cascades and orphan removal. */
  @Entity(name = "Parent")
  static class Parent {
    @Id int id;

    @OneToMany(cascade = CascadeType.ALL, orphanRemoval = true)
    List<Always> children = new ArrayList<>();
  }

  enum Flush {
    EXPLICIT,
    QUERY,
    COMMIT;

    void run(Session session) {
      switch (this) {
        case EXPLICIT -> session.flush();
        case QUERY ->
            session
                .createSelectionQuery(
                    "select count(*) from Once, Always, Counting, Answered, Numbered, Parent",
                    Long.class)
                .getSingleResult();
        case COMMIT -> {
          session.getTransaction().commit();
          session.beginTransaction();
        }
        default -> throw new AssertionError(this);
      }
    }
  }

  private SessionFactory factory;

  @BeforeEach
  void open(DataSource dataSource) {
    factory =
        Factories.open(
            dataSource,
            Map.of("hibernate.jdbc.batch_size", 20),
            Once.class,
            Always.class,
            Counting.class,
            Answered.class,
            Numbered.class,
            Replaced.class,
            Settled.class,
            Parent.class);
  }

  @AfterEach
  void close() {
    factory.close();
  }

  private static List<Named> each() {
    return List.of(new Once(), new Always(), new Counting(), new Answered());
  }

  private static <T extends Named> T named(T entity, int id, @Nullable String name) {
    entity.id = id;
    entity.name = name;
    return entity;
  }

  private long count(String type) {
    return factory.fromSession(
        session ->
            session
                .createSelectionQuery("select count(*) from " + type, Long.class)
                .getSingleResult());
  }

  private <T extends Named> T row(Class<T> type, int id) {
    return requireNonNull(factory.fromSession(session -> session.find(type, id)));
  }

  private void assertGreeted(Class<? extends Named> type, int id, @Nullable String name) {
    Named row = row(type, id);
    assertThat(row.name).isEqualTo(name);
    assertThat(row.greeting()).isEqualTo("Hello, " + name + "!");
  }

  @ParameterizedTest
  @EnumSource(Flush.class)
  void removesFilledEntities(Flush flush) {
    for (Named entity : each()) {
      factory.inTransaction(
          session -> {
            session.persist(named(entity, 1, "Ada"));
            flush.run(session);
            session.remove(entity);
            flush.run(session);
          });
      assertThat(count(entity.getClass().getSimpleName())).isZero();
    }
    factory.inTransaction(
        session -> {
          var numbered = new Numbered();
          numbered.name = "Ada";
          session.persist(numbered);
          flush.run(session);
          session.remove(numbered);
        });
    assertThat(count("Numbered")).isZero();
  }

  @ParameterizedTest
  @EnumSource(Flush.class)
  void removesEntitiesLoadedAfterAnInsert(Flush flush) {
    for (Named entity : each()) {
      factory.inTransaction(session -> session.persist(named(entity, 1, "Ada")));
    }
    factory.inTransaction(
        session -> {
          List<Named> loaded = new ArrayList<>();
          for (Named fresh : each()) {
            loaded.add(session.find(fresh.getClass(), 1));
            session.persist(named(fresh, 2, "Grace"));
          }
          flush.run(session);
          loaded.forEach(session::remove);
          flush.run(session);
        });
    for (Named entity : each()) {
      assertThat(count(entity.getClass().getSimpleName())).isEqualTo(1);
      assertGreeted(entity.getClass(), 2, "Grace");
    }
  }

  @ParameterizedTest
  @EnumSource(Flush.class)
  void removesUpdatedEntities(Flush flush) {
    for (Named entity : each()) {
      factory.inTransaction(session -> session.persist(named(entity, 1, "Ada")));
      factory.inTransaction(
          session -> {
            Named loaded = session.find(entity.getClass(), 1);
            loaded.name = "Grace";
            flush.run(session);
            loaded.name = "Edsger";
            session.remove(loaded);
            flush.run(session);
          });
      assertThat(count(entity.getClass().getSimpleName())).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Flush.class)
  void removesOrphansAndCascades(Flush flush) {
    var parent = new Parent();
    for (int id = 1; id <= 3; id++) {
      parent.children.add(named(new Always(), id, "child" + id));
    }
    factory.inTransaction(
        session -> {
          session.persist(parent);
          flush.run(session);
          parent.children.remove(0);
          flush.run(session);
          parent.children.get(0).name = "Ada";
          parent.children.add(named(new Always(), 4, "Grace"));
          flush.run(session);
          parent.children.remove(1);
        });
    assertThat(count("Always")).isEqualTo(2);
    assertGreeted(Always.class, 2, "Ada");
    assertGreeted(Always.class, 4, "Grace");
    factory.inTransaction(
        session -> {
          Parent loaded = session.find(Parent.class, 0);
          loaded.children.add(named(new Always(), 5, "Alan"));
          flush.run(session);
          session.remove(loaded);
          flush.run(session);
        });
    assertThat(count("Always")).isZero();
    assertThat(count("Parent")).isZero();
  }

  @Test
  void keepsEntitiesRemovedAndPersistedBeforeTheFlush() {
    for (Named entity : List.of(new Always(), new Counting())) {
      factory.inTransaction(
          session -> {
            session.persist(named(entity, 1, "Ada"));
            session.flush();
            session.remove(entity);
            entity.name = "Grace";
            session.persist(entity);
          });
      assertGreeted(entity.getClass(), 1, "Grace");
    }
  }

  @Test
  void greetsAgainAfterRemovingRenamingAndPersisting() {
    for (Named entity : each()) {
      factory.inTransaction(
          session -> {
            session.persist(named(entity, 1, "Ada"));
            session.flush();
            session.remove(entity);
            session.flush();
            entity.name = "Grace";
            session.persist(entity);
          });
      assertGreeted(entity.getClass(), 1, "Grace");
      factory.inTransaction(
          session -> {
            Named loaded = session.find(entity.getClass(), 1);
            session.remove(loaded);
            session.flush();
            loaded.name = "Edsger";
            session.persist(loaded);
          });
      assertGreeted(entity.getClass(), 1, "Edsger");
    }
  }

  @Test
  void keepsApplicationValueWhenRemovedAndPersisted() {
    var entity = new Once();
    entity.greeting = "Welcome";
    entity.createdAt = 5;
    factory.inTransaction(
        session -> {
          session.persist(named(entity, 1, "Ada"));
          session.flush();
          session.remove(entity);
          session.flush();
          entity.name = "Grace";
          session.persist(entity);
        });
    assertThat(row(Once.class, 1))
        .extracting(o -> o.name, o -> o.greeting, o -> o.createdAt)
        .containsExactly("Grace", "Welcome", 5L);
  }

  @Test
  void greetsAgainWhenPersistedAfterAViolation() {
    for (Named entity : each()) {
      Class<? extends Named> type = entity.getClass();
      int index = each().stream().map(Object::getClass).toList().indexOf(type);
      factory.inTransaction(session -> session.persist(named(entity, 1, "Bob")));
      Named taken = each().get(index);
      Named beside = each().get(index);
      assertThatThrownBy(
              () ->
                  factory.inTransaction(
                      session -> {
                        session.persist(named(beside, 3, "Eve"));
                        session.persist(named(taken, 1, "Ada"));
                      }))
          .hasRootCauseInstanceOf(java.sql.SQLException.class);
      factory.inTransaction(
          session -> {
            session.persist(named(taken, 2, "Grace"));
            session.persist(named(beside, 3, "Mallory"));
          });
      assertGreeted(type, 1, "Bob");
      assertGreeted(type, 2, "Grace");
      assertGreeted(type, 3, "Mallory");
    }
  }

  @Test
  void keepsApplicationValueAfterARollback() {
    var entity = new Once();
    rollBack(session -> session.persist(named(entity, 1, "Ada")));
    assertThat(entity.greeting).isEqualTo("Hello, Ada!");
    entity.greeting = "Welcome";
    entity.createdAt = 5;
    entity.name = "Grace";
    factory.inTransaction(session -> session.persist(entity));
    assertThat(row(Once.class, 1))
        .extracting(o -> o.name, o -> o.greeting, o -> o.createdAt)
        .containsExactly("Grace", "Welcome", 5L);
  }

  private void rollBack(Consumer<Session> action) {
    factory.inSession(
        session -> {
          session.beginTransaction();
          action.accept(session);
          session.flush();
          session.getTransaction().rollback();
        });
  }

  @Test
  void setsANewTimeWhenPersistedAfterARollback() {
    var once = new Once();
    var answered = new Answered();
    rollBack(
        session -> {
          session.persist(named(once, 1, "Ada"));
          session.persist(named(answered, 1, "Ada"));
        });
    assertThat(once.createdAt).isPositive();
    assertThat(answered.createdAt).isPositive();
    long first = Math.max(once.createdAt, answered.createdAt);
    awaitServerTimeAfter(first);
    factory.inTransaction(
        session -> {
          session.persist(once);
          session.persist(answered);
        });
    assertThat(row(Once.class, 1).createdAt).isGreaterThan(first);
    assertThat(row(Answered.class, 1).createdAt).isGreaterThan(first);
  }

  private void awaitServerTimeAfter(long time) {
    factory.inSession(
        session -> {
          while (session.createSelectionQuery("select now_ms()", Long.class).getSingleResult()
              <= time) {
            Thread.onSpinWait();
          }
        });
  }

  @Test
  void greetsAgainAnIdentityPersistedAfterARollback() {
    var numbered = new Numbered();
    numbered.name = "Ada";
    rollBack(session -> session.persist(numbered));
    assertThat(numbered.greeting).isEqualTo("Hello, Ada!");
    numbered.id = null;
    numbered.name = "Grace";
    factory.inTransaction(session -> session.persist(numbered));
    assertThat(numbered.greeting).isEqualTo("Hello, Grace!");
    assertThat(
            factory.<String>fromSession(
                session ->
                    session
                        .createSelectionQuery("select greeting from Numbered", String.class)
                        .getSingleResult()))
        .isEqualTo("Hello, Grace!");
  }

  @Test
  void greetsAgainWhenMergedAfterARollback() {
    for (Class<? extends Named> type : List.of(Always.class, Counting.class)) {
      factory.inTransaction(
          session ->
              session.persist(
                  named(type == Always.class ? new Always() : new Counting(), 1, "Ada")));
      var detached = new ArrayList<Named>();
      rollBack(
          session -> {
            Named loaded = session.find(type, 1);
            loaded.name = "Grace";
            detached.add(loaded);
          });
      Named entity = detached.get(0);
      assertThat(entity.greeting()).isEqualTo("Hello, Grace!");
      entity.name = "Ada";
      if (entity instanceof Counting counting) {
        counting.version = 0;
      }
      factory.inTransaction(session -> session.merge(entity));
      assertGreeted(type, 1, "Ada");
      entity.name = "Edsger";
      if (entity instanceof Counting counting) {
        counting.version = row(Counting.class, 1).version;
      }
      factory.inTransaction(session -> session.merge(entity));
      assertGreeted(type, 1, "Edsger");
    }
  }

  @Test
  void greetsAgainWhenAStatelessSessionInsertsAgain(WireProxy proxy) {
    try (StatelessSession session = factory.openStatelessSession()) {
      session.setJdbcBatchSize(1);
      session.beginTransaction();
      session.createNativeQuery("select 1", Integer.class).getSingleResult();
      var entity = new Once();
      PgHelloSessions.prefetch(session, List.of(named(entity, 1, "Ada")));
      roundTrips(proxy, 1, () -> session.insert(entity));
      named(entity, 2, "Grace");
      roundTrips(proxy, 2, () -> session.insert(entity));
      // same name, different time
      named(entity, 3, "Grace");
      roundTrips(proxy, 2, () -> session.insert(entity));
      session.insert(named(new Settled(), 1, "Ada"));
      var settled = new Settled();
      session.insert(named(settled, 2, "Ada"));
      session
          .createNativeQuery("select set_config('pg_hello.repeat', '2', true)", String.class)
          .getSingleResult();
      session.insert(named(settled, 3, "Ada"));
      assertThat(settled.greeting).isEqualTo("Hello, Ada! Hello, Ada!");
      session.getTransaction().commit();
    }
    assertGreeted(Once.class, 1, "Ada");
    assertGreeted(Once.class, 2, "Grace");
    assertGreeted(Once.class, 3, "Grace");
  }

  /** Nulls represent fields that a form omits. */
  @Test
  void aMergedNullDoesNotReplaceTheInsertedValue(WireProxy proxy) {
    var once = new Once();
    once.audit = new Audit();
    once.audit.author = "Eve";
    var answered = new Answered();
    var counting = new Counting();
    factory.inTransaction(
        session -> {
          session.persist(named(once, 1, "Ada"));
          session.persist(named(answered, 1, "Ada"));
          session.persist(named(counting, 1, "Ada"));
        });
    factory.inTransaction(
        session -> {
          Once detached = named(new Once(), 1, "Grace");
          detached.audit = new Audit();
          Once merged = session.merge(detached);
          session.merge(named(new Answered(), 1, "Grace"));
          session.merge(named(new Counting(), 1, "Grace"));
          session.flush();
          assertThat(merged.greeting).isEqualTo("Hello, Ada!");
          roundTrips(proxy, 0, session::flush);
        });
    assertThat(row(Once.class, 1))
        .extracting(o -> o.name, o -> o.greeting, o -> o.createdAt)
        .containsExactly("Grace", "Hello, Ada!", once.createdAt);
    assertThat(requireNonNull(row(Once.class, 1).audit))
        .extracting(a -> a.author, a -> a.auditedAt)
        .containsExactly(null, requireNonNull(once.audit).auditedAt);
    assertThat(row(Answered.class, 1))
        .extracting(o -> o.name, o -> o.greeting, o -> o.createdAt)
        .containsExactly("Grace", "Hello, Ada!", answered.createdAt);
    assertThat(row(Counting.class, 1))
        .extracting(o -> o.name, o -> o.greeting, o -> o.createdAt, o -> o.version)
        .containsExactly("Grace", "Hello, Grace!", counting.createdAt, 1);
  }

  @Test
  void aNullIsNotAChange(WireProxy proxy) {
    var counting = new Counting();
    factory.inTransaction(session -> session.persist(named(counting, 1, "Ada")));
    factory.inTransaction(
        session -> {
          Counting loaded = session.find(Counting.class, 1);
          loaded.createdAt = null;
          roundTrips(proxy, 0, session::flush);
          assertThat(loaded.createdAt).isEqualTo(counting.createdAt);
          loaded.createdAt = 5L;
        });
    assertThat(row(Counting.class, 1))
        .extracting(c -> c.createdAt, c -> c.version)
        .containsExactly(5L, 1);
  }

  /** Rows that are older than the column have no greeting yet. */
  @Test
  void prefetchesNothingForUnchangedEntities(WireProxy proxy) {
    factory.inTransaction(
        session ->
            session
                .createNativeMutationQuery(
                    "insert into Always (id, name, changedAt)"
                        + " select i, repeat('x', 100) || i, 0 from generate_series(1, 500) i")
                .executeUpdate());
    factory.inTransaction(
        session -> {
          List<Always> loaded =
              session.createSelectionQuery("from Always order by id", Always.class).getResultList();
          session.persist(named(new Always(), 1_000, "Ada"));
          long bytes = proxy.bytesToServer();
          roundTrips(proxy, 2, session::flush);
          assertThat(proxy.bytesToServer() - bytes).isLessThan(5_000);
          // the written entities share one prefetch query
          IntStream.range(0, 10).forEach(i -> loaded.get(i).name = "new" + i);
          session.persist(named(new Always(), 1_001, "Grace"));
          roundTrips(proxy, 3, session::flush);
          assertThat(loaded.get(9).greeting).isEqualTo("Hello, new9!");
        });
    assertThat(
            factory.<Long>fromSession(
                session ->
                    session
                        .createSelectionQuery(
                            "select count(*) from Always where greeting is null", Long.class)
                        .getSingleResult()))
        .isEqualTo(490);
  }

  @Test
  void aSecondPrefetchKeepsTheFirst(WireProxy proxy) {
    try (StatelessSession session = factory.openStatelessSession()) {
      session.setJdbcBatchSize(1);
      session.beginTransaction();
      session.createNativeQuery("select 1", Integer.class).getSingleResult();
      Replaced first = named(new Replaced(), 1, "Ada");
      Replaced second = named(new Replaced(), 2, "Grace");
      PgHelloSessions.prefetch(session, List.of(first));
      roundTrips(proxy, 1, () -> PgHelloSessions.prefetch(session, List.of(second, second)));
      roundTrips(proxy, 0, () -> PgHelloSessions.prefetch(session, List.of(first, second)));
      roundTrips(proxy, 1, () -> session.insert(first));
      roundTrips(proxy, 1, () -> session.insert(second));
      session.getTransaction().commit();
    }
    assertGreeted(Replaced.class, 1, "Ada");
    assertGreeted(Replaced.class, 2, "Grace");
  }

  @Test
  void greetsTheNameThatIsInsertedAfterAPrefetch(WireProxy proxy) {
    try (StatelessSession session = factory.openStatelessSession()) {
      session.setJdbcBatchSize(1);
      session.beginTransaction();
      Once once = named(new Once(), 1, "Ada");
      Replaced replaced = named(new Replaced(), 1, "Ada");
      PgHelloSessions.prefetch(session, List.of(once, replaced));
      once.name = "Grace";
      replaced.name = "Grace";
      roundTrips(proxy, 2, () -> session.insert(once));
      roundTrips(proxy, 2, () -> session.insert(replaced));
      session.getTransaction().commit();
    }
    assertGreeted(Once.class, 1, "Grace");
    assertGreeted(Replaced.class, 1, "Grace");
  }

  /** Prefetched values are used only by the INSERT. */
  @Test
  void anUpdateOfAPrefetchedEntityComputesAgain() {
    factory.inTransaction(session -> session.persist(named(new Always(), 1, "Ada")));
    List<BiConsumer<StatelessSession, Object>> ways =
        List.of(StatelessSession::update, StatelessSession::upsert);
    for (BiConsumer<StatelessSession, Object> way : ways) {
      Always always = named(new Always(), 1, "Grace");
      factory.inStatelessTransaction(
          session -> {
            PgHelloSessions.prefetch(session, List.of(always));
            long prefetched = always.changedAt;
            awaitServerTimeAfter(prefetched);
            way.accept(session, always);
            assertThat(always.changedAt).isGreaterThan(prefetched);
          });
      assertGreeted(Always.class, 1, "Grace");
      assertThat(row(Always.class, 1).changedAt).isEqualTo(always.changedAt);
    }
  }

  /** A prefetched value that was discarded by an UPDATE is not used by a later INSERT. */
  @Test
  void anUpdateDiscardsPrefetchedValues(WireProxy proxy) {
    factory.inTransaction(session -> session.persist(named(new Always(), 1, "Ada")));
    Always always = named(new Always(), 1, "Grace");
    try (StatelessSession session = factory.openStatelessSession()) {
      session.setJdbcBatchSize(1);
      session.beginTransaction();
      PgHelloSessions.prefetch(session, List.of(always));
      session.update(always);
      long updated = always.changedAt;
      awaitServerTimeAfter(updated);
      named(always, 2, "Grace");
      roundTrips(proxy, 2, () -> session.insert(always));
      assertThat(always.changedAt).isGreaterThan(updated);
      session.getTransaction().commit();
    }
  }

  @Test
  void prefetchesDuplicatesOnce(WireProxy proxy) {
    try (StatelessSession session = factory.openStatelessSession()) {
      session.beginTransaction();
      session.createNativeQuery("select 1", Integer.class).getSingleResult();
      List<Once> twice = new ArrayList<>();
      IntStream.range(0, 8_193).forEach(i -> twice.add(named(new Once(), i, "user" + i)));
      twice.addAll(List.copyOf(twice));
      roundTrips(proxy, 1, () -> PgHelloSessions.prefetch(session, twice));
      session.getTransaction().rollback();
    }
  }

  @Test
  void prefetchesManyEntitiesInSeveralQueries(WireProxy proxy) {
    try (StatelessSession session = factory.openStatelessSession()) {
      session.beginTransaction();
      session.createNativeQuery("select 1", Integer.class).getSingleResult();
      List<Once> many =
          IntStream.range(0, 16_385).mapToObj(i -> named(new Once(), i, "user" + i)).toList();
      roundTrips(proxy, 2, () -> PgHelloSessions.prefetch(session, many));
      assertThat(many)
          .allSatisfy(each -> assertThat(each.greeting).isEqualTo("Hello, " + each.name + "!"));
      session.getTransaction().rollback();
    }
  }

  /** Frameworks inject such proxies instead of sessions. */
  @Test
  void prefetchesThroughASessionProxy(WireProxy proxy) {
    try (StatelessSession session = factory.openStatelessSession()) {
      session.setJdbcBatchSize(1);
      var proxied =
          (StatelessSession)
              Proxy.newProxyInstance(
                  getClass().getClassLoader(),
                  new Class<?>[] {StatelessSession.class},
                  (self, method, arguments) -> {
                    try {
                      return method.invoke(session, arguments);
                    } catch (InvocationTargetException e) {
                      throw requireNonNull(e.getCause());
                    }
                  });
      proxied.beginTransaction();
      proxied.createNativeQuery("select 1", Integer.class).getSingleResult();
      Once once = named(new Once(), 1, "Ada");
      roundTrips(proxy, 1, () -> PgHelloSessions.prefetch(proxied, List.of(once)));
      roundTrips(proxy, 1, () -> proxied.insert(once));
      proxied.getTransaction().commit();
    }
    assertGreeted(Once.class, 1, "Ada");
  }

  /** Hibernate inserts such an entity before it deletes the entity. */
  @Test
  void prefetchesOnceForEntitiesPersistedAndRemoved(WireProxy proxy) {
    factory.inTransaction(
        session -> {
          session.createNativeQuery("select 1", Integer.class).getSingleResult();
          List<Once> all =
              IntStream.range(0, 5).mapToObj(i -> named(new Once(), i, "user" + i)).toList();
          all.forEach(session::persist);
          all.forEach(session::remove);
          long before = proxy.roundTrips();
          session.flush();
          // no round trip if Hibernate neither inserts nor deletes the entity
          assertThat(proxy.roundTrips() - before).isIn(0L, 3L);
        });
  }

  /** A refresh replaces the earlier filled value. */
  @Test
  void aRefreshedGreetingCanCountAsSetByTheApplication() {
    Once once = named(new Once(), 1, "Ada");
    factory.inTransaction(
        session -> {
          session.persist(once);
          session.flush();
          session.createMutationQuery("update Once set name = 'Grace'").executeUpdate();
          session.refresh(once);
        });
    assertThat(once.name).isEqualTo("Grace");
    factory.inTransaction(session -> session.persist(named(once, 2, "Edsger")));
    assertThat(row(Once.class, 2).greeting).isEqualTo("Hello, Ada!");
  }

  /** The row has a new time, so the time of the INSERT now counts as set by the application. */
  @Test
  void aTimeSetAfterARefreshIsKept() {
    Once once = named(new Once(), 1, "Ada");
    factory.inTransaction(
        session -> {
          session.persist(once);
          session.flush();
          long made = once.createdAt;
          session.createMutationQuery("update Once set createdAt = 5").executeUpdate();
          session.refresh(once);
          assertThat(once.createdAt).isEqualTo(5);
          once.createdAt = made;
          session.flush();
          assertThat(once.createdAt).isEqualTo(made);
        });
    assertThat(row(Once.class, 1).createdAt).isEqualTo(once.createdAt).isNotEqualTo(5);
  }

  @Test
  void evictedRefreshedAndClearedEntitiesAreAsInTheirRows() {
    var once = new Once();
    var always = new Always();
    factory.inTransaction(
        session -> {
          session.persist(named(once, 1, "Ada"));
          session.persist(once);
          session.persist(named(always, 1, "Ada"));
          session.flush();
          once.greeting = "Welcome";
          session.refresh(once);
          assertThat(once.greeting).isEqualTo("Hello, Ada!");
          session.evict(always);
          always.name = "Grace";
          assertThat(session.merge(always)).isNotSameAs(always);
          session.flush();
          session.clear();
          Always loaded = session.find(Always.class, 1);
          loaded.name = "Edsger";
          session.flush();
          session.clear();
          assertThat(session.find(Always.class, 1).greeting).isEqualTo("Hello, Edsger!");
        });
    assertGreeted(Once.class, 1, "Ada");
  }

  @Test
  void aViolationIsHibernates() {
    factory.inTransaction(session -> session.persist(named(new Once(), 1, "Ada")));
    assertThatThrownBy(
            () -> factory.inTransaction(session -> session.persist(named(new Once(), 1, "Grace"))))
        .isInstanceOf(ConstraintViolationException.class);
  }

  private static void roundTrips(WireProxy proxy, long expected, Runnable action) {
    try {
      proxy.assertRoundTrips(expected, action::run);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
