// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.hibernate.Hibernate;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.bytecode.enhance.spi.DefaultEnhancementContext;
import org.hibernate.bytecode.enhance.spi.Enhancer;
import org.hibernate.bytecode.internal.bytebuddy.BytecodeProviderImpl;
import org.hibernate.engine.spi.SelfDirtinessTracker;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Values in bytecode-enhanced entities. */
@PgHelloTest
class EnhancementIT {
  /** Loads some classes with the bytecode enhanced by Hibernate. */
  private static final class Enhancing extends ClassLoader {
    private static final Set<String> ENHANCED =
        Set.of(
            Note.class.getName(),
            Label.class.getName(),
            Memo.class.getName(),
            Card.class.getName());
    private final Enhancer enhancer =
        requireNonNull(new BytecodeProviderImpl().getEnhancer(new DefaultEnhancementContext()));

    Enhancing() {
      super(EnhancementIT.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> known = findLoadedClass(name);
        if (known != null || !ENHANCED.contains(name)) {
          return known != null ? known : super.loadClass(name, resolve);
        }
        String file = name.replace('.', '/') + ".class";
        try (InputStream in = requireNonNull(getParent().getResourceAsStream(file))) {
          byte[] enhanced = requireNonNull(enhancer.enhance(name, in.readAllBytes()), name);
          return defineClass(name, enhanced, 0, enhanced.length);
        } catch (IOException e) {
          throw new ClassNotFoundException(name, e);
        }
      }
    }
  }

  private final Class<? extends Text> type = enhanced();

  private static Class<? extends Text> enhanced() {
    try {
      return new Enhancing().loadClass(Note.class.getName()).asSubclass(Text.class);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  private Text note(int id, String title, @Nullable String body) {
    try {
      var constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      Text note = constructor.newInstance();
      note.write(id, title, body);
      return note;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void updatesNothingAfterTheInsert(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), type)) {
      Text note = note(1, "Ada", "Bob");
      assertThat(note).isInstanceOf(SelfDirtinessTracker.class);
      note.owner("Eve");
      factory.inTransaction(
          session -> {
            connect(session);
            session.persist(note);
            roundTrips(proxy, 2, session::flush);
            assertThat(((SelfDirtinessTracker) note).$$_hibernate_hasDirtyAttributes()).isFalse();
            roundTrips(proxy, 0, session::flush);
          });
      assertThat(note.greetings())
          .containsExactly("Hello, Bob!", "Hello, Ada!", "Hello, Ada!", "Hello, Eve!");
      assertThat(note.version()).isZero();
      factory.inTransaction(
          session -> {
            Text row = session.find(type, 1);
            assertThat(row.greetings())
                .containsExactly("Hello, Bob!", "Hello, Ada!", "Hello, Ada!", "Hello, Eve!");
            assertThat(row.changedAt()).isPositive().isEqualTo(note.changedAt());
            roundTrips(proxy, 0, session::flush);
          });
    }
  }

  @Test
  void writesChangesInTheSessionOfTheInsert(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), type)) {
      Text note = note(1, "Ada", "Bob");
      note.owner("Eve");
      factory.inTransaction(
          session -> {
            session.persist(note);
            session.flush();
            note.body("Carol");
            note.owner("Dave");
            roundTrips(proxy, 2, session::flush);
            roundTrips(proxy, 0, session::flush);
          });
      assertThat(note.version()).isEqualTo(1);
      factory.inTransaction(
          session ->
              assertThat(session.find(type, 1).greetings())
                  .containsExactly("Hello, Carol!", "Hello, Ada!", "Hello, Ada!", "Hello, Dave!"));
    }
  }

  @Test
  void doesNotLoadALazyName(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), type)) {
      factory.inTransaction(session -> session.persist(note(1, "Ada", "Bob")));
      factory.inTransaction(
          session -> {
            Text note = session.find(type, 1);
            long before = note.changedAt();
            note.title("Grace");
            roundTrips(proxy, 2, session::flush);
            assertThat(Hibernate.isPropertyInitialized(note, "body")).isFalse();
            assertThat(Hibernate.isPropertyInitialized(note, "lazyGreeting")).isFalse();
            assertThat(note.changedAt()).isGreaterThan(before);
            assertThat(note.greeting()).isEqualTo("Hello, Bob!");
          });
      factory.inTransaction(
          session -> {
            Text note = session.find(type, 1);
            assertThat(note.greetings())
                .containsExactly("Hello, Bob!", "Hello, Ada!", "Hello, Ada!", "");
            note.body("Carol");
          });
      factory.inTransaction(
          session -> assertThat(session.find(type, 1).greeting()).isEqualTo("Hello, Carol!"));
    }
  }

  /** The greeting is the one in the row, because it matches the name. */
  @Test
  void overwritesWithTheGreetingOfALazyName(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), type)) {
      factory.inTransaction(session -> session.persist(note(1, "Ada", "Bob")));
      for (String greeting : new String[] {"Welcome", null}) {
        factory.inTransaction(
            session -> {
              Text note = session.find(type, 1);
              note.greeting(greeting);
              note.title("title of " + greeting);
              roundTrips(proxy, 2, session::flush);
              assertThat(Hibernate.isPropertyInitialized(note, "body")).isFalse();
              assertThat(note.greeting()).isEqualTo("Hello, Bob!");
            });
        factory.inTransaction(
            session -> assertThat(session.find(type, 1).greeting()).isEqualTo("Hello, Bob!"));
      }
    }
  }

  /** If names were loaded, entities without a greeting would get one. */
  @Test
  void doesNotLoadLazyNamesToFillNullAttributes(DataSource dataSource, WireProxy proxy)
      throws ReflectiveOperationException {
    Class<?> memo = type.getClassLoader().loadClass(Memo.class.getName());
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), type, memo)) {
      factory.inTransaction(
          session -> {
            for (int id = 1; id <= 5; id++) {
              session.persist(note(id, "Ada", null));
            }
            session.flush();
            session
                .createMutationQuery(
                    "insert into Memo (id, title, body)"
                        + " select n.id, n.title, 'Bob' from Note n")
                .executeUpdate();
          });
      factory.inTransaction(
          session -> {
            List<? extends Text> notes =
                session.createQuery("from Note order by id", type).getResultList();
            notes.get(0).title("Grace");
            // the query for the time, and the UPDATE
            roundTrips(proxy, 2, session::flush);
            assertThat(notes).noneMatch(note -> Hibernate.isPropertyInitialized(note, "body"));
          });
      factory.inTransaction(
          session -> {
            List<?> memos = session.createQuery("from Memo order by id", memo).getResultList();
            title(memos.get(0), "Grace");
            roundTrips(proxy, 1, session::flush);
            assertThat(memos).noneMatch(each -> Hibernate.isPropertyInitialized(each, "body"));
          });
    }
  }

  @Test
  void keepsTheGreetingOfAnUnreadLazyNameInAStatelessSession(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), type)) {
      factory.inTransaction(session -> session.persist(note(1, "Ada", "Bob")));
      factory.inStatelessTransaction(
          session -> {
            Text note = session.get(type, 1);
            assertThat(Hibernate.isPropertyInitialized(note, "body")).isFalse();
            note.title("Grace");
            session.update(note);
          });
      factory.inTransaction(
          session -> {
            assertThat(session.find(type, 1).greetings())
                .containsExactly("Hello, Bob!", "Hello, Ada!", "Hello, Ada!", "");
          });
    }
  }

  /** Hibernate does not read a modified reference and updates only the attributes that were set. */
  @Test
  void overwritesNothingOfARowThatWasNotRead(DataSource dataSource)
      throws ReflectiveOperationException {
    Class<?> card = type.getClassLoader().loadClass(Card.class.getName());
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), card, type)) {
      var constructor = card.getDeclaredConstructor();
      constructor.setAccessible(true);
      Object ada = constructor.newInstance();
      set(ada, "title", "Ada");
      set(ada, "label", "Eve");
      factory.inTransaction(session -> session.persist(ada));
      factory.inTransaction(session -> set(session.getReference(card, 0), "colour", "red"));
      assertThat(card(factory))
          .isEqualTo("Ada, red, Hello, Ada!, Hello, Ada!, Eve, Hello, Eve!, true");
      factory.inTransaction(
          session -> {
            Object reference = session.getReference(card, 0);
            set(reference, "title", "Grace");
            assertThat(Hibernate.isInitialized(reference)).isFalse();
            session.flush();
            set(reference, "colour", "blue");
            session.flush();
          });
      assertThat(card(factory))
          .isEqualTo("Grace, blue, Hello, Grace!, Hello, Ada!, Eve, Hello, Eve!, true");
      factory.inTransaction(
          session -> {
            Object reference = session.getReference(card, 0);
            set(reference, "colour", "green");
            session.flush();
            set(reference, "label", "Alan");
            session.flush();
            set(reference, "colour", "blue");
          });
      assertThat(card(factory)).contains(", Alan, Hello, Alan!, ");
      factory.inTransaction(
          session -> {
            set(session.getReference(card, 0), "greeting", "Welcome");
            set(session.getReference(card, 0), "title", "Bob");
            set(session.getReference(card, 0), "label", "Mallory");
          });
      assertThat(card(factory))
          .startsWith("Bob, blue, Welcome, Hello, Ada!, Mallory, Hello, Mallory!, ");
      factory.inTransaction(
          session -> {
            Object read = session.find(card, 0);
            assertThat(Hibernate.isPropertyInitialized(read, "label")).isTrue();
            set(read, "title", "Ada");
          });
      assertThat(card(factory)).startsWith("Ada, blue, Hello, Ada!, Hello, Ada!, Mallory, ");
    }
  }

  @SuppressWarnings("unchecked")
  private static void set(Object card, String attribute, String value) {
    ((BiConsumer<String, String>) card).accept(attribute, value);
  }

  private static String card(SessionFactory factory) {
    return factory.fromTransaction(
        session ->
            session
                .createNativeQuery(
                    "select concat_ws(', ', title, colour, greeting, first, owner, text,"
                        + " (changedAt > 0 and labelledAt > 0)::text) from Card",
                    String.class)
                .getSingleResult());
  }

  @SuppressWarnings("unchecked")
  private static void title(Object memo, String title) {
    ((Consumer<String>) memo).accept(title);
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
