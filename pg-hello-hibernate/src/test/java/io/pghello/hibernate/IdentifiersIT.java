// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.ManyToOne;
import java.io.Serializable;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import javax.sql.DataSource;
import org.hibernate.MappingException;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;
import org.hibernate.annotations.NaturalId;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Values next to all kinds of identifiers, and greetings for identifiers. */
@PgHelloTest
class IdentifiersIT {
  /** The name is the identifier. */
  @Entity(name = "Account")
  static class Account {
    @Id String login;

    @WelcomeMessage(of = "login")
    @Nullable String prefetched;

    @WelcomeMessage(of = "login", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    @NowMillis long createdAt;

    Account() {}

    Account(String login) {
      this.login = login;
    }
  }

  /** Hibernate generates the name. */
  @Entity(name = "Anonymous")
  static class Anonymous {
    @Id
    @GeneratedValue(strategy = GenerationType.UUID)
    @Nullable String id;

    @WelcomeMessage(of = "id")
    @Nullable String prefetched;

    @WelcomeMessage(of = "id", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;
  }

  /** An identifier of two parts. */
  @Embeddable
  record SeatId(String holder, int number) implements Serializable {}

  /** The name is part of its identifier. */
  @Entity(name = "Booking")
  static class Booking {
    // region embedded
    @EmbeddedId SeatId id;

    @WelcomeMessage(of = "id.holder")
    @Nullable String prefetched;

    // endregion

    @WelcomeMessage(of = "id.holder", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    @NowMillis(event = {EventType.INSERT, EventType.UPDATE})
    long changedAt;

    boolean paid;

    Booking() {}

    Booking(SeatId id) {
      this.id = id;
    }
  }

  /** The key of a listing. */
  static class ListingKey implements Serializable {
    private static final long serialVersionUID = 1;

    @Nullable String shop;
    int number;

    ListingKey() {}

    ListingKey(String shop, int number) {
      this.shop = shop;
      this.number = number;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof ListingKey key
          && Objects.equals(key.shop, shop)
          && key.number == number;
    }

    @Override
    public int hashCode() {
      return Objects.hash(shop, number);
    }
  }

  /** Its identifier consists of several of its attributes. */
  @Entity(name = "Listing")
  @IdClass(ListingKey.class)
  static class Listing {
    @Id String shop;
    @Id int number;
    String title;

    @WelcomeMessage(
        of = "title",
        event = {EventType.INSERT, EventType.UPDATE})
    @Nullable String prefetched;

    @WelcomeMessage(of = "title", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    @NowMillis long createdAt;

    Listing() {}

    Listing(String shop, int number, String title) {
      this.shop = shop;
      this.number = number;
      this.title = title;
    }
  }

  /** Greets a part of an @IdClass. */
  @Entity(name = "GreetedKey")
  @IdClass(ListingKey.class)
  static class GreetedKey {
    @Id String shop;
    @Id int number;
    @Nullable String title;

    @WelcomeMessage(of = "shop")
    @Nullable String greeting;
  }

  /** Fills a part of an @IdClass. */
  @Entity(name = "FilledKey")
  @IdClass(ListingKey.class)
  static class FilledKey {
    @Id
    @WelcomeMessage(of = "title")
    String shop;

    @Id int number;
    @Nullable String title;
  }

  /** Fills a part of its identifier. */
  @Embeddable
  static class StampedId implements Serializable {
    private static final long serialVersionUID = 1;

    int number;
    @NowMillis long stamp;
  }

  /** Has an annotation on its identifier. */
  @Entity(name = "Stamped")
  static class Stamped {
    @EmbeddedId StampedId id;
  }

  /** The e-mail address is its natural identifier. */
  @Entity(name = "Member")
  static class Member {
    @Id int id;
    @NaturalId String mail;

    @WelcomeMessage(of = "mail")
    @Nullable String prefetched;

    @WelcomeMessage(of = "mail", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    Member() {}

    Member(int id, String mail) {
      this.id = id;
      this.mail = mail;
    }
  }

  /** The greeting is its natural identifier. */
  @Entity(name = "Known")
  static class Known {
    @Id int id;
    String name;

    @NaturalId
    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    Known() {}

    Known(int id, String name) {
      this.id = id;
      this.name = name;
    }
  }

  /** Has the same identifier as the associated entity. */
  @Entity(name = "Profile")
  static class Profile {
    @Id @ManyToOne Account account;
    @Nullable String about;

    @WelcomeMessage(of = "about")
    @Nullable String greeting;

    @NowMillis long createdAt;

    Profile() {}

    Profile(Account account, String about) {
      this.account = account;
      this.about = about;
    }
  }

  /** The text of an identifier of another type. */
  @Entity(name = "Typed")
  static class Typed {
    @Id @GeneratedValue @Nullable UUID id;

    @WelcomeMessage(of = "id")
    @Nullable String greeting;
  }

  /** Table and columns have reserved names. */
  @Entity(name = "Quoted")
  static class Quoted {
    @Id int id;
    String name;

    @Column(name = "\"order\"")
    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String greeting;

    @Column(name = "`select`")
    @NowMillis(strategy = ValueStrategy.RETURNING)
    long at;

    Quoted() {}

    Quoted(int id, String name) {
      this.id = id;
      this.name = name;
    }
  }

  @Test
  void greetsAnAssignedIdentifier(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Account.class)) {
      var account = new Account("ada");
      factory.inTransaction(session -> session.persist(account));
      assertThat(account.prefetched).isEqualTo("Hello, ada!");
      assertThat(account.returned).isEqualTo("Hello, ada!");
      assertThat(account.createdAt).isPositive();
      // there is no such row, so merging inserts it
      Account merged = factory.fromTransaction(session -> session.merge(new Account("bob")));
      assertThat(merged.prefetched).isEqualTo("Hello, bob!");
      factory.inTransaction(
          session -> {
            for (String login : new String[] {"ada", "bob"}) {
              assertThat(session.find(Account.class, login))
                  .extracting(a -> a.prefetched, a -> a.returned)
                  .containsOnly("Hello, " + login + "!");
            }
          });
    }
  }

  @Test
  void greetsAGeneratedIdentifier(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Anonymous.class)) {
      var entity = new Anonymous();
      factory.inTransaction(session -> session.persist(entity));
      String greeting = "Hello, " + entity.id + "!";
      assertThat(entity.prefetched).isEqualTo(greeting);
      assertThat(entity.returned).isEqualTo(greeting);
      assertThat(find(factory, Anonymous.class, requireNonNull(entity.id)))
          .extracting(e -> e.prefetched, e -> e.returned)
          .containsOnly(greeting);
      var other = new Anonymous();
      try (StatelessSession session = factory.openStatelessSession()) {
        session.insert(other);
      }
      assertThat(other.prefetched).isEqualTo("Hello, " + other.id + "!");
    }
  }

  @Test
  void greetsAPartOfAnEmbeddedIdentifier(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Booking.class)) {
      var id = new SeatId("Ada", 7);
      var booking = new Booking(id);
      factory.inTransaction(session -> session.persist(booking));
      assertThat(booking.prefetched).isEqualTo("Hello, Ada!");
      assertThat(booking.returned).isEqualTo("Hello, Ada!");
      Booking row = find(factory, Booking.class, id);
      assertThat(row).extracting(b -> b.prefetched, b -> b.returned).containsOnly("Hello, Ada!");
      assertThat(row.changedAt).isPositive().isEqualTo(booking.changedAt);
      factory.inTransaction(
          session -> {
            Booking loaded = session.find(Booking.class, id);
            loaded.paid = true;
            roundTrips(proxy, 2, session::flush);
            assertThat(loaded.changedAt).isGreaterThan(row.changedAt);
          });
      assertThat(find(factory, Booking.class, id))
          .extracting(b -> b.prefetched, b -> b.returned)
          .containsOnly("Hello, Ada!");
    }
  }

  @Test
  void fillsAnEntityWithAnIdClass(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Listing.class)) {
      var listing = new Listing("Turing's", 1, "apple");
      factory.inTransaction(session -> session.persist(listing));
      assertThat(listing.prefetched).isEqualTo("Hello, apple!");
      assertThat(listing.returned).isEqualTo("Hello, apple!");
      var key = new ListingKey("Turing's", 1);
      Listing row = find(factory, Listing.class, key);
      assertThat(row).extracting(b -> b.prefetched, b -> b.returned).containsOnly("Hello, apple!");
      assertThat(row.createdAt).isPositive().isEqualTo(listing.createdAt);
      factory.inTransaction(
          session -> {
            session.find(Listing.class, key).title = "pear";
            roundTrips(proxy, 2, session::flush);
          });
      assertThat(find(factory, Listing.class, key))
          .extracting(b -> b.prefetched, b -> b.returned)
          .containsExactly("Hello, pear!", "Hello, apple!");
    }
  }

  @Test
  void refusesAPartOfAnIdClass(DataSource dataSource) {
    assertThatThrownBy(() -> Factories.open(dataSource, Map.of(), GreetedKey.class).close())
        .isInstanceOf(MappingException.class)
        .hasMessage(
            "@WelcomeMessage on GreetedKey.greeting has of ="
                + " \"shop\", which is part of an @IdClass; use an @EmbeddedId, and of ="
                + " \"id.shop\".");
    assertThatThrownBy(() -> Factories.open(dataSource, Map.of(), FilledKey.class).close())
        .isInstanceOf(MappingException.class)
        .hasMessageStartingWith("@WelcomeMessage on FilledKey")
        .hasMessageContaining("is part of the identifier");
    assertThatThrownBy(() -> Factories.open(dataSource, Map.of(), Stamped.class).close())
        .isInstanceOf(MappingException.class)
        .hasMessageStartingWith("@NowMillis on Stamped.id.stamp")
        .hasMessageContaining("is part of the identifier");
    assertThatThrownBy(() -> Factories.open(dataSource, Map.of(), Typed.class).close())
        .isInstanceOf(MappingException.class)
        .hasMessageContaining("of = \"id\", which is not a String");
  }

  @Test
  void greetsANaturalIdentifier(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Member.class)) {
      var member = new Member(1, "ada@example.org");
      factory.inTransaction(
          session -> {
            session.persist(member);
            session.flush();
            assertThat(session.bySimpleNaturalId(Member.class).load("ada@example.org"))
                .isSameAs(member);
            roundTrips(proxy, 0, session::flush);
          });
      factory.inTransaction(
          session ->
              assertThat(session.bySimpleNaturalId(Member.class).load("ada@example.org"))
                  .extracting(m -> m.prefetched, m -> m.returned)
                  .containsOnly("Hello, ada@example.org!"));
    }
  }

  @Test
  void fillsANaturalIdentifier(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Known.class)) {
      var known = new Known(1, "Ada");
      factory.inTransaction(
          session -> {
            session.persist(known);
            session.flush();
            assertThat(known.greeting).isEqualTo("Hello, Ada!");
            assertThat(session.bySimpleNaturalId(Known.class).load("Hello, Ada!")).isSameAs(known);
            known.name = "Augusta";
            session.flush();
            roundTrips(proxy, 0, session::flush);
          });
      factory.inTransaction(
          session ->
              assertThat(session.bySimpleNaturalId(Known.class).load("Hello, Ada!").name)
                  .isEqualTo("Augusta"));
    }
  }

  @Test
  void fillsIfTheIdentifierIsAnotherEntity(DataSource dataSource) {
    try (SessionFactory factory =
        Factories.open(dataSource, Map.of(), Account.class, Profile.class)) {
      var profile = new Profile(new Account("ada"), "Engines");
      factory.inTransaction(
          session -> {
            session.persist(profile.account);
            session.persist(profile);
          });
      assertThat(profile.greeting).isEqualTo("Hello, Engines!");
      assertThat(
              factory.<Profile>fromTransaction(
                  s -> s.createQuery("from Profile", Profile.class).getSingleResult()))
          .extracting(p -> p.greeting, p -> p.createdAt)
          .containsExactly("Hello, Engines!", profile.createdAt);
    }
  }

  @Test
  void quotesReservedNames(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Quoted.class)) {
      var quoted = new Quoted(1, "Ada");
      factory.inTransaction(session -> session.persist(quoted));
      assertThat(quoted.greeting).isEqualTo("Hello, Ada!");
      Quoted row = find(factory, Quoted.class, 1);
      assertThat(row.greeting).isEqualTo("Hello, Ada!");
      assertThat(row.at).isPositive();
    }
  }

  private static <T> T find(SessionFactory factory, Class<T> type, Object id) {
    return factory.fromTransaction(session -> session.find(type, id));
  }

  private static void roundTrips(WireProxy proxy, long expected, Runnable action) {
    try {
      proxy.assertRoundTrips(expected, action::run);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
