// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.AttributeOverride;
import jakarta.persistence.CascadeType;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.MappingException;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;
import org.hibernate.annotations.CreationTimestamp;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.event.service.spi.EventListenerRegistry;
import org.hibernate.event.spi.EventType;
import org.hibernate.event.spi.PreInsertEventListener;
import org.hibernate.event.spi.PreUpdateEventListener;
import org.hibernate.metamodel.spi.EmbeddableInstantiator;
import org.hibernate.metamodel.spi.ValueAccess;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Values in embedded objects, and greetings for embedded names. */
@PgHelloTest
// the tests are about null
@SuppressWarnings("NullAway")
class EmbeddablesIT {
  /** Greets a sibling attribute. */
  @Embeddable
  static class Address {
    @Nullable String owner;

    @WelcomeMessage(of = "owner")
    @Nullable String label;

    @NowMillis @Nullable Long labelledAt;

    Address() {}

    Address(@Nullable String owner) {
      this.owner = owner;
    }
  }

  /** Contains the same embeddable twice. */
  @Entity(name = "Buyer")
  static class Buyer {
    @Id int id;
    int purchases;

    @AttributeOverride(name = "owner", column = @Column(name = "home_owner"))
    @AttributeOverride(name = "label", column = @Column(name = "home_label"))
    @AttributeOverride(name = "labelledAt", column = @Column(name = "home_labelled_at"))
    @Embedded
    @Nullable Address home;

    @AttributeOverride(name = "owner", column = @Column(name = "work_owner"))
    @AttributeOverride(name = "label", column = @Column(name = "work_label"))
    @AttributeOverride(name = "labelledAt", column = @Column(name = "work_labelled_at"))
    @Embedded
    @Nullable Address work;

    Buyer() {}

    Buyer(int id, @Nullable Address home, @Nullable Address work) {
      this.id = id;
      this.home = home;
      this.work = work;
    }
  }

  /** Can be created only by an instantiator. */
  @Embeddable
  static class Stamp {
    final String maker;
    int count;
    @NowMillis @Nullable Instant stampedAt;

    Stamp(String maker, int count, @Nullable Instant stampedAt) {
      this.maker = maker;
      this.count = count;
      this.stampedAt = stampedAt;
    }
  }

  /** Creates stamps in any Hibernate version. */
  static class StampMaker implements EmbeddableInstantiator {
    @Override
    public Object instantiate(ValueAccess access, SessionFactoryImplementor factory) {
      return instantiate(access);
    }

    // for Hibernate 7, like the next two methods
    public Object instantiate(ValueAccess access) {
      return new Stamp(
          "StampMaker", access.getValue(0, Integer.class), access.getValue(2, Instant.class));
    }

    @Override
    public boolean isInstance(Object object, SessionFactoryImplementor factory) {
      return isInstance(object);
    }

    public boolean isInstance(Object object) {
      return object instanceof Stamp;
    }

    @Override
    public boolean isSameClass(Object object, SessionFactoryImplementor factory) {
      return isInstance(object);
    }

    public boolean isSameClass(Object object) {
      return isInstance(object);
    }
  }

  /** Contains a stamp. */
  @Entity(name = "Letter")
  static class Letter {
    @Id int id;

    @org.hibernate.annotations.EmbeddableInstantiator(StampMaker.class)
    @Embedded
    @Nullable Stamp stamp;
  }

  /** The times at which something was created and changed. */
  @Embeddable
  static class Times {
    @NowMillis @Nullable Instant createdAt;

    @NowMillis(
        event = {INSERT, UPDATE},
        overwrite = true)
    long changedAt;
  }

  /** Contains a greeting, and an embedded object with times. */
  @Embeddable
  static class Audit {
    @Nullable String author;
    @Embedded @Nullable Times times;

    @WelcomeMessage(
        of = "author",
        event = {INSERT, UPDATE})
    @Nullable String thanks;

    Audit() {}

    Audit(String author) {
      this.author = author;
    }
  }

  /** Contains embedded objects at two levels. */
  @Entity(name = "Article")
  static class Article {
    @Id int id;
    String title;
    @Embedded @Nullable Audit audit;

    Article() {}

    Article(int id, String title, @Nullable Audit audit) {
      this.id = id;
      this.title = title;
      this.audit = audit;
    }
  }

  /** A name to greet. */
  @Embeddable
  static class Name {
    @Nullable String first;
    @Nullable String last;

    Name() {}

    Name(@Nullable String first, @Nullable String last) {
      this.first = first;
      this.last = last;
    }
  }

  /** Contains a name to greet one level deeper. */
  @Embeddable
  static class Names {
    @Embedded @Nullable Name real;

    Names() {}

    Names(Name real) {
      this.real = real;
    }
  }

  /** Greets embedded names with each strategy. */
  @Entity(name = "Guest")
  static class Guest {
    @Id int id;
    @Embedded @Nullable Name name;

    @WelcomeMessage(
        of = "name.first",
        event = {INSERT, UPDATE})
    @Nullable String greeting;

    @WelcomeMessage(of = "name.last", strategy = ValueStrategy.RETURNING)
    @Nullable String formal;

    Guest() {}

    Guest(int id, @Nullable Name name) {
      this.id = id;
      this.name = name;
    }
  }

  /** Greets a name in a nested embedded object. */
  @Entity(name = "Player")
  static class Player {
    @Id int id;
    @Embedded @Nullable Names names;

    @WelcomeMessage(of = "names.real.first")
    @Nullable String greeting;

    Player() {}

    Player(int id, @Nullable Names names) {
      this.id = id;
      this.names = names;
    }
  }

  /** An entity with an IDENTITY identifier. */
  @Entity(name = "CountedBuyer")
  static class CountedBuyer {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @Embedded @Nullable Address home;

    CountedBuyer() {}

    CountedBuyer(@Nullable Address home) {
      this.home = home;
    }
  }

  /** An embeddable with subclasses. */
  @Embeddable
  static class Seat {
    int number;
  }

  /** One of the kinds. */
  @Embeddable
  static class NamedSeat extends Seat {
    @Nullable String holder;

    @WelcomeMessage(of = "holder")
    @Nullable String label;
  }

  /** Contains a seat of either subclass. */
  @Entity(name = "Ticket")
  static class Ticket {
    @Id int id;
    @Embedded @Nullable Seat seat;

    Ticket() {}

    Ticket(int id, Seat seat) {
      this.id = id;
      this.seat = seat;
    }
  }

  /** Like a seat, without a value. */
  @Embeddable
  static class Place {
    int number;
  }

  /** One of the kinds. */
  @Embeddable
  static class NamedPlace extends Place {
    @Nullable String holder;
  }

  /** Greets an attribute of a single subclass. */
  @Entity(name = "Spectator")
  static class Spectator {
    @Id int id;
    @Embedded @Nullable Place place;

    @WelcomeMessage(of = "place.holder")
    @Nullable String greeting;
  }

  /** Contains only a greeting. */
  @Embeddable
  static class Badge {
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String text;
  }

  /** The embedded badge may be missing. */
  @Entity(name = "Visitor")
  static class Visitor {
    @Id int id;
    @Embedded @Nullable Badge badge;

    Visitor() {}

    Visitor(int id) {
      this.id = id;
    }
  }

  /** Contains values of two generators, this module's and Hibernate's. */
  @Embeddable
  static class Both {
    @NowMillis long ours;
    @CreationTimestamp @Nullable Instant theirs;
  }

  /** Contains an embedded object with values of two generators. */
  @Entity(name = "Mixture")
  static class Mixture {
    @Id int id;
    @Embedded @Nullable Both both;
  }

  /** Contains a nested value of another generator. */
  @Embeddable
  static class Half {
    @NowMillis long ours;
    @Embedded @Nullable Theirs inner;
  }

  /** Contains a value of another generator. */
  @Embeddable
  static class Theirs {
    @CreationTimestamp @Nullable Instant theirs;
  }

  /** Contains values of two generators at different levels. */
  @Entity(name = "DeepMixture")
  static class DeepMixture {
    @Id int id;
    @Embedded @Nullable Half half;
  }

  /** Refers to an entity that refers back to the owner of this embedded object. */
  @Embeddable
  static class Link {
    @Nullable String label;

    @ManyToOne(cascade = CascadeType.PERSIST)
    @Nullable Node next;

    @WelcomeMessage(of = "label")
    @Nullable String greeting;

    @NowMillis(event = {INSERT, UPDATE})
    @Nullable Long linkedAt;
  }

  /** Part of a cycle of references. */
  @Entity(name = "Node")
  static class Node {
    @Id int id;
    @Embedded Link link = new Link();

    Node() {}

    Node(int id, String label) {
      this.id = id;
      link.label = label;
    }
  }

  /** A record. */
  @Embeddable
  record Outer(String title, @Embedded Times times) {}

  /** Contains a record, which cannot be changed later to add a time. */
  @Entity(name = "Recorded")
  static class Recorded {
    @Id int id;
    @Embedded @Nullable Outer outer;
  }

  @Test
  void createsEmbeddedObjectsWithTheirInstantiator(DataSource dataSource) {
    try (SessionFactory letters = Factories.open(dataSource, Map.of(), Letter.class)) {
      var letter = new Letter();
      letters.inTransaction(session -> session.persist(letter));
      Stamp stamp = requireNonNull(letter.stamp);
      assertThat(stamp.maker).isEqualTo("StampMaker");
      assertThat(stamp.count).isZero();
      assertThat(stamp.stampedAt).isNotNull();
      Stamp row =
          requireNonNull(
              requireNonNull(letters.fromSession(session -> session.find(Letter.class, 0))).stamp);
      assertThat(row.maker).isEqualTo("StampMaker");
      assertThat(row.stampedAt).isEqualTo(stamp.stampedAt);
    }
  }

  @Test
  void fillsEachUseOfAnEmbeddable(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Buyer.class)) {
      var home = new Address("Ada");
      var work = new Address("Bob");
      var buyer = new Buyer(1, home, work);
      factory.inTransaction(
          session -> {
            connect(session);
            session.persist(buyer);
            roundTrips(proxy, 2, session::flush);
            // a filled value does not count as a change
            roundTrips(proxy, 0, session::flush);
          });
      assertThat(buyer.home).isSameAs(home);
      assertThat(buyer.work).isSameAs(work);
      assertThat(home.label).isEqualTo("Hello, Ada!");
      assertThat(work.label).isEqualTo("Hello, Bob!");
      assertThat(home.labelledAt).isPositive().isEqualTo(work.labelledAt);
      Buyer row = find(factory, Buyer.class);
      assertThat(row.home).usingRecursiveComparison().isEqualTo(home);
      assertThat(row.work).usingRecursiveComparison().isEqualTo(work);
    }
  }

  @Test
  void keepsEmbeddedValues(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Buyer.class)) {
      var home = new Address("Ada");
      home.label = "mine";
      home.labelledAt = 7L;
      factory.inTransaction(session -> session.persist(new Buyer(1, home, new Address(null))));
      Buyer row = find(factory, Buyer.class);
      assertThat(row.home).extracting(a -> a.label, a -> a.labelledAt).containsExactly("mine", 7L);
      assertThat(row.work.label).isNull();
      assertThat(row.work.labelledAt).isPositive();
    }
  }

  /** There is no name, but the time does not need one. */
  @Test
  void createsTheEmbeddedObjectForTheTime(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Buyer.class)) {
      var buyer = new Buyer(1, null, null);
      factory.inTransaction(
          session -> {
            connect(session);
            session.persist(buyer);
            roundTrips(proxy, 2, session::flush);
            roundTrips(proxy, 0, session::flush);
          });
      assertThat(buyer.home).isNotNull();
      assertThat(buyer.home.label).isNull();
      assertThat(buyer.home.labelledAt).isPositive();
      Buyer row = find(factory, Buyer.class);
      assertThat(row.home).usingRecursiveComparison().isEqualTo(buyer.home);
      assertThat(row.work).usingRecursiveComparison().isEqualTo(buyer.work);
    }
  }

  @Test
  void fillsNestedEmbeddables(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Article.class)) {
      var audit = new Audit("Ada");
      var article = new Article(1, "On engines", audit);
      factory.inTransaction(
          session -> {
            connect(session);
            session.persist(article);
            roundTrips(proxy, 2, session::flush);
            roundTrips(proxy, 0, session::flush);
          });
      assertThat(article.audit).isSameAs(audit);
      assertThat(audit.thanks).isEqualTo("Hello, Ada!");
      assertThat(audit.times.changedAt)
          .isPositive()
          .isEqualTo(audit.times.createdAt.toEpochMilli());
      Article row = find(factory, Article.class);
      assertThat(row.audit).usingRecursiveComparison().isEqualTo(audit);

      factory.inTransaction(
          session -> {
            Article loaded = session.find(Article.class, 1);
            roundTrips(proxy, 0, session::flush);
            loaded.audit.author = "Grace";
            roundTrips(proxy, 2, session::flush);
            assertThat(loaded.audit.thanks).isEqualTo("Hello, Grace!");
            roundTrips(proxy, 0, session::flush);
          });
      Article changed = find(factory, Article.class);
      assertThat(changed.audit.thanks).isEqualTo("Hello, Grace!");
      assertThat(changed.audit.times.createdAt).isEqualTo(audit.times.createdAt);
      assertThat(changed.audit.times.changedAt).isGreaterThan(audit.times.changedAt);

      // change another attribute
      factory.inTransaction(session -> session.find(Article.class, 1).title = "On looms");
      Article other = find(factory, Article.class);
      assertThat(other.audit.thanks).isEqualTo("Hello, Grace!");
      assertThat(other.audit.times.changedAt).isGreaterThan(changed.audit.times.changedAt);
    }
  }

  @Test
  void fillsNestedTimesInMissingObjects(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Article.class)) {
      factory.inTransaction(session -> session.persist(new Article(1, "Anonymous", null)));
      Article row = find(factory, Article.class);
      assertThat(row.audit.thanks).isNull();
      assertThat(row.audit.times.createdAt).isNotNull();
      assertThat(row.audit.times.changedAt).isPositive();
    }
  }

  @Test
  void greetsEmbeddedNames(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Guest.class)) {
      var guest = new Guest(1, new Name("Ada", "Lovelace"));
      factory.inTransaction(session -> session.persist(guest));
      assertThat(guest.greeting).isEqualTo("Hello, Ada!");
      assertThat(guest.formal).isEqualTo("Hello, Lovelace!");
      Guest row = find(factory, Guest.class);
      assertThat(row)
          .extracting(g -> g.greeting, g -> g.formal)
          .containsExactly("Hello, Ada!", "Hello, Lovelace!");

      factory.inTransaction(session -> session.find(Guest.class, 1).name.first = "Augusta");
      assertThat(find(factory, Guest.class).greeting).isEqualTo("Hello, Augusta!");
      factory.inTransaction(session -> session.find(Guest.class, 1).name = new Name("A.", null));
      assertThat(find(factory, Guest.class).greeting).isEqualTo("Hello, A.!");
      // greetings of the last name are filled only on INSERT
      assertThat(find(factory, Guest.class).formal).isEqualTo("Hello, Lovelace!");
      factory.inTransaction(session -> session.find(Guest.class, 1).name = null);
      assertThat(find(factory, Guest.class).greeting).isNull();
    }
  }

  @Test
  void greetsNoMissingEmbeddedNames(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Guest.class, Player.class)) {
      factory.inTransaction(
          session -> {
            session.persist(new Guest(1, null));
            session.persist(new Guest(2, new Name(null, null)));
            session.persist(new Player(1, null));
            session.persist(new Player(2, new Names(new Name("Ada", null))));
          });
      factory.inTransaction(
          session -> {
            for (int id : new int[] {1, 2}) {
              assertThat(session.find(Guest.class, id))
                  .extracting(g -> g.greeting, g -> g.formal)
                  .containsOnlyNulls();
            }
            assertThat(session.find(Player.class, 1).greeting).isNull();
            assertThat(session.find(Player.class, 2).greeting).isEqualTo("Hello, Ada!");
          });
    }
  }

  /** The INSERT cannot return embedded values, so they are prefetched. */
  @Test
  void prefetchesWithIdentity(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), CountedBuyer.class)) {
      var buyer = new CountedBuyer(new Address("Ada"));
      var nobody = new CountedBuyer(null);
      factory.inTransaction(
          session -> {
            connect(session);
            roundTrips(proxy, 2, () -> session.persist(buyer));
            assertThat(buyer.home.label).isEqualTo("Hello, Ada!");
            roundTrips(proxy, 2, () -> session.persist(nobody));
            assertThat(nobody.home.labelledAt).isPositive();
            roundTrips(proxy, 0, session::flush);
          });
      CountedBuyer row =
          factory.fromTransaction(session -> session.find(CountedBuyer.class, buyer.id));
      assertThat(row.home).usingRecursiveComparison().isEqualTo(buyer.home);
    }
  }

  @Test
  void fillsEmbeddablesInAStatelessSession(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Buyer.class)) {
      var told = new Buyer(1, new Address("Ada"), null);
      var untold = new Buyer(2, new Address("Bob"), null);
      try (StatelessSession session = factory.openStatelessSession()) {
        session.beginTransaction();
        session.createNativeQuery("select 1", Integer.class).getSingleResult();
        PgHelloSessions.prefetch(session, java.util.List.of(told));
        assertThat(told.home.label).isEqualTo("Hello, Ada!");
        roundTrips(proxy, 1, () -> session.insert(told));
        roundTrips(proxy, 2, () -> session.insert(untold));
        session.getTransaction().commit();
      }
      assertThat(untold.home.label).isEqualTo("Hello, Bob!");
      Buyer row = find(factory, Buyer.class);
      assertThat(row.home).usingRecursiveComparison().isEqualTo(told.home);
      assertThat(row.work.labelledAt).isPositive();
      Buyer other = factory.fromTransaction(session -> session.find(Buyer.class, 2));
      assertThat(other.home).usingRecursiveComparison().isEqualTo(untold.home);
      assertThat(other.work.labelledAt).isPositive();
    }
  }

  /** Tests an embedded object set by the application, and one created to hold the values. */
  @Test
  void writesLaterChangesInEmbeddables(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory =
        Factories.open(dataSource, Map.of(), Buyer.class, Article.class)) {
      var buyer = new Buyer(1, new Address("Ada"), null);
      var article = new Article(1, "On engines", new Audit("Ada"));
      factory.inTransaction(
          session -> {
            session.persist(buyer);
            session.persist(article);
            session.flush();
            buyer.home.owner = "Grace";
            buyer.work.owner = "Edsger";
            article.audit.times.createdAt = Instant.EPOCH;
            session.flush();
            roundTrips(proxy, 0, session::flush);
          });
      Buyer row = find(factory, Buyer.class);
      assertThat(row.home).usingRecursiveComparison().isEqualTo(buyer.home);
      assertThat(row.home.owner).isEqualTo("Grace");
      assertThat(row.home.label).isEqualTo("Hello, Ada!");
      assertThat(row.work.owner).isEqualTo("Edsger");
      assertThat(find(factory, Article.class).audit.times.createdAt).isEqualTo(Instant.EPOCH);

      factory.inTransaction(session -> session.find(Buyer.class, 1).home.owner = "Barbara");
      assertThat(find(factory, Buyer.class).home.owner).isEqualTo("Barbara");
      factory.inTransaction(session -> session.find(Buyer.class, 1).home = null);
      assertThat(find(factory, Buyer.class).home).isNull();
    }
  }

  @Test
  void createsNoEmbeddedObjectForAName(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Visitor.class)) {
      var visitor = new Visitor(1);
      factory.inTransaction(session -> session.persist(visitor));
      assertThat(visitor.badge).isNull();
    }
  }

  /** Objects of the other subclass do not have this attribute. */
  @Test
  void rejectsEmbeddablesWithSubclasses(DataSource dataSource) {
    assertThatThrownBy(
            () ->
                Factories.open(dataSource, Map.of(), Ticket.class, Seat.class, NamedSeat.class)
                    .close())
        .hasStackTraceContaining(
            "@WelcomeMessage on Ticket.seat.label is in an"
                + " embeddable that has subclasses; move it to the entity.");
    assertThatThrownBy(
            () ->
                Factories.open(dataSource, Map.of(), Spectator.class, Place.class, NamedPlace.class)
                    .close())
        .isInstanceOf(MappingException.class)
        .hasMessageContaining("the embeddable place has subclasses");
  }

  /** Hibernate inserts a null first if the other row does not exist yet. */
  @Test
  void fillsACycleOfReferences(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Node.class)) {
      var one = new Node(1, "Ada");
      var two = new Node(2, "Bob");
      Link link = one.link;
      one.link.next = two;
      two.link.next = one;
      factory.inTransaction(
          session -> {
            connect(session);
            session.persist(one);
            // the prefetch query, two INSERTs and an UPDATE
            roundTrips(proxy, 4, session::flush);
            roundTrips(proxy, 0, session::flush);
          });
      assertThat(one.link).isSameAs(link);
      assertThat(one.link.next).isSameAs(two);
      assertThat(two.link.next).isSameAs(one);
      factory.inTransaction(
          session -> {
            for (Node node : List.of(one, two)) {
              Node row = session.find(Node.class, node.id);
              assertThat(row.link.greeting)
                  .isEqualTo(node.link.greeting)
                  .isEqualTo("Hello, " + node.link.label + "!");
              assertThat(row.link.linkedAt).isEqualTo(node.link.linkedAt);
              assertThat(row.link.next.id).isEqualTo(3 - node.id);
            }
          });
      // deleted entities are not filled, although their reference is set to null first
      factory.inTransaction(
          session -> {
            List<Node> nodes =
                session.createSelectionQuery("from Node order by id", Node.class).getResultList();
            nodes.forEach(session::remove);
            long before = proxy.roundTrips();
            session.flush();
            assertThat(proxy.roundTrips() - before).isLessThanOrEqualTo(3);
          });
    }
  }

  @Test
  void keepsAnObjectReplacedByAListener(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Article.class)) {
      PreInsertEventListener insert = event -> replace(event.getState());
      PreUpdateEventListener update = event -> replace(event.getState());
      EventListenerRegistry listeners =
          factory
              .unwrap(SessionFactoryImplementor.class)
              .getServiceRegistry()
              .requireService(EventListenerRegistry.class);
      listeners.appendListeners(EventType.PRE_INSERT, insert);
      listeners.appendListeners(EventType.PRE_UPDATE, update);
      var article = new Article(1, "On engines", new Audit("Ada"));
      factory.inTransaction(session -> session.persist(article));
      assertThat(article.audit.author).isEqualTo("Ada");
      Article inserted = find(factory, Article.class);
      assertThat(inserted.audit)
          .extracting(audit -> audit.author, audit -> audit.thanks)
          .containsExactly("Censor", "Hello, Censor!");
      assertThat(inserted.audit.times.createdAt).isNotNull();
      factory.inTransaction(session -> session.find(Article.class, 1).audit.author = "Grace");
      assertThat(find(factory, Article.class).audit)
          .extracting(audit -> audit.author, audit -> audit.thanks)
          .containsExactly("Censor", "Hello, Censor!");
    }
  }

  private static boolean replace(Object[] state) {
    for (int i = 0; i < state.length; i++) {
      if (state[i] instanceof Audit) {
        state[i] = new Audit("Censor");
      }
    }
    return false;
  }

  @Test
  void rejectsAnotherGeneratorInTheSameEmbeddable(DataSource dataSource) {
    assertThatThrownBy(() -> Factories.open(dataSource, Map.of(), Mixture.class).close())
        .isInstanceOf(MappingException.class)
        .hasMessageContaining("Mixture.both.ours is in the same embedded object as theirs");
    assertThatThrownBy(() -> Factories.open(dataSource, Map.of(), DeepMixture.class).close())
        .isInstanceOf(MappingException.class)
        .hasMessageContaining("DeepMixture.half.ours is in the same embedded object as theirs");
  }

  @Test
  void rejectsRecordsOnThePath(DataSource dataSource) {
    assertThatThrownBy(() -> Factories.open(dataSource, Map.of(), Recorded.class).close())
        .isInstanceOf(MappingException.class)
        .hasMessageContaining("Recorded.outer.times.")
        .hasMessageContaining("is in a record");
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
