// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Column;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.MappedSuperclass;
import jakarta.persistence.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.hibernate.HibernateException;
import org.hibernate.Interceptor;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.Immutable;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.engine.spi.SessionImplementor;
import org.hibernate.event.service.spi.EventListenerRegistry;
import org.hibernate.event.spi.EventType;
import org.hibernate.event.spi.PostInsertEvent;
import org.hibernate.event.spi.PostInsertEventListener;
import org.hibernate.event.spi.PreInsertEventListener;
import org.hibernate.event.spi.PreUpdateEventListener;
import org.hibernate.persister.entity.EntityPersister;
import org.hibernate.type.Type;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that the greeting is for the name that is written to the row. */
@PgHelloTest
class WrittenNameIT {
  @MappedSuperclass
  abstract static class Greeted {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE)
    @Nullable Long id;

    @Nullable String title;

    abstract void rename(String name);
  }

  /** Has a mutable name. */
  @Entity(name = "Plain")
  static class Plain extends Greeted {
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @Override
    void rename(String name) {
      this.name = name;
    }
  }

  /** Like {@code Plain}, greeted by the INSERT. */
  @Entity(name = "Returned")
  static class Returned extends Greeted {
    @Nullable String name;

    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String greeting;

    @Override
    void rename(String name) {
      this.name = name;
    }
  }

  /** Gets a new greeting when its name changes. */
  @Entity(name = "Following")
  static class Following extends Greeted {
    @Nullable String name;

    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE})
    @Nullable String greeting;

    @Override
    void rename(String name) {
      this.name = name;
    }
  }

  /** Has a name that is not updatable. */
  @Entity(name = "Fixed")
  static class Fixed extends Greeted {
    @Column(updatable = false)
    @Nullable String name;

    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE})
    @Nullable String greeting;

    @Override
    void rename(String name) {
      this.name = name;
    }
  }

  /** Like {@code Following}, with dynamic updates. */
  @Entity(name = "Patched")
  @DynamicUpdate
  static class Patched extends Greeted {
    @Nullable String name;

    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE})
    @Nullable String greeting;

    @Override
    void rename(String name) {
      this.name = name;
    }
  }

  /** Like {@code Fixed}, greeted by the INSERT, and with dynamic updates. */
  @Entity(name = "FixedReturned")
  @DynamicUpdate
  static class FixedReturned extends Greeted {
    @Column(updatable = false)
    @Nullable String name;

    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String greeting;

    @Override
    void rename(String name) {
      this.name = name;
    }
  }

  /** Has an immutable name, which is not updated although its column is updatable. */
  @Entity(name = "Kept")
  static class Kept extends Greeted {
    @Immutable @Nullable String name;

    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE})
    @Nullable String greeting;

    @Override
    void rename(String name) {
      this.name = name;
    }
  }

  /** Is never updated. */
  @Entity(name = "Never")
  @Immutable
  static class Never extends Greeted {
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @Override
    void rename(String name) {
      this.name = name;
    }
  }

  /** Has a name in an embedded object that is not updatable, and its greeting outside. */
  @Entity(name = "Outside")
  static class Outside extends Greeted {
    @Embedded Person person = new Person();

    @WelcomeMessage(
        of = "person.name",
        event = {INSERT, UPDATE})
    @Nullable String greeting;

    @Override
    void rename(String name) {
      person.name = name;
    }
  }

  /** A name. */
  @Embeddable
  static class Person {
    @Column(updatable = false)
    @Nullable String name;

    @Nullable String town;
  }

  /** Like {@code Outside}, with a time in the embedded object. */
  @Entity(name = "Timed")
  static class Timed extends Greeted {
    @Embedded TimedPerson person = new TimedPerson();

    @WelcomeMessage(of = "person.name")
    @Nullable String greeting;

    @Override
    void rename(String name) {
      person.name = name;
    }
  }

  /** A name and a time. */
  @Embeddable
  static class TimedPerson {
    @Column(updatable = false)
    @Nullable String name;

    @NowMillis @Nullable Long since;
  }

  /** Has the name and the greeting in an embedded object. */
  @Entity(name = "Inside")
  static class Inside extends Greeted {
    @Embedded GreetedPerson person = new GreetedPerson();

    @Override
    void rename(String name) {
      person.name = name;
    }
  }

  /** A name with its greeting. */
  @Embeddable
  static class GreetedPerson {
    @Column(updatable = false)
    @Nullable String name;

    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE})
    @Nullable String greeting;
  }

  /** Has a version that also counts changes of a collection. */
  @Entity(name = "Tagged")
  static class Tagged {
    @Id @GeneratedValue @Nullable Long id;
    @Version int version;
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @ElementCollection final List<String> tags = new ArrayList<>();
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
  }

  private static final Map<String, Supplier<Greeted>> KINDS =
      Map.of(
          "Plain", Plain::new,
          "Returned", Returned::new,
          "Following", Following::new,
          "Fixed", Fixed::new,
          "Patched", Patched::new,
          "FixedReturned", FixedReturned::new,
          "Never", Never::new,
          "Outside", Outside::new,
          "Timed", Timed::new,
          "Inside", Inside::new);

  /** Entities with a name that is persisted, and never updated. */
  private static final List<String> UNCHANGED =
      List.of("Fixed", "FixedReturned", "Never", "Outside", "Timed", "Inside");

  private SessionFactory factory;

  @BeforeEach
  void open(DataSource dataSource) {
    factory =
        Factories.open(
            dataSource,
            Map.of("hibernate.jdbc.batch_size", 20),
            Plain.class,
            Returned.class,
            Following.class,
            Fixed.class,
            Patched.class,
            FixedReturned.class,
            Kept.class,
            Never.class,
            Outside.class,
            Timed.class,
            Inside.class,
            Tagged.class,
            Numbered.class);
  }

  @AfterEach
  void close() {
    factory.close();
  }

  private EventListenerRegistry listeners() {
    return factory
        .unwrap(SessionFactoryImplementor.class)
        .getServiceRegistry()
        .requireService(EventListenerRegistry.class);
  }

  private static Greeted of(String kind, String name) {
    Greeted entity = requireNonNull(KINDS.get(kind)).get();
    entity.rename(name);
    return entity;
  }

  private List<String> row(String table) {
    return factory.fromSession(
        session -> {
          Object[] row =
              session
                  .createNativeQuery("select name, greeting from " + table, Object[].class)
                  .getSingleResult();
          return List.of((String) row[0], (String) row[1]);
        });
  }

  private void assertRow(String table, String name) {
    assertThat(row(table)).containsExactly(name, "Hello, " + name + "!");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Plain",
        "Returned",
        "Following",
        "Fixed",
        "FixedReturned",
        "Never",
        "Outside",
        "Timed",
        "Inside"
      })
  void greetsTheNameChangedBeforeTheFlush(String kind) {
    Greeted entity = of(kind, "Ada");
    factory.inTransaction(
        session -> {
          session.persist(entity);
          entity.rename("Grace");
        });
    boolean renamed = !UNCHANGED.contains(kind);
    assertRow(kind, renamed ? "Grace" : "Ada");
  }

  /** Changes of other attributes cause an UPDATE that may or may not write the name. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Plain",
        "Returned",
        "Following",
        "Fixed",
        "FixedReturned",
        "Never",
        "Outside",
        "Timed",
        "Inside"
      })
  void greetsTheWrittenNameOfEntitiesChangedBeforeTheFlush(String kind) {
    Greeted entity = of(kind, "Ada");
    factory.inTransaction(
        session -> {
          session.persist(entity);
          entity.rename("Grace");
          entity.title = "Dr";
        });
    boolean renamed = !UNCHANGED.contains(kind);
    assertRow(kind, renamed ? "Grace" : "Ada");
    assertThat(
            factory.<Long>fromSession(
                session ->
                    session
                        .createSelectionQuery(
                            "select count(*) from " + kind + " where title = 'Dr'", Long.class)
                        .getSingleResult()))
        .isEqualTo(kind.equals("Never") ? 0 : 1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Plain",
        "Returned",
        "Following",
        "Fixed",
        "FixedReturned",
        "Never",
        "Outside",
        "Timed",
        "Inside"
      })
  void greetsTheWrittenNameOfReadOnlyEntities(String kind) {
    Greeted entity = of(kind, "Ada");
    factory.inTransaction(
        session -> {
          session.persist(entity);
          entity.rename("Grace");
          session.setReadOnly(entity, true);
        });
    assertRow(kind, "Ada");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Fixed", "Outside", "Inside"})
  void greetsTheNameThatAnUpdateLeavesAsItIs(String kind) {
    Greeted entity = of(kind, "Ada");
    factory.inTransaction(session -> session.persist(entity));
    for (boolean erased : List.of(false, true)) {
      factory.inTransaction(
          session -> {
            Greeted loaded = session.find(entity.getClass(), entity.id);
            loaded.rename("Grace");
            loaded.title = "Dr" + erased;
            if (erased && loaded instanceof Fixed fixed) {
              fixed.greeting = null;
            }
          });
      assertRow(kind, "Ada");
    }
  }

  private static boolean rename(EntityPersister persister, @Nullable Object[] state) {
    for (int i = 0; i < state.length; i++) {
      if (persister.getPropertyNames()[i].equals("name")) {
        state[i] = String.valueOf(state[i]).toUpperCase(java.util.Locale.ROOT);
      }
    }
    return false;
  }

  @ParameterizedTest
  @ValueSource(strings = {"Plain", "Following", "Never"})
  void greetsTheNameThatAListenerWrites(String kind) {
    PreInsertEventListener insert = event -> rename(event.getPersister(), event.getState());
    PreUpdateEventListener update = event -> rename(event.getPersister(), event.getState());
    listeners().appendListeners(EventType.PRE_INSERT, insert);
    listeners().appendListeners(EventType.PRE_UPDATE, update);
    Greeted entity = of(kind, "Ada");
    factory.inTransaction(session -> session.persist(entity));
    assertRow(kind, "ADA");
    if (kind.equals("Following")) {
      factory.inTransaction(session -> session.find(Following.class, entity.id).name = "Grace");
      assertRow(kind, "GRACE");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Plain", "Following", "Never", "Returned"})
  void greetsTheNameThatAnEarlierListenerWrites(String kind) {
    PreInsertEventListener insert = event -> rename(event.getPersister(), event.getState());
    listeners().prependListeners(EventType.PRE_INSERT, insert);
    Greeted entity = of(kind, "Ada");
    factory.inTransaction(session -> session.persist(entity));
    assertRow(kind, "ADA");
  }

  @Test
  void greetsTheNameThatIsImmutable() {
    var kept = new Kept();
    kept.rename("Ada");
    factory.inTransaction(session -> session.persist(kept));
    factory.inTransaction(
        session -> {
          Kept loaded = session.find(Kept.class, kept.id);
          loaded.rename("Grace");
          loaded.title = "Dr";
        });
    assertRow("Kept", "Ada");
  }

  /**
   * One query fetches the greetings of all unmodified names; each name changed by a listener needs
   * another query.
   */
  @Test
  void prefetchesAgainForEntitiesRenamedByAListener(WireProxy proxy) {
    PreInsertEventListener insert =
        event ->
            event.getEntity() instanceof Plain plain
                && "Ada".equals(plain.name)
                && rename(event.getPersister(), event.getState());
    listeners().appendListeners(EventType.PRE_INSERT, insert);
    factory.inTransaction(
        session -> {
          for (String name : List.of("Ada", "Bob", "Eve")) {
            session.persist(of("Plain", name));
          }
          roundTrips(proxy, 3, session::flush);
        });
    assertThat(
            factory.<List<String>>fromSession(
                session ->
                    session
                        .createSelectionQuery(
                            "select greeting from Plain order by id", String.class)
                        .getResultList()))
        .containsExactly("Hello, ADA!", "Hello, Bob!", "Hello, Eve!");
  }

  /** The name is known only just before its INSERT, but the INSERTs are still batched. */
  @Test
  void prefetchesEachNameChangedByAListenerAndKeepsTheBatch(WireProxy proxy) {
    PreInsertEventListener insert = event -> rename(event.getPersister(), event.getState());
    listeners().appendListeners(EventType.PRE_INSERT, insert);
    factory.inTransaction(
        session -> {
          for (int i = 0; i < 40; i++) {
            session.persist(of("Plain", "user" + i));
          }
          // one query for all old names, one per changed name, and batches of 20
          roundTrips(proxy, 1 + 40 + 2, session::flush);
        });
    assertThat(
            factory.<Long>fromSession(
                session ->
                    session
                        .createSelectionQuery(
                            "select count(*) from Plain where greeting like 'Hello, USER%!'",
                            Long.class)
                        .getSingleResult()))
        .isEqualTo(40);
  }

  /** The UPDATE writes only the title, not the name set by a listener. */
  @Test
  void greetsTheNameThatAnUpdateOfSomethingElseLeaves() {
    PreInsertEventListener insert = event -> rename(event.getPersister(), event.getState());
    PreUpdateEventListener update = event -> rename(event.getPersister(), event.getState());
    Greeted entity = of("Patched", "Ada");
    factory.inTransaction(session -> session.persist(entity));
    listeners().appendListeners(EventType.PRE_UPDATE, update);
    factory.inTransaction(session -> session.find(Patched.class, entity.id).title = "Dr");
    assertRow("Patched", "Ada");
    factory.inTransaction(session -> session.createMutationQuery("delete Patched").executeUpdate());
    listeners().appendListeners(EventType.PRE_INSERT, insert);
    Greeted changed = of("Patched", "Ada");
    factory.inTransaction(
        session -> {
          session.persist(changed);
          changed.title = "Dr";
        });
    assertRow("Patched", "ADA");
  }

  /** The UPDATE writes only the version, not the changed name. */
  @Test
  void greetsTheInsertedNameIfOnlyACollectionFollows() {
    PreInsertEventListener insert = event -> rename(event.getPersister(), event.getState());
    listeners().appendListeners(EventType.PRE_INSERT, insert);
    var entity = new Tagged();
    entity.name = "Ada";
    factory.inTransaction(
        session -> {
          session.persist(entity);
          entity.tags.add("new");
        });
    assertRow("Tagged", "ADA");
  }

  /** The interceptor's dirty check reports no changes, so the changed name is not written. */
  @Test
  void greetsTheInsertedNameIfNoUpdateFollows() {
    Interceptor unchanged =
        new Interceptor() {
          @Override
          public int[] findDirty(
              Object entity,
              Object id,
              @Nullable Object[] current,
              @Nullable Object @Nullable [] previous,
              String[] names,
              Type[] types) {
            return new int[0];
          }
        };
    Greeted entity = of("Plain", "Ada");
    try (Session session = factory.withOptions().interceptor(unchanged).openSession()) {
      session.beginTransaction();
      session.persist(entity);
      entity.rename("Grace");
      session.getTransaction().commit();
    }
    assertRow("Plain", "Ada");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Plain", "Following", "Never", "Returned", "Outside", "Inside"})
  void greetsTheNameThatAListenerWritesInAStatelessSession(String kind) {
    PreInsertEventListener insert = event -> rename(event.getPersister(), event.getState());
    PreUpdateEventListener update = event -> rename(event.getPersister(), event.getState());
    if (kind.equals("Returned")) {
      listeners().prependListeners(EventType.PRE_INSERT, insert);
    } else {
      listeners().appendListeners(EventType.PRE_INSERT, insert);
    }
    listeners().appendListeners(EventType.PRE_UPDATE, update);
    Greeted entity = of(kind, "Ada");
    factory.inStatelessTransaction(session -> session.insert(entity));
    boolean embedded = kind.equals("Outside") || kind.equals("Inside");
    assertRow(kind, embedded ? "Ada" : "ADA");
    if (kind.equals("Following")) {
      factory.inStatelessTransaction(
          session -> {
            Following loaded = session.get(Following.class, entity.id);
            loaded.name = "Grace";
            session.update(loaded);
          });
      assertRow(kind, "GRACE");
    }
  }

  @Test
  void rejectsAListenerThatRenamesInAStatelessSession() {
    PreInsertEventListener rename = event -> rename(event.getPersister(), event.getState());
    listeners().appendListeners(EventType.PRE_INSERT, rename);
    assertThatThrownBy(
            () -> factory.inStatelessTransaction(session -> session.insert(of("Returned", "Ada"))))
        .isInstanceOf(HibernateException.class)
        .hasMessageContaining("Returned.greeting");
  }

  /** The markers of the INSERT are not visible to listeners and are not logged or stored. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void hidesMarkersFromListeners(boolean stateless) {
    var seen = new ArrayList<@Nullable Object>();
    PostInsertEventListener after =
        new PostInsertEventListener() {
          @Override
          public void onPostInsert(PostInsertEvent event) {
            int index = event.getPersister().getPropertyIndex("greeting");
            seen.add(event.getState()[index]);
          }

          @Override
          public boolean requiresPostCommitHandling(EntityPersister persister) {
            return false;
          }
        };
    listeners().appendListeners(EventType.POST_INSERT, after);
    Numbered numbered = new Numbered();
    numbered.name = "Ada";
    Greeted returned = of("Returned", "Ada");
    if (stateless) {
      factory.inStatelessTransaction(
          session -> {
            session.insert(numbered);
            session.insert(returned);
          });
    } else {
      factory.inTransaction(
          session -> {
            session.persist(numbered);
            session.persist(returned);
          });
    }
    String read = stateless ? null : "Hello, Ada!";
    assertThat(seen).containsExactly(read, read);
    assertRow("Returned", "Ada");
    assertRow("Numbered", "Ada");
  }

  @Test
  void rejectsAListenerThatRenamesReturnedGreetings() {
    Numbered before = new Numbered();
    before.name = "Ada";
    factory.inTransaction(session -> session.persist(before));
    PreInsertEventListener both =
        event -> {
          rename(event.getPersister(), event.getState());
          event.getPersister().setValues(event.getEntity(), event.getState());
          return false;
        };
    PreInsertEventListener one =
        event ->
            event.getEntity() instanceof Returned && rename(event.getPersister(), event.getState());
    listeners().appendListeners(EventType.PRE_INSERT, one);
    assertThatThrownBy(
            () -> factory.inTransaction(session -> session.persist(of("Returned", "Ada"))))
        .isInstanceOf(HibernateException.class)
        .hasMessage(
            "A PRE_INSERT listener has changed the name for the greeting in"
                + " io.pghello.hibernate.WrittenNameIT$Returned.greeting after the INSERT was"
                + " prepared. Use strategy = PREFETCH for this attribute, or register the listener"
                + " with prependListeners.")
        .hasNoCause();
    Numbered numbered = new Numbered();
    numbered.name = "Ada";
    listeners().appendListeners(EventType.PRE_INSERT, both);
    assertThatThrownBy(() -> factory.inTransaction(session -> session.persist(numbered)))
        .isInstanceOf(HibernateException.class)
        .hasMessageContaining("Numbered.greeting");
    assertThat(
            factory.<Long>fromSession(
                session ->
                    session
                        .createSelectionQuery("select count(*) from Numbered", Long.class)
                        .getSingleResult()))
        .isEqualTo(1);
  }

  /** The row is not written, so there is neither a stored value nor an error. */
  @Test
  void doesNothingForVetoedInserts() {
    PreInsertEventListener veto =
        event -> {
          rename(event.getPersister(), event.getState());
          return event.getEntity() instanceof Returned;
        };
    listeners().appendListeners(EventType.PRE_INSERT, veto);
    Returned entity = (Returned) of("Returned", "Ada");
    factory.inSession(
        session -> {
          session.beginTransaction();
          session.persist(entity);
          session.flush();
          assertThat(
                  session
                      .unwrap(SessionImplementor.class)
                      .getPersistenceContextInternal()
                      .getEntry(entity)
                      .getLoadedValue("greeting"))
              .isNull();
          session.getTransaction().rollback();
        });
    assertThat(entity.greeting).isNull();
  }

  private static void roundTrips(WireProxy proxy, long expected, Runnable action) {
    try {
      proxy.assertRoundTrips(expected, action::run);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
