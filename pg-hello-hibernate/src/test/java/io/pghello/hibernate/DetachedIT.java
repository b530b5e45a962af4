// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.CascadeType;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Inheritance;
import jakarta.persistence.MappedSuperclass;
import jakarta.persistence.OneToMany;
import jakarta.persistence.Version;
import java.lang.reflect.Method;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;
import org.hibernate.Hibernate;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.SessionFactoryObserver;
import org.hibernate.StatelessSession;
import org.hibernate.boot.registry.BootstrapServiceRegistryBuilder;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.engine.transaction.jta.platform.internal.NoJtaPlatform;
import org.hibernate.event.internal.DefaultMergeEventListener;
import org.hibernate.event.service.spi.DuplicationStrategy;
import org.hibernate.event.service.spi.EventListenerRegistry;
import org.hibernate.event.spi.EventType;
import org.hibernate.event.spi.MergeContext;
import org.hibernate.event.spi.MergeEvent;
import org.hibernate.event.spi.MergeEventListener;
import org.hibernate.event.spi.PostLoadEventListener;
import org.hibernate.exception.ConstraintViolationException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** Objects that were loaded or filled in one session and are written in another. */
@PgHelloTest
class DetachedIT {
  @MappedSuperclass
  abstract static class Named {
    @Id int id;
    @Nullable String name;

    abstract @Nullable String greeting();
  }

  /** An entity that is filled only on INSERT. */
  @Entity(name = "Once")
  static class Once extends Named {
    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis long createdAt;

    @Override
    @Nullable String greeting() {
      return greeting;
    }
  }

  /** Filled on every write; has a subclass with additional attributes. */
  @Entity(name = "Always")
  @Inheritance
  static class Always extends Named {
    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE})
    @Nullable String greeting;

    @NowMillis(event = {INSERT, UPDATE})
    long changedAt;

    @Override
    @Nullable String greeting() {
      return greeting;
    }
  }

  /** Has an additional greeting. */
  @Entity(name = "Twice")
  static class Twice extends Always {
    @WelcomeMessage(
        of = "name",
        repeat = 2,
        event = {INSERT, UPDATE})
    @Nullable String twice;
  }

  /** Like {@code Always}, with the values in an embedded object and an OffsetDateTime. */
  @Entity(name = "Audited")
  static class Audited extends Named {
    @Version int version;
    @Embedded @Nullable Audit audit;

    @Override
    @Nullable String greeting() {
      return audit == null ? null : audit.greeting;
    }
  }

  /** Filled whenever its entity is written. */
  @Embeddable
  static class Audit {
    @Nullable String auditor;

    @WelcomeMessage(
        of = "auditor",
        event = {INSERT, UPDATE})
    @Nullable String greeting;

    @NowMillis(event = {INSERT, UPDATE})
    @Nullable OffsetDateTime auditedAt;
  }

  /** An entity with values that the INSERT itself computes. */
  @Entity(name = "Answered")
  static class Answered extends Named {
    @Column(unique = true)
    @Nullable String key;

    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String greeting;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    @Nullable OffsetDateTime createdAt;

    @Override
    @Nullable String greeting() {
      return greeting;
    }
  }

  /** Has an IDENTITY identifier and cascaded associations. */
  @Entity(name = "Numbered")
  static class Numbered {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @WelcomeMessage(of = "name", repeat = 2, strategy = ValueStrategy.PREFETCH)
    @Nullable String twice;

    @NowMillis long createdAt;

    @OneToMany(cascade = CascadeType.ALL)
    List<Numbered> others = new ArrayList<>();

    Numbered() {}

    Numbered(String name) {
      this.name = name;
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
            Twice.class,
            Audited.class,
            Answered.class,
            Numbered.class);
  }

  @AfterEach
  void close() {
    factory.close();
  }

  private static <T extends Named> T named(T entity, int id, @Nullable String name) {
    entity.id = id;
    entity.name = name;
    return entity;
  }

  private <T extends Named> T row(Class<T> type, int id) {
    return requireNonNull(factory.fromSession(session -> session.find(type, id)));
  }

  private void assertGreeted(Class<? extends Named> type, int id, String name) {
    Named row = row(type, id);
    assertThat(row.name).isEqualTo(name);
    assertThat(row.greeting()).isEqualTo("Hello, " + name + "!");
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

  private void awaitServerTimeAfter(long time) {
    factory.inSession(
        session -> {
          while (session.createSelectionQuery("select now_ms()", Long.class).getSingleResult()
              <= time) {
            Thread.onSpinWait();
          }
        });
  }

  private void rename(int id, String name) {
    factory.inTransaction(session -> session.find(Always.class, id).name = name);
  }

  private static List<Function<Session, Always>> waysToLoad() {
    return List.of(
        session -> session.find(Always.class, 1),
        session ->
            session
                .createSelectionQuery("from Always where id = 1", Always.class)
                .getSingleResult(),
        session -> (Always) Hibernate.unproxy(loaded(session.getReference(Always.class, 1))),
        session -> {
          Always found = session.find(Always.class, 1);
          found.greeting = "Welcome";
          session.refresh(found);
          return found;
        },
        session -> {
          session.setDefaultReadOnly(true);
          return session.find(Always.class, 1);
        });
  }

  private static Object loaded(Object proxy) {
    Hibernate.initialize(proxy);
    return proxy;
  }

  @Test
  void greetsAgainWhenMergedTwice() {
    for (Function<Session, Always> way : waysToLoad()) {
      factory.inTransaction(
          session -> {
            session.createMutationQuery("delete from Always").executeUpdate();
            session.persist(named(new Twice(), 1, "Ada"));
          });
      var detached = (Twice) factory.fromSession(way);
      for (String name : List.of("Bob", "Grace", "Ada")) {
        long before = row(Always.class, 1).changedAt;
        awaitServerTimeAfter(before);
        detached.name = name;
        Always merged = factory.fromTransaction(session -> session.merge(detached));
        assertThat(merged.greeting).isEqualTo("Hello, " + name + "!");
        assertGreeted(Always.class, 1, name);
        assertThat(row(Twice.class, 1).twice)
            .isEqualTo("Hello, " + name + "! Hello, " + name + "!");
        assertThat(row(Always.class, 1).changedAt).isGreaterThan(before);
      }
    }
  }

  /** A merge compares the object with the row and finds nulls in the object. */
  @Test
  void greetsAgainIfNullAndAnotherSessionChangedTheRow() {
    factory.inTransaction(session -> session.persist(named(new Always(), 1, "Ada")));
    Always detached = row(Always.class, 1);
    rename(1, "Bob");
    long before = row(Always.class, 1).changedAt;
    awaitServerTimeAfter(before);
    detached.name = "Grace";
    factory.inTransaction(session -> session.merge(detached));
    assertThat(row(Always.class, 1))
        .extracting(a -> a.name, a -> a.greeting, a -> a.changedAt)
        .containsExactly("Grace", "Hello, Ada!", detached.changedAt);
    detached.greeting = null;
    detached.changedAt = 0;
    factory.inTransaction(session -> session.merge(detached));
    assertGreeted(Always.class, 1, "Grace");
    assertThat(row(Always.class, 1).changedAt).isGreaterThan(before);
  }

  @Test
  void keepsApplicationValueInALoadedObject() {
    factory.inTransaction(session -> session.persist(named(new Always(), 1, "Ada")));
    Always detached = row(Always.class, 1);
    for (String name : List.of("Bob", "Grace")) {
      detached.name = name;
      detached.greeting = "Welcome, " + name;
      detached.changedAt = 5L + name.length();
      factory.inTransaction(session -> session.merge(detached));
      assertThat(row(Always.class, 1))
          .extracting(a -> a.name, a -> a.greeting, a -> a.changedAt)
          .containsExactly(name, "Welcome, " + name, 5L + name.length());
    }
  }

  @Test
  void greetsAgainWhenEmbeddedAndMergedTwice() {
    var audited = new Audited();
    audited.audit = new Audit();
    audited.audit.auditor = "Ada";
    factory.inTransaction(session -> session.persist(named(audited, 1, "x")));
    Audited detached = row(Audited.class, 1);
    Audit audit = requireNonNull(detached.audit);
    for (String name : List.of("Bob", "Grace")) {
      Audited before = row(Audited.class, 1);
      long time = millis(before);
      awaitServerTimeAfter(time);
      audit.auditor = name;
      detached.version = before.version;
      factory.inTransaction(session -> session.merge(detached));
      assertThat(row(Audited.class, 1).greeting()).isEqualTo("Hello, " + name + "!");
      assertThat(millis(row(Audited.class, 1))).isGreaterThan(time);
    }
  }

  private static long millis(Audited audited) {
    return requireNonNull(requireNonNull(audited.audit).auditedAt).toInstant().toEpochMilli();
  }

  /** A JSON parser, for example, may change the offset of a time. */
  @Test
  void aTimeWithAnotherOffsetIsTheSame() {
    var audited = new Audited();
    audited.audit = new Audit();
    factory.inTransaction(session -> session.persist(named(audited, 1, "Ada")));
    Audited row = row(Audited.class, 1);
    awaitServerTimeAfter(millis(row));
    Audited copy = named(new Audited(), 1, "Grace");
    copy.audit = new Audit();
    OffsetDateTime time = requireNonNull(requireNonNull(row.audit).auditedAt);
    copy.audit.auditedAt = time.withOffsetSameInstant(ZoneOffset.ofHours(9));
    factory.inTransaction(session -> session.merge(copy));
    assertThat(millis(row(Audited.class, 1))).isGreaterThan(millis(row));

    Answered answered = new Answered();
    rollBack(session -> session.persist(named(answered, 1, "Ada")));
    OffsetDateTime first = requireNonNull(answered.createdAt);
    answered.createdAt = first.withOffsetSameInstant(ZoneOffset.ofHours(-3));
    awaitServerTimeAfter(first.toInstant().toEpochMilli());
    factory.inTransaction(session -> session.persist(answered));
    assertThat(requireNonNull(row(Answered.class, 1).createdAt).toInstant())
        .isAfter(first.toInstant());
  }

  @Test
  void greetsAgainACopyWithAnotherIdentifier() {
    factory.inTransaction(
        session -> {
          session.persist(named(new Once(), 1, "Ada"));
          session.persist(named(new Always(), 1, "Ada"));
          session.persist(named(new Answered(), 1, "Ada"));
        });
    for (Class<? extends Named> type : List.of(Once.class, Always.class, Answered.class)) {
      factory.inTransaction(
          session -> {
            Named copy = session.find(type, 1);
            session.detach(copy);
            session.persist(named(copy, 2, "Grace"));
          });
      Named removed =
          factory.fromTransaction(
              session -> {
                Named found = session.find(type, 2);
                session.remove(found);
                return found;
              });
      factory.inTransaction(session -> session.persist(named(removed, 3, "Edsger")));
      assertGreeted(type, 1, "Ada");
      assertGreeted(type, 3, "Edsger");
      // its session is closed, and there is no row for a comparison
      Named stored = row(type, 1);
      factory.inTransaction(session -> session.merge(named(stored, 4, "Alan")));
      assertThat(row(type, 4).greeting()).isEqualTo("Hello, Ada!");
    }
  }

  /** Applications make such copies to move rows to another table or database, for example. */
  @Test
  void keepsTimeAndApplicationValueInACopy() {
    var once = new Once();
    once.greeting = "Welcome";
    factory.inTransaction(session -> session.persist(named(once, 1, "Ada")));
    Once copy = row(Once.class, 1);
    awaitServerTimeAfter(once.createdAt);
    factory.inTransaction(session -> session.persist(named(copy, 2, "Grace")));
    assertThat(row(Once.class, 2))
        .extracting(o -> o.name, o -> o.greeting, o -> o.createdAt)
        .containsExactly("Grace", "Welcome", once.createdAt);
  }

  @Test
  void greetsAgainWhenMergedIntoAProxy() {
    var detached = new Always();
    rollBack(session -> session.persist(named(detached, 1, "Grace")));
    assertThat(detached.greeting).isEqualTo("Hello, Grace!");
    factory.inTransaction(session -> session.persist(named(new Always(), 1, "Ada")));
    factory.inTransaction(
        session -> {
          Always proxy = session.getReference(Always.class, 1);
          detached.name = "Edsger";
          assertThat(session.merge(detached)).isSameAs(proxy);
        });
    assertGreeted(Always.class, 1, "Edsger");
  }

  private Numbered numbered(String name) {
    return factory.fromSession(
        session ->
            session
                .createSelectionQuery("from Numbered where name = :name", Numbered.class)
                .setParameter("name", name)
                .getSingleResult());
  }

  private void assertNumbered(String name, long after) {
    Numbered row = numbered(name);
    assertThat(row.greeting).isEqualTo("Hello, " + name + "!");
    assertThat(row.twice).isEqualTo("Hello, " + name + "! Hello, " + name + "!");
    assertThat(row.createdAt).isGreaterThan(after);
  }

  @Test
  void greetsAgainAnIdentityMergedAfterARollback() {
    var numbered = new Numbered("Ada");
    numbered.others.add(new Numbered("Bob"));
    numbered.others.get(0).others.add(new Numbered("Eve"));
    rollBack(session -> session.persist(numbered));
    assertThat(numbered.greeting).isEqualTo("Hello, Ada!");
    long first = numbered.createdAt;
    awaitServerTimeAfter(first);
    factory.inSession(
        session -> {
          session.beginTransaction();
          numbered.id = 999L;
          numbered.others.get(0).id = null;
          // the merge fails or inserts a row, depending on the Hibernate version
          try {
            session.merge(numbered);
          } catch (RuntimeException e) {
            assertThat(e).isNotNull();
          }
          session.getTransaction().rollback();
        });
    numbered.id = null;
    numbered.name = "Grace";
    Numbered other = numbered.others.get(0);
    other.id = null;
    other.name = "Edsger";
    other.others.get(0).id = null;
    other.others.get(0).name = "Alan";
    Numbered merged = factory.fromTransaction(session -> session.merge(numbered));
    assertThat(merged.greeting).isEqualTo("Hello, Grace!");
    assertNumbered("Grace", first);
    assertNumbered("Edsger", first);
    assertNumbered("Alan", first);
  }

  @Test
  void keepsApplicationValueInAMergedIdentity() {
    var numbered = new Numbered("Ada");
    rollBack(session -> session.persist(numbered));
    numbered.id = null;
    numbered.name = "Grace";
    numbered.greeting = "Welcome";
    numbered.createdAt = 5;
    factory.inTransaction(session -> session.merge(numbered));
    assertThat(numbered("Grace"))
        .extracting(n -> n.greeting, n -> n.twice, n -> n.createdAt)
        .containsExactly("Welcome", "Hello, Grace! Hello, Grace!", 5L);
  }

  /** This happens, for example, if an application's listener calls {@code merge}. */
  @Test
  void mergesWhileItMerges() {
    var numbered = new Numbered("Ada");
    numbered.others.add(new Numbered("Bob"));
    rollBack(session -> session.persist(numbered));
    long first = numbered.createdAt;
    awaitServerTimeAfter(first);
    var other = new Once();
    factory.inTransaction(session -> session.persist(named(other, 1, "Eve")));
    MergeEventListener nested =
        new MergeEventListener() {
          @Override
          public void onMerge(MergeEvent event) {
            onMerge(event, null);
          }

          @Override
          public void onMerge(MergeEvent event, @Nullable MergeContext copiedAlready) {
            if (event.getOriginal() instanceof Numbered) {
              event.getSession().merge(other);
            }
          }
        };
    factory
        .unwrap(SessionFactoryImplementor.class)
        .getServiceRegistry()
        .requireService(EventListenerRegistry.class)
        .prependListeners(EventType.MERGE, nested);
    for (Numbered each : List.of(numbered, numbered.others.get(0))) {
      each.id = null;
      each.name += "x";
    }
    factory.inTransaction(session -> session.merge(numbered));
    assertNumbered("Adax", first);
    assertNumbered("Bobx", first);
  }

  static boolean hasUpdate() {
    return Arrays.stream(Session.class.getMethods())
        .anyMatch(method -> method.getName().equals("update"));
  }

  @Test
  @EnabledIf(value = "hasUpdate", disabledReason = "Hibernate 7 has no Session.update")
  void keepsApplicationValueInAnUpdatedDetachedObject(WireProxy proxy) throws Exception {
    Method update = Session.class.getMethod("update", Object.class);
    List<Always> detached = new ArrayList<>();
    factory.inTransaction(
        session -> {
          for (int id = 1; id <= 5; id++) {
            session.persist(named(new Always(), id, "user" + id));
          }
        });
    for (int id = 1; id <= 5; id++) {
      detached.add(row(Always.class, id));
    }
    detached.get(0).greeting = "Welcome";
    detached.get(0).changedAt = 5;
    long before = detached.get(1).changedAt;
    detached.get(1).name = "Ada";
    detached.get(2).name = "Grace";
    // the session of these entities is closed and their rows are not read, so their loaded values
    // are unknown
    for (Always each : detached.subList(1, 3)) {
      each.greeting = null;
      each.changedAt = 0;
    }
    detached.get(3).changedAt = 0;
    awaitServerTimeAfter(before);
    factory.inSession(
        session -> {
          session.beginTransaction();
          session.createNativeQuery("select 1", Integer.class).getSingleResult();
          for (Always each : detached) {
            try {
              update.invoke(session, each);
            } catch (ReflectiveOperationException e) {
              throw new LinkageError("Session.update", e);
            }
          }
          roundTrips(proxy, 2, session::flush);
          session.getTransaction().commit();
        });
    assertThat(row(Always.class, 1))
        .extracting(a -> a.greeting, a -> a.changedAt)
        .containsExactly("Welcome", 5L);
    assertGreeted(Always.class, 2, "Ada");
    assertGreeted(Always.class, 3, "Grace");
    assertGreeted(Always.class, 4, "user4");
    assertThat(row(Always.class, 4).changedAt).isGreaterThan(before);
  }

  @Test
  void greetsAgainAfterSeveralRollbacks() {
    var answered = new Answered();
    var numbered = new Numbered();
    long first = 0;
    for (String name : List.of("Ada", "Bob", "Eve", "Grace")) {
      numbered.id = null;
      numbered.name = name;
      rollBack(
          session -> {
            session.persist(named(answered, 1, name));
            session.persist(numbered);
          });
      assertThat(answered.greeting).isEqualTo("Hello, " + name + "!");
      assertThat(numbered.greeting).isEqualTo("Hello, " + name + "!");
      assertThat(numbered.createdAt).isGreaterThan(first);
      first = numbered.createdAt;
      awaitServerTimeAfter(first);
    }
  }

  @Test
  void greetsAgainAfterARollbackAndAnError() {
    Answered taken = named(new Answered(), 1, "Bob");
    taken.key = "taken";
    factory.inTransaction(session -> session.persist(taken));
    var answered = new Answered();
    rollBack(session -> session.persist(named(answered, 2, "Ada")));
    OffsetDateTime first = requireNonNull(answered.createdAt);
    awaitServerTimeAfter(first.toInstant().toEpochMilli());
    answered.key = "taken";
    for (String name : List.of("Grace", "Edsger")) {
      assertThatThrownBy(
              () ->
                  factory.inTransaction(
                      session -> {
                        session.persist(named(answered, 2, name));
                        session.flush();
                      }))
          .isInstanceOf(ConstraintViolationException.class);
    }
    answered.key = "free";
    factory.inTransaction(session -> session.persist(named(answered, 2, "Alan")));
    assertGreeted(Answered.class, 2, "Alan");
    assertThat(requireNonNull(row(Answered.class, 2).createdAt).toInstant())
        .isAfter(first.toInstant());
  }

  /** The marker in the INSERT of one entity is not used as the time of another. */
  @Test
  void fillsBothKindsInOneFlush() {
    var answered = new Answered();
    var once = new Once();
    factory.inTransaction(
        session -> {
          session.persist(named(answered, 1, "Ada"));
          session.persist(named(once, 1, "Ada"));
        });
    assertThat(requireNonNull(answered.createdAt).toInstant().toEpochMilli())
        .isCloseTo(once.createdAt, within(3_600_000L));
  }

  @Test
  void greetsAgainWhenAStatelessSessionInsertsWithAnotherName() {
    var answered = new Answered();
    rollBack(session -> session.persist(named(answered, 1, "Ada")));
    try (StatelessSession session = factory.openStatelessSession()) {
      session.beginTransaction();
      session.insert(named(answered, 2, "Bob"));
      session.insert(named(answered, 3, "Grace"));
      session.getTransaction().commit();
    }
    factory.inTransaction(session -> session.persist(named(answered, 4, "Alan")));
    assertGreeted(Answered.class, 2, "Bob");
    assertGreeted(Answered.class, 3, "Grace");
    assertGreeted(Answered.class, 4, "Alan");
  }

  /** The merge keeps values created by the INSERT, but the row no longer has any. */
  @Test
  void mergesOverErasedValues() {
    Once once = named(new Once(), 1, "Ada");
    factory.inTransaction(session -> session.persist(once));
    long created = once.createdAt;
    factory.inTransaction(
        session ->
            session
                .createMutationQuery("update Once set createdAt = 0, greeting = null")
                .executeUpdate());
    factory.inTransaction(session -> session.merge(once));
    assertThat(row(Once.class, 1).createdAt).isEqualTo(created);
    assertGreeted(Once.class, 1, "Ada");
  }

  /** The marker of a failed INSERT does not count as a filled value of the next one. */
  @Test
  void keepsApplicationValueAfterAFailedInsert() {
    Answered taken = named(new Answered(), 1, "Bob");
    taken.key = "taken";
    factory.inTransaction(session -> session.persist(taken));
    Answered answered = named(new Answered(), 2, "Ada");
    answered.key = "taken";
    assertThatThrownBy(
            () ->
                factory.inTransaction(
                    session -> {
                      session.persist(answered);
                      session.flush();
                    }))
        .isInstanceOf(ConstraintViolationException.class);
    answered.key = "free";
    answered.name = "Grace";
    answered.greeting = "Welcome";
    factory.inTransaction(session -> session.persist(answered));
    assertThat(row(Answered.class, 2).greeting).isEqualTo("Welcome");
  }

  /** An application may continue to use the session after a failed merge. */
  @Test
  void endsAFailedMerge() {
    var numbered = new Numbered("Ada");
    factory.inTransaction(session -> session.persist(numbered));
    PostLoadEventListener failing =
        event -> {
          if (event.getEntity() instanceof Numbered) {
            throw new UnsupportedOperationException("by a listener");
          }
        };
    factory
        .unwrap(SessionFactoryImplementor.class)
        .getServiceRegistry()
        .requireService(EventListenerRegistry.class)
        .appendListeners(EventType.POST_LOAD, failing);
    factory.inSession(
        session -> {
          session.beginTransaction();
          assertThatThrownBy(() -> session.merge(numbered)).hasMessageContaining("by a listener");
          var another = new Numbered("Grace");
          another.greeting = numbered.greeting;
          session.persist(another);
          assertThat(another.greeting).isEqualTo("Hello, Ada!");
          session.getTransaction().rollback();
        });
  }

  /** Such an integrator runs after the integrator of this module. */
  @Test
  void usesAMergeListenerReplacedByAnotherIntegrator(DataSource dataSource) {
    var merged = new ArrayList<Object>();
    SessionFactoryObserver replacing =
        new SessionFactoryObserver() {
          @Override
          public void sessionFactoryCreated(SessionFactory created) {
            replaceMergeListener(created.unwrap(SessionFactoryImplementor.class), merged);
          }
        };
    var configuration =
        new Configuration(new BootstrapServiceRegistryBuilder().build())
            .addAnnotatedClass(Numbered.class);
    configuration.setSessionFactoryObserver(replacing);
    configuration.getProperties().put("hibernate.connection.datasource", dataSource);
    configuration.getProperties().put("hibernate.transaction.jta.platform", NoJtaPlatform.INSTANCE);
    try (SessionFactory other = configuration.buildSessionFactory()) {
      other.inTransaction(session -> session.merge(new Numbered("Ada")));
    }
    assertThat(merged).hasSize(1);
    assertThat(numbered("Ada").greeting).isEqualTo("Hello, Ada!");
  }

  private static void replaceMergeListener(SessionFactoryImplementor factory, List<Object> merged) {
    EventListenerRegistry listeners =
        factory.getServiceRegistry().requireService(EventListenerRegistry.class);
    listeners.addDuplicationStrategy(
        new DuplicationStrategy() {
          @Override
          public boolean areMatch(Object listener, Object original) {
            return listener instanceof DefaultMergeEventListener
                && original instanceof DefaultMergeEventListener;
          }

          @Override
          public Action getAction() {
            return Action.REPLACE_ORIGINAL;
          }
        });
    listeners.appendListeners(
        EventType.MERGE,
        new DefaultMergeEventListener() {
          @Override
          public void onMerge(MergeEvent event) {
            merged.add(event.getOriginal());
            super.onMerge(event);
          }
        });
  }

  /** A nested merge that has failed ends together with the outer merge. */
  @Test
  void endsAMergeWithAFailedNestedMerge() {
    var numbered = new Numbered("Ada");
    factory.inTransaction(session -> session.persist(numbered));
    PostLoadEventListener failing =
        event -> {
          if (event.getEntity() instanceof Numbered) {
            assertThatThrownBy(() -> ((Session) event.getSession()).merge(new Object()))
                .isInstanceOf(IllegalArgumentException.class);
          }
        };
    factory
        .unwrap(SessionFactoryImplementor.class)
        .getServiceRegistry()
        .requireService(EventListenerRegistry.class)
        .appendListeners(EventType.POST_LOAD, failing);
    factory.inSession(
        session -> {
          session.beginTransaction();
          session.merge(numbered);
          var another = new Numbered("Grace");
          another.greeting = numbered.greeting;
          session.persist(another);
          assertThat(another.greeting).isEqualTo("Hello, Ada!");
          session.getTransaction().rollback();
        });
  }

  @Test
  void keepsFilledValueRestoredByTheApplication() {
    var once = new Once();
    var always = new Always();
    factory.inTransaction(
        session -> {
          session.persist(named(once, 1, "Ada"));
          session.persist(named(always, 1, "Ada"));
          session.flush();
          long created = once.createdAt;
          long changed = always.changedAt;
          once.createdAt = 5;
          always.changedAt = 5;
          always.greeting = "Welcome";
          session.flush();
          assertThat(always.changedAt).isEqualTo(5);
          once.createdAt = created;
          always.changedAt = changed;
          always.greeting = "Hello, Ada!";
          always.name = "Grace";
          session.flush();
          assertThat(once.createdAt).isEqualTo(created);
          assertThat(always.changedAt).isEqualTo(changed);
          assertThat(always.greeting).isEqualTo("Hello, Ada!");
        });
    long created = once.createdAt;
    once.createdAt = 5;
    factory.inTransaction(session -> session.merge(once));
    once.createdAt = created;
    factory.inTransaction(session -> session.merge(once));
    assertThat(row(Once.class, 1).createdAt).isEqualTo(created);
  }

  @Test
  void keepsFilledValueRestoredAfterAMerge() {
    Once once = named(new Once(), 1, "Ada");
    factory.inTransaction(session -> session.persist(once));
    long created = once.createdAt;
    for (long time : List.of(5L, created)) {
      once.createdAt = time;
      factory.inTransaction(session -> session.merge(once));
      assertThat(row(Once.class, 1).createdAt).isEqualTo(time);
    }
  }

  @Test
  void keepsFilledValueRestoredAfterAnInsert() {
    Once once = named(new Once(), 1, "Ada");
    rollBack(session -> session.persist(once));
    once.greeting = "Welcome";
    rollBack(session -> session.persist(once));
    once.greeting = "Hello, Ada!";
    factory.inTransaction(session -> session.persist(named(once, 2, "Grace")));
    assertThat(row(Once.class, 2).greeting).isEqualTo("Hello, Ada!");
  }

  @Test
  void loadingAndMergingTakeNoAdditionalRoundTrips(WireProxy proxy) throws Exception {
    factory.inTransaction(session -> session.persist(named(new Always(), 1, "Ada")));
    factory.inSession(
        session -> {
          session.beginTransaction();
          roundTrips(proxy, 2, () -> session.find(Always.class, 1));
          roundTrips(proxy, 0, session::flush);
          session.getTransaction().rollback();
        });
    Always detached = row(Always.class, 1);
    factory.inSession(
        session -> {
          session.beginTransaction();
          detached.name = "Grace";
          roundTrips(proxy, 2, () -> session.merge(detached));
          roundTrips(proxy, 2, session::flush);
          session.getTransaction().commit();
        });
  }

  private static void roundTrips(WireProxy proxy, long expected, Runnable action) {
    try {
      proxy.assertRoundTrips(expected, action::run);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
