// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Inheritance;
import jakarta.persistence.InheritanceType;
import jakarta.persistence.OptimisticLockException;
import jakarta.persistence.SecondaryTable;
import jakarta.persistence.Version;
import java.lang.reflect.Method;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.MappingException;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;
import org.hibernate.annotations.DynamicInsert;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.Immutable;
import org.hibernate.annotations.OptimisticLockType;
import org.hibernate.annotations.OptimisticLocking;
import org.hibernate.annotations.SQLInsert;
import org.hibernate.exception.ConstraintViolationException;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** Tests values together with settings that determine which columns are written, and when. */
@PgHelloTest
class WritingIT {
  /** Has a version. */
  @Entity(name = "Document")
  static class Document {
    @Id int id;
    @Version int version;
    String title;

    // region update
    @WelcomeMessage(
        of = "title",
        event = {EventType.INSERT, EventType.UPDATE})
    @Nullable String greeting;

    // endregion

    @WelcomeMessage(of = "title", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    // region changed
    @NowMillis(event = {EventType.INSERT, EventType.UPDATE})
    long changedAt;

    // endregion

    Document() {}

    Document(int id, String title) {
      this.id = id;
      this.title = title;
    }
  }

  /** Uses dynamic inserts. */
  @Entity(name = "Sparse")
  @DynamicInsert
  static class Sparse {
    @Id int id;
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String prefetched;

    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    @NowMillis long prefetchedAt;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    @Nullable Long returnedAt;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    @Nullable Instant returnedInstant;

    Sparse() {}

    Sparse(int id, @Nullable String name) {
      this.id = id;
      this.name = name;
    }
  }

  /** Like {@code Sparse}, with an IDENTITY identifier. */
  @Entity(name = "CountedSparse")
  @DynamicInsert
  static class CountedSparse {
    // region identity
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis long createdAt;

    // endregion
  }

  /** Uses dynamic updates. */
  @Entity(name = "Patched")
  @DynamicUpdate
  static class Patched {
    @Id int id;
    String name;
    @Nullable String other;

    @WelcomeMessage(
        of = "name",
        event = {EventType.INSERT, EventType.UPDATE})
    @Nullable String greeting;

    @NowMillis(event = {EventType.INSERT, EventType.UPDATE})
    long changedAt;

    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    Patched() {}

    Patched(int id, String name) {
      this.id = id;
      this.name = name;
    }
  }

  /** Like {@code Patched}, with the values in an embedded object. */
  @Entity(name = "PatchedInside")
  @DynamicUpdate
  static class PatchedInside {
    @Id int id;
    @Nullable String other;
    @Embedded @Nullable Stamp stamp;
  }

  /** Filled whenever its entity is written. */
  @Embeddable
  static class Stamp {
    @Nullable String name;

    @WelcomeMessage(
        of = "name",
        event = {EventType.INSERT, EventType.UPDATE})
    @Nullable String greeting;

    @NowMillis(event = {EventType.INSERT, EventType.UPDATE})
    long changedAt;
  }

  /** Uses optimistic locking of changed columns. */
  @Entity(name = "Guarded")
  @DynamicUpdate
  @OptimisticLocking(type = OptimisticLockType.DIRTY)
  static class Guarded {
    @Id int id;
    String name;

    @WelcomeMessage(
        of = "name",
        event = {EventType.INSERT, EventType.UPDATE})
    @Nullable String greeting;

    @NowMillis(event = {EventType.INSERT, EventType.UPDATE})
    long changedAt;

    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    Guarded() {}

    Guarded(int id, String name) {
      this.id = id;
      this.name = name;
    }
  }

  /** Immutable. */
  @Entity(name = "Fact")
  @Immutable
  static class Fact {
    @Id int id;
    String name;

    @WelcomeMessage(of = "name")
    @Nullable String prefetched;

    @NowMillis long createdAt;

    Fact() {}

    Fact(int id, String name) {
      this.id = id;
      this.name = name;
    }
  }

  /** Immutable, with an IDENTITY identifier. */
  @Entity(name = "CountedFact")
  @Immutable
  static class CountedFact {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    CountedFact() {}

    CountedFact(String name) {
      this.name = name;
    }
  }

  /** Immutable, with strategy RETURNING. */
  @Entity(name = "ReturnedFact")
  @Immutable
  static class ReturnedFact {
    @Id int id;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    long createdAt;
  }

  /** Its columns are NOT NULL. */
  @Entity(name = "Required")
  static class Required {
    @Id int id;
    @Nullable String name;

    @Column(nullable = false)
    @WelcomeMessage(of = "name")
    @Nullable String prefetched;

    @Column(nullable = false)
    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    @Column(nullable = false)
    @NowMillis
    @Nullable Long prefetchedAt;

    @Column(nullable = false)
    @NowMillis(strategy = ValueStrategy.RETURNING)
    @Nullable Long returnedAt;

    Required() {}

    Required(int id, @Nullable String name) {
      this.id = id;
      this.name = name;
    }
  }

  /** Has a secondary table that contains only times. */
  @Entity(name = "Logged")
  @SecondaryTable(name = "logged_times")
  static class Logged {
    @Id int id;

    @Column(table = "logged_times")
    @NowMillis(strategy = ValueStrategy.RETURNING)
    @Nullable Long returnedAt;

    Logged() {}

    Logged(int id) {
      this.id = id;
    }
  }

  /** Inserted by custom SQL that does not contain the write expression. */
  @Entity(name = "Custom")
  @SQLInsert(sql = "insert into Custom (at, greeting, name) values (?, ?, ?)")
  static class Custom {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @NowMillis long at;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    String name;
  }

  /** Like {@code Custom}, with strategy RETURNING. */
  @Entity(name = "ReturnedCustom")
  @SQLInsert(sql = "insert into ReturnedCustom (greeting, name, id) values (?, ?, ?)")
  static class ReturnedCustom {
    @Id int id;

    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String greeting;

    String name;
  }

  /** Has custom SQL for the INSERT into a secondary table. */
  @Entity(name = "SplitCustom")
  @SecondaryTable(name = "split_custom_more")
  @SQLInsert(
      table = "split_custom_more",
      sql = "insert into split_custom_more (greeting, id) values (?, ?)")
  static class SplitCustom {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    String name;

    @Column(table = "split_custom_more")
    @WelcomeMessage(of = "name")
    @Nullable String greeting;
  }

  /** The root of a hierarchy in which a subclass has custom SQL. */
  @Entity(name = "PlainRoot")
  @Inheritance(strategy = InheritanceType.JOINED)
  static class PlainRoot {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;
  }

  /** Its own value is inserted by custom SQL. */
  @Entity(name = "CustomSub")
  @SQLInsert(sql = "insert into CustomSub (twice, id) values (?, ?)")
  static class CustomSub extends PlainRoot {
    @WelcomeMessage(of = "name", repeat = 2)
    @Nullable String twice;
  }

  @Test
  void doesNotChangeCustomSql(DataSource dataSource) {
    try (SessionFactory factory =
        Factories.open(
            dataSource,
            Map.of(),
            Custom.class,
            SplitCustom.class,
            PlainRoot.class,
            CustomSub.class)) {
      var custom = new Custom();
      var split = new SplitCustom();
      var sub = new CustomSub();
      custom.name = "Ada";
      split.name = "Ada";
      sub.name = "Ada";
      factory.inTransaction(
          session -> {
            session.persist(custom);
            session.persist(split);
            session.persist(sub);
          });
      factory.inTransaction(
          session -> {
            Custom row = session.find(Custom.class, custom.id);
            assertThat(row.greeting).isEqualTo("Hello, Ada!").isEqualTo(custom.greeting);
            assertThat(row.at)
                .isPositive()
                .isLessThan(System.currentTimeMillis() + 60_000)
                .isEqualTo(custom.at);
            assertThat(session.find(SplitCustom.class, split.id).greeting).isEqualTo("Hello, Ada!");
            assertThat(session.find(CustomSub.class, sub.id))
                .extracting(s -> s.greeting, s -> s.twice)
                .containsExactly("Hello, Ada!", "Hello, Ada! Hello, Ada!");
          });
    }
    assertThatThrownBy(() -> Factories.open(dataSource, Map.of(), ReturnedCustom.class).close())
        .isInstanceOf(MappingException.class)
        .hasMessage(
            "@WelcomeMessage on ReturnedCustom.greeting has strategy = RETURNING, but the entity"
                + " has an @SQLInsert without an expression for the value; use PREFETCH.");
  }

  @Test
  void filledValuesAreNotCountedAsChanges(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Document.class)) {
      var document = new Document(1, "a");
      factory.inTransaction(
          session -> {
            connect(session);
            session.persist(document);
            roundTrips(proxy, 2, session::flush);
            roundTrips(proxy, 0, session::flush);
          });
      assertThat(document.version).isZero();
      assertThat(find(factory, Document.class).version).isZero();
      factory.inTransaction(
          session -> {
            Document loaded = session.find(Document.class, 1);
            roundTrips(proxy, 0, session::flush);
            loaded.title = "b";
            roundTrips(proxy, 2, session::flush);
            roundTrips(proxy, 0, session::flush);
            assertThat(loaded.version).isEqualTo(1);
            assertThat(loaded.greeting).isEqualTo("Hello, b!");
          });
      Document row = find(factory, Document.class);
      assertThat(row.version).isEqualTo(1);
      assertThat(row)
          .extracting(d -> d.greeting, d -> d.returned)
          .containsExactly("Hello, b!", "Hello, a!");
      assertThat(row.changedAt).isGreaterThan(document.changedAt);
    }
  }

  /** If the changes are unknown, Hibernate assumes that only generated attributes have changed. */
  @Test
  void losesNoChangesUpdatedByAStatelessSession(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory =
        Factories.open(dataSource, Map.of(), Patched.class, PatchedInside.class)) {
      var patched = new Patched(1, "Ada");
      var inside = new PatchedInside();
      inside.id = 1;
      inside.stamp = new Stamp();
      inside.stamp.name = "Ada";
      long inserted;
      try (StatelessSession session = factory.openStatelessSession()) {
        session.beginTransaction();
        session.insert(patched);
        session.insert(inside);
        inserted = patched.changedAt;
        patched.name = "Bob";
        patched.other = "changed";
        inside.stamp.name = "Bob";
        inside.other = "changed";
        // a prefetch query and an UPDATE each
        roundTrips(
            proxy,
            4,
            () -> {
              session.update(patched);
              session.update(inside);
            });
        session.getTransaction().commit();
      }
      assertThat(List.of(patched, find(factory, Patched.class)))
          .allSatisfy(
              each -> {
                assertThat(each.name).isEqualTo("Bob");
                assertThat(each.other).isEqualTo("changed");
                assertThat(each.greeting).isEqualTo("Hello, Bob!");
                assertThat(each.changedAt).isEqualTo(patched.changedAt);
              });
      assertThat(patched.changedAt).isGreaterThanOrEqualTo(inserted);
      assertThat(List.of(inside, find(factory, PatchedInside.class)))
          .allSatisfy(
              each -> {
                assertThat(each.other).isEqualTo("changed");
                assertThat(requireNonNull(each.stamp).name).isEqualTo("Bob");
                assertThat(each.stamp.greeting).isEqualTo("Hello, Bob!");
                assertThat(each.stamp.changedAt)
                    .isEqualTo(requireNonNull(inside.stamp).changedAt)
                    .isPositive();
              });
    }
  }

  /** The second update replaces the value filled by the first one. */
  @Test
  void aStatelessSessionUpdatesOneObjectTwice(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Patched.class)) {
      factory.inTransaction(session -> session.persist(new Patched(1, "Ada")));
      Patched patched = find(factory, Patched.class);
      factory.inStatelessTransaction(
          session -> {
            for (String name : List.of("Bob", "Grace")) {
              patched.name = name;
              session.update(patched);
              assertThat(patched.greeting).isEqualTo("Hello, " + name + "!");
            }
          });
      assertThat(find(factory, Patched.class))
          .extracting(o -> o.name, o -> o.greeting)
          .containsExactly("Grace", "Hello, Grace!");
    }
  }

  @Test
  void losesNoChangesUpsertedByAStatelessSession(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Patched.class)) {
      factory.inTransaction(session -> session.persist(new Patched(1, "Ada")));
      var patched = new Patched(1, "Bob");
      patched.other = "changed";
      try (StatelessSession session = factory.openStatelessSession()) {
        session.beginTransaction();
        session.upsert(patched);
        session.getTransaction().commit();
      }
      assertThat(find(factory, Patched.class))
          .extracting(p -> p.name, p -> p.other, p -> p.greeting)
          .containsExactly("Bob", "changed", "Hello, Bob!");
    }
  }

  @Test
  @EnabledIf(
      value = "io.pghello.hibernate.DetachedIT#hasUpdate",
      disabledReason = "Hibernate 7 has no Session.update")
  void losesNoChangesOfAnUpdatedDetachedObject(DataSource dataSource) throws Exception {
    Method update = Session.class.getMethod("update", Object.class);
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Patched.class)) {
      factory.inTransaction(session -> session.persist(new Patched(1, "Ada")));
      Patched detached = find(factory, Patched.class);
      detached.name = "Bob";
      detached.other = "changed";
      detached.greeting = null;
      factory.inTransaction(
          session -> {
            try {
              update.invoke(session, detached);
            } catch (ReflectiveOperationException e) {
              throw new LinkageError("Session.update", e);
            }
          });
      assertThat(find(factory, Patched.class))
          .extracting(p -> p.name, p -> p.other, p -> p.greeting)
          .containsExactly("Bob", "changed", "Hello, Bob!");
    }
  }

  @Test
  void losesNoUpdateOfAnother(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Document.class)) {
      factory.inTransaction(session -> session.persist(new Document(1, "a")));
      Document stale = find(factory, Document.class);
      factory.inTransaction(session -> session.find(Document.class, 1).title = "b");
      stale.title = "c";
      assertThatThrownBy(() -> factory.inTransaction(session -> session.merge(stale)))
          .isInstanceOf(OptimisticLockException.class);
      assertThatThrownBy(
              () ->
                  factory.inTransaction(
                      session -> {
                        Document loaded = session.find(Document.class, 1);
                        factory.inTransaction(other -> other.find(Document.class, 1).title = "d");
                        loaded.title = "e";
                      }))
          .isInstanceOf(OptimisticLockException.class);
      assertThat(find(factory, Document.class).greeting).isEqualTo("Hello, d!");
    }
  }

  /** Hibernate omits columns with nulls, but not the columns of filled values. */
  @Test
  void fillsColumnsThatADynamicInsertWouldOmit(DataSource dataSource) {
    try (SessionFactory factory =
        Factories.open(dataSource, Map.of(), Sparse.class, CountedSparse.class)) {
      var sparse = new Sparse(1, "Ada");
      var nameless = new Sparse(2, null);
      var counted = new CountedSparse();
      counted.name = "Ada";
      factory.inTransaction(
          session -> {
            session.persist(sparse);
            session.persist(nameless);
            session.persist(counted);
          });
      assertThat(counted.greeting).isEqualTo("Hello, Ada!");
      assertThat(counted.createdAt).isPositive();
      assertThat(sparse.prefetched).isEqualTo("Hello, Ada!");
      assertThat(sparse.returned).isEqualTo("Hello, Ada!");
      Instant before = Instant.now().minusSeconds(60);
      for (Sparse entity : new Sparse[] {sparse, nameless}) {
        assertThat(entity.prefetchedAt).isGreaterThan(before.toEpochMilli());
        assertThat(entity.returnedAt).isGreaterThan(before.toEpochMilli());
        assertThat(entity.returnedInstant).isAfter(before);
        Sparse row = factory.fromTransaction(session -> session.find(Sparse.class, entity.id));
        assertThat(row)
            .extracting(s -> s.prefetched, s -> s.returned)
            .containsOnly(entity.name == null ? null : "Hello, Ada!");
        assertThat(row.prefetchedAt).isEqualTo(entity.prefetchedAt);
        assertThat(row.returnedAt).isEqualTo(entity.returnedAt);
        assertThat(row.returnedInstant).isEqualTo(entity.returnedInstant);
      }
    }
  }

  /** Hibernate writes no row into a secondary table if all its columns are null. */
  @Test
  void fillsASecondaryTableOfTimes(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Logged.class)) {
      var logged = new Logged(1);
      factory.inTransaction(session -> session.persist(logged));
      assertThat(logged.returnedAt).isPositive();
      Logged row = find(factory, Logged.class);
      assertThat(row.returnedAt).isEqualTo(logged.returnedAt);
    }
  }

  @Test
  void updatesChangedColumns(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Patched.class)) {
      factory.inTransaction(session -> session.persist(new Patched(1, "Ada")));
      Patched first = find(factory, Patched.class);
      factory.inTransaction(
          session -> {
            Patched loaded = session.find(Patched.class, 1);
            // another transaction changes other columns
            factory.inTransaction(
                other ->
                    other
                        .createMutationQuery("update Patched set greeting = 'x', returned = 'y'")
                        .executeUpdate());
            loaded.other = "z";
          });
      Patched second = find(factory, Patched.class);
      assertThat(second.other).isEqualTo("z");
      assertThat(second.greeting).isEqualTo("x");
      assertThat(second.changedAt).isGreaterThan(first.changedAt);
      assertThat(second.returned).isEqualTo("y");
      factory.inTransaction(session -> session.find(Patched.class, 1).name = "Grace");
      Patched third = find(factory, Patched.class);
      assertThat(third.greeting).isEqualTo("Hello, Grace!");
      assertThat(third.returned).isEqualTo("y");
      assertThat(third.changedAt).isGreaterThan(second.changedAt);
      factory.inTransaction(session -> session.find(Patched.class, 1).greeting = null);
      assertThat(find(factory, Patched.class).greeting).isEqualTo("Hello, Grace!");
    }
  }

  @Test
  void locksChangedColumnsOptimistically(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Guarded.class)) {
      var guarded = new Guarded(1, "Ada");
      factory.inTransaction(
          session -> {
            session.persist(guarded);
            session.flush();
            // values filled by the INSERT are known as the row's values
            guarded.name = "Augusta";
          });
      assertThat(find(factory, Guarded.class).greeting).isEqualTo("Hello, Augusta!");
      factory.inTransaction(session -> session.find(Guarded.class, 1).name = "Grace");
      assertThat(find(factory, Guarded.class).greeting).isEqualTo("Hello, Grace!");
      assertThat(find(factory, Guarded.class).returned).isEqualTo("Hello, Ada!");
      assertThatThrownBy(
              () ->
                  factory.inTransaction(
                      session -> {
                        Guarded loaded = session.find(Guarded.class, 1);
                        factory.inTransaction(other -> other.find(Guarded.class, 1).name = "b");
                        loaded.name = "c";
                      }))
          .isInstanceOf(OptimisticLockException.class);
    }
  }

  @Test
  void fillsImmutableEntities(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Fact.class)) {
      var fact = new Fact(1, "Ada");
      factory.inTransaction(
          session -> {
            connect(session);
            session.persist(fact);
            session.persist(new Fact(2, "Bob"));
            // one prefetch query for both
            roundTrips(proxy, 3, session::flush);
            roundTrips(proxy, 0, session::flush);
          });
      assertThat(fact.prefetched).isEqualTo("Hello, Ada!");
      assertThat(find(factory, Fact.class).prefetched).isEqualTo("Hello, Ada!");
      assertThat(find(factory, Fact.class).createdAt).isPositive().isEqualTo(fact.createdAt);
    }
  }

  @Test
  void returnsValuesOfImmutableEntitiesOnlyWithIdentity(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), CountedFact.class)) {
      var fact = new CountedFact("Ada");
      factory.inTransaction(
          session -> {
            connect(session);
            roundTrips(proxy, 1, () -> session.persist(fact));
            roundTrips(proxy, 0, session::flush);
          });
      assertThat(fact.greeting).isEqualTo("Hello, Ada!");
      assertThat(
              factory.<CountedFact>fromTransaction(s -> s.find(CountedFact.class, fact.id))
                  .greeting)
          .isEqualTo("Hello, Ada!");
    }
    assertThatThrownBy(() -> Factories.open(dataSource, Map.of(), ReturnedFact.class).close())
        .isInstanceOf(MappingException.class)
        .hasMessage(
            "@NowMillis on ReturnedFact.createdAt has strategy ="
                + " RETURNING, which Hibernate does not support for @Immutable entities; use"
                + " PREFETCH.");
  }

  /** The UPDATE uses the same write expression; a null does not replace the value. */
  @Test
  void updatesReturnedValues(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Sparse.class)) {
      factory.inTransaction(session -> session.persist(new Sparse(1, "Ada")));
      factory.inTransaction(
          session -> {
            Sparse loaded = session.find(Sparse.class, 1);
            loaded.returned = "mine";
            loaded.returnedAt = 7L;
            loaded.returnedInstant = Instant.EPOCH;
          });
      assertThat(find(factory, Sparse.class))
          .extracting(s -> s.returned, s -> s.returnedAt, s -> s.returnedInstant)
          .containsExactly("mine", 7L, Instant.EPOCH);
      factory.inTransaction(
          session -> {
            Sparse loaded = session.find(Sparse.class, 1);
            loaded.returned = null;
            loaded.returnedAt = null;
            loaded.returnedInstant = null;
          });
      assertThat(find(factory, Sparse.class))
          .extracting(s -> s.returned, s -> s.returnedAt, s -> s.returnedInstant)
          .containsExactly("mine", 7L, Instant.EPOCH);
    }
  }

  @Test
  void fillsNotNullColumns(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Required.class)) {
      factory.inTransaction(session -> session.persist(new Required(1, "Ada")));
      Required row = find(factory, Required.class);
      assertThat(row).extracting(r -> r.prefetched, r -> r.returned).containsOnly("Hello, Ada!");
      assertThat(row.prefetchedAt).isPositive();
      assertThat(row.returnedAt).isPositive();
      // no name to greet
      assertThatThrownBy(
              () -> factory.inTransaction(session -> session.persist(new Required(2, null))))
          .isInstanceOf(ConstraintViolationException.class);
    }
  }

  private static <T> T find(SessionFactory factory, Class<T> type) {
    return factory.fromTransaction(session -> session.find(type, 1));
  }

  /** Begins the transaction, so that BEGIN is not counted. */
  private static void connect(Session session) {
    session.createNativeQuery("select 1", Integer.class).getSingleResult();
  }

  private static void roundTrips(WireProxy proxy, long expected, Runnable action) {
    try {
      proxy.assertRoundTrips(expected, action::run);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
