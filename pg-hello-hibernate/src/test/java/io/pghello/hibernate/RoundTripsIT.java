// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.CascadeType;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.SequenceGenerator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.hibernate.Hibernate;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** The cost of values in round trips, counted on the wire. */
@PgHelloTest
class RoundTripsIT {
  private static final Map<String, Object> BATCHES_OF_50 = Map.of("hibernate.jdbc.batch_size", 50);

  /** Like {@code User}, without filled values. */
  @Entity(name = "Plain")
  static class Plain {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "plain_id")
    @SequenceGenerator(name = "plain_id", sequenceName = "plain_id", allocationSize = 50)
    @Nullable Long id;

    @Nullable String username;
    String greeting;
    long createdAt;

    Plain() {}

    Plain(String username) {
      this.username = username;
      this.greeting = "Hello, " + username + "!";
      this.createdAt = 1;
    }
  }

  /** Refreshed together with its associations. */
  @Entity(name = "OfPlain")
  static class OfPlain {
    @Id long id = 1;

    @ManyToOne(fetch = FetchType.LAZY, cascade = CascadeType.REFRESH)
    Plain plain;

    OfPlain() {}

    OfPlain(Plain plain) {
      this.plain = plain;
    }
  }

  /** Like {@code OfPlain}, for an entity with filled values. */
  @Entity(name = "OfUser")
  static class OfUser {
    @Id long id = 1;

    @ManyToOne(fetch = FetchType.LAZY, cascade = CascadeType.REFRESH)
    User user;

    OfUser() {}

    OfUser(User user) {
      this.user = user;
    }
  }

  /** Fetches many identifiers at a time. */
  @Entity(name = "TunedPlain")
  static class TunedPlain {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "tuned_plain_id")
    @SequenceGenerator(
        name = "tuned_plain_id",
        sequenceName = "tuned_plain_id",
        allocationSize = 1_000)
    @Nullable Long id;

    @Nullable String username;
    String greeting;
    long createdAt;

    TunedPlain() {}

    TunedPlain(String username) {
      this.username = username;
      this.greeting = "Hello, " + username + "!";
      this.createdAt = 1;
    }
  }

  /** Like {@code TunedPlain}, with filled values. */
  @Entity(name = "Tuned")
  static class Tuned {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "tuned_id")
    @SequenceGenerator(name = "tuned_id", sequenceName = "tuned_id", allocationSize = 1_000)
    @Nullable Long id;

    @Nullable String username;

    @WelcomeMessage(of = "username")
    @Nullable String greeting;

    @NowMillis long createdAt;

    Tuned() {}

    Tuned(String username) {
      this.username = username;
    }
  }

  /** An entity with an IDENTITY identifier. */
  @Entity(name = "Counted")
  static class Counted {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @Nullable String username;

    @WelcomeMessage(of = "username")
    @Nullable String greeting;

    @NowMillis long createdAt;

    Counted() {}

    Counted(String username) {
      this.username = username;
    }
  }

  /** Greeted again when the name changes. */
  @Entity(name = "Renamed")
  static class Renamed {
    @Id int id;
    @Nullable String username;

    @WelcomeMessage(
        of = "username",
        event = {EventType.INSERT, EventType.UPDATE})
    @Nullable String greeting;

    @NowMillis(event = {EventType.INSERT, EventType.UPDATE})
    long changedAt;

    Renamed() {}

    Renamed(int id) {
      this.id = id;
      this.username = "user" + id;
    }
  }

  @Test
  void insertsCostOneForEachFlush(DataSource dataSource, WireProxy proxy) throws Exception {
    assertThat(inserts(dataSource, proxy, BATCHES_OF_50, Plain.class, i -> new Plain("user" + i)))
        .isEqualTo(401);
    assertThat(inserts(dataSource, proxy, BATCHES_OF_50, User.class, i -> new User("user" + i)))
        .isEqualTo(411);
  }

  /** The tuned settings are allocationSize, batch_size and reWriteBatchedInserts. */
  @Test
  void insertsCostLittleWhenTuned(DataSource dataSource, WireProxy proxy) throws Exception {
    var rewriting = dataSource.unwrap(PGSimpleDataSource.class);
    rewriting.setReWriteBatchedInserts(true);
    Map<String, Object> tuned = Map.of("hibernate.jdbc.batch_size", 1_000);
    assertThat(inserts(rewriting, proxy, tuned, TunedPlain.class, i -> new TunedPlain("user" + i)))
        .isEqualTo(21);
    assertThat(inserts(rewriting, proxy, tuned, Tuned.class, i -> new Tuned("user" + i)))
        .isEqualTo(31);
  }

  @Test
  void identityCostsNothing(DataSource dataSource, WireProxy proxy) throws Exception {
    assertThat(inserts(dataSource, proxy, BATCHES_OF_50, Counted.class, i -> new Counted("u" + i)))
        .isEqualTo(10_001);
  }

  /** One prefetch query is enough for any combination of entities. */
  @Test
  void allTypesOfAFlushShareTheRoundTrip(DataSource dataSource, WireProxy proxy) throws Exception {
    try (HikariDataSource pool = pool(dataSource);
        SessionFactory factory =
            Factories.open(pool, BATCHES_OF_50, User.class, Renamed.class, Tuned.class)) {
      factory.inTransaction(s -> IntStream.range(0, 10).forEach(i -> s.persist(new Renamed(i))));
      factory.inTransaction(
          session -> {
            List<Renamed> loaded =
                session.createQuery("from Renamed", Renamed.class).getResultList();
            loaded.forEach(each -> each.username += "x");
            session.persist(new User("a"));
            session.persist(new Tuned("b"));
            session.persist(new Renamed(10));
            // one prefetch query, and one batch each for three inserted types and an updated one
            roundTrips(proxy, 5, session::flush);
            roundTrips(proxy, 0, session::flush);
          });
    }
  }

  @Test
  void updatesCostOneForEachFlush(DataSource dataSource, WireProxy proxy) throws Exception {
    try (HikariDataSource pool = pool(dataSource);
        SessionFactory factory =
            Factories.open(
                pool, Map.of("hibernate.jdbc.batch_size", 50), Renamed.class, Plain.class)) {
      factory.inTransaction(
          session -> {
            for (int i = 0; i < 10_000; i++) {
              session.persist(new Renamed(i));
              session.persist(new Plain("user" + i));
            }
          });
      long without = updates(factory, proxy, "Plain");
      assertThat(without).isEqualTo(200);
      assertThat(updates(factory, proxy, "Renamed")).isEqualTo(without + 1);
      assertThat(
              factory.<Long>fromTransaction(
                  s ->
                      s.createQuery(
                              "select count(*) from Renamed where"
                                  + " greeting = 'Hello, user' || id || 'x!'",
                              Long.class)
                          .getSingleResult()))
          .isEqualTo(10_000);
    }
  }

  private static long updates(SessionFactory factory, WireProxy proxy, String type) {
    return factory.fromTransaction(
        session -> {
          List<?> loaded = session.createQuery("from " + type, Object.class).getResultList();
          // unchanged entities cost nothing
          roundTrips(proxy, 0, session::flush);
          for (Object each : loaded) {
            if (each instanceof Renamed renamed) {
              renamed.username += "x";
            } else {
              ((Plain) each).username += "x";
            }
          }
          long roundTrips = roundTripsOf(proxy, session::flush);
          roundTrips(proxy, 0, session::flush);
          return roundTrips;
        });
  }

  @Test
  void aStatelessSessionTakesOneRoundTripWithPrefetch(DataSource dataSource, WireProxy proxy)
      throws Exception {
    try (HikariDataSource pool = pool(dataSource);
        SessionFactory factory = Factories.open(pool, Map.of(), Renamed.class);
        StatelessSession session = factory.openStatelessSession()) {
      session.beginTransaction();
      session.createNativeQuery("select 1", Integer.class).getSingleResult();
      List<Renamed> entities = IntStream.range(0, 100).mapToObj(Renamed::new).toList();
      roundTrips(proxy, 1, () -> PgHelloSessions.prefetch(session, entities));
      assertThat(entities.get(99).greeting).isEqualTo("Hello, user99!");
      assertThat(entities.get(99).changedAt).isPositive();
      roundTrips(proxy, 100, () -> entities.forEach(session::insert));
      roundTrips(proxy, 2, () -> session.insert(new Renamed(100)));
      roundTrips(proxy, 0, () -> PgHelloSessions.prefetch(session, List.of()));
      session.getTransaction().commit();
      assertThat(
              session
                  .createQuery(
                      "select greeting from Renamed where id >= 99 order by id", String.class)
                  .getResultList())
          .containsExactly("Hello, user99!", "Hello, user100!");
    }
  }

  /** The library never reads a reference. */
  @Test
  void referencesAreNotReadAdditionally(DataSource dataSource, WireProxy proxy) throws Exception {
    try (HikariDataSource pool = pool(dataSource);
        SessionFactory factory = Factories.open(pool, Map.of(), User.class, OfUser.class);
        // one factory has listeners for all entities
        SessionFactory without = Factories.open(pool, Map.of(), Plain.class, OfPlain.class)) {
      var user = new User("Ada");
      factory.inTransaction(
          session -> {
            session.persist(user);
            session.persist(new OfUser(user));
          });
      var plain = new Plain("Ada");
      without.inTransaction(
          session -> {
            session.persist(plain);
            session.persist(new OfPlain(plain));
          });
      assertThat(ofReference(factory, proxy, User.class, requireNonNull(user.id)))
          .isEqualTo(ofReference(without, proxy, Plain.class, requireNonNull(plain.id)));
      assertThat(refreshed(factory, proxy, OfUser.class))
          .isEqualTo(refreshed(without, proxy, OfPlain.class));
    }
  }

  /** Returns the round trips of a refresh that cascades to an unread reference. */
  private static long refreshed(SessionFactory factory, WireProxy proxy, Class<?> type) {
    return factory.fromTransaction(
        session -> {
          Object referring = session.find(type, 1L);
          return roundTripsOf(proxy, () -> session.refresh(referring));
        });
  }

  /** Returns the round trips of each step and whether the reference was read. */
  private static List<Object> ofReference(
      SessionFactory factory, WireProxy proxy, Class<?> type, Object id) {
    return factory.fromTransaction(
        session -> {
          session.createNativeQuery("select 1", Integer.class).getSingleResult();
          Object reference = session.getReference(type, id);
          var seen = new ArrayList<Object>();
          seen.add(roundTripsOf(proxy, () -> session.refresh(reference)));
          seen.add(Hibernate.isInitialized(reference));
          Object other = session.getReference(type, id);
          seen.add(roundTripsOf(proxy, () -> session.detach(other)));
          seen.add(Hibernate.isInitialized(other));
          return seen;
        });
  }

  private static void roundTrips(WireProxy proxy, long expected, Runnable action) {
    assertThat(roundTripsOf(proxy, action)).isEqualTo(expected);
  }

  private static long roundTripsOf(WireProxy proxy, Runnable action) {
    try {
      return proxy.countRoundTrips(action::run);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static long inserts(
      DataSource dataSource,
      WireProxy proxy,
      Map<String, Object> settings,
      Class<?> type,
      IntFunction<Object> entity)
      throws Exception {
    try (HikariDataSource pool = pool(dataSource);
        SessionFactory factory = Factories.open(pool, settings, type)) {
      // the first identifier takes an additional round trip
      factory.inTransaction(session -> session.persist(entity.apply(-1)));
      long roundTrips;
      try (Session session = factory.openSession()) {
        session.beginTransaction();
        // a pool may validate a connection
        session.createNativeQuery("select 1", Integer.class).getSingleResult();
        roundTrips =
            proxy.countRoundTrips(
                () -> {
                  for (int i = 0; i < 10_000; i++) {
                    session.persist(entity.apply(i));
                    if (i % 1_000 == 999) {
                      session.flush();
                      session.clear();
                    }
                  }
                  session.getTransaction().commit();
                });
      }
      List<Object[]> wrong =
          factory.fromTransaction(
              s ->
                  s.createQuery(
                          "select e.username, e.greeting from "
                              + type.getSimpleName()
                              + " e where e.greeting <> 'Hello, ' || e.username || '!' or"
                              + " e.greeting is null or e.createdAt = 0",
                          Object[].class)
                      .getResultList());
      assertThat(wrong).isEmpty();
      return roundTrips;
    }
  }

  private static HikariDataSource pool(DataSource dataSource) {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(1);
    return new HikariDataSource(config);
  }
}
