// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Inheritance;
import jakarta.persistence.InheritanceType;
import jakarta.persistence.MappedSuperclass;
import jakarta.persistence.SecondaryTable;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.transaction.jta.platform.internal.NoJtaPlatform;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Values in class hierarchies and in several tables. */
@PgHelloTest
class InheritanceIT {
  /** Each test assigns the hierarchy to tables. */
  @Entity(name = "Root")
  static class Root {
    @Id int id;
    String username;

    @WelcomeMessage(of = "username", strategy = ValueStrategy.PREFETCH)
    @Nullable String prefetched;

    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    @NowMillis(strategy = ValueStrategy.PREFETCH)
    long prefetchedAt;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    @Nullable Instant returnedAt;

    Root() {}

    Root(int id, String username) {
      this.id = id;
      this.username = username;
    }

    List<@Nullable String> greetings() {
      return Arrays.asList(prefetched, returned);
    }

    List<Long> times() {
      return List.of(prefetchedAt, returnedAt == null ? 0 : returnedAt.toEpochMilli());
    }
  }

  /** Adds values to the inherited ones, and greets an inherited attribute. */
  @Entity(name = "Sub")
  static class Sub extends Root {
    String nickname;

    @WelcomeMessage(of = "nickname", strategy = ValueStrategy.PREFETCH)
    @Nullable String nicknamePrefetched;

    @WelcomeMessage(of = "nickname", strategy = ValueStrategy.RETURNING)
    @Nullable String nicknameReturned;

    @WelcomeMessage(of = "username", repeat = 2)
    @Nullable String twice;

    @NowMillis(strategy = ValueStrategy.PREFETCH)
    @Nullable Instant subPrefetchedAt;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    long subReturnedAt;

    Sub() {}

    Sub(int id, String username, String nickname) {
      super(id, username);
      this.nickname = nickname;
    }

    @Override
    List<@Nullable String> greetings() {
      return Arrays.asList(prefetched, returned, twice, nicknamePrefetched, nicknameReturned);
    }

    @Override
    List<Long> times() {
      return List.of(
          prefetchedAt,
          returnedAt == null ? 0 : returnedAt.toEpochMilli(),
          subPrefetchedAt == null ? 0 : subPrefetchedAt.toEpochMilli(),
          subReturnedAt);
    }
  }

  /** Only its subclass has filled attributes. */
  @Entity(name = "Bare")
  static class Bare {
    @Id int id;
    String username;

    Bare() {}

    Bare(int id, String username) {
      this.id = id;
      this.username = username;
    }
  }

  /** Greets an inherited attribute. */
  @Entity(name = "Greeted")
  static class Greeted extends Bare {
    @WelcomeMessage(of = "username")
    @Nullable String greeting;

    @NowMillis long createdAt;

    Greeted() {}

    Greeted(int id, String username) {
      super(id, username);
    }
  }

  /** Common attributes of many entities. */
  @MappedSuperclass
  abstract static class Common {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @NowMillis long createdAt;

    String username;

    @WelcomeMessage(of = "username")
    @Nullable String greeting;
  }

  /** Inherits everything. */
  @Entity(name = "CommonA")
  static class CommonA extends Common {
    CommonA() {}

    CommonA(String username) {
      this.username = username;
    }
  }

  /** Like {@code CommonA} in another table, with an additional value. */
  @Entity(name = "CommonB")
  static class CommonB extends Common {
    @WelcomeMessage(of = "username", repeat = 2)
    @Nullable String twice;

    CommonB() {}

    CommonB(String username) {
      this.username = username;
    }
  }

  /** The INSERT into the root's table generates the identifier. */
  @Entity(name = "Numbered")
  @Inheritance(strategy = InheritanceType.JOINED)
  static class Numbered {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    String username;

    @WelcomeMessage(of = "username")
    @Nullable String greeting;

    Numbered() {}

    Numbered(String username) {
      this.username = username;
    }
  }

  /** Its additional attributes are in a table without a generated identifier. */
  @Entity(name = "NumberedSub")
  static class NumberedSub extends Numbered {
    @WelcomeMessage(of = "username", repeat = 2)
    @Nullable String twice;

    @NowMillis long createdAt;

    NumberedSub() {}

    NumberedSub(String username) {
      super(username);
    }
  }

  /** Name and greetings are in two tables. */
  @Entity(name = "Split")
  @SecondaryTable(name = "split_more")
  static class Split {
    @Id int id;
    String username;

    @WelcomeMessage(of = "username")
    @Column(table = "split_more")
    @Nullable String prefetched;

    @WelcomeMessage(of = "username", strategy = ValueStrategy.RETURNING)
    @Column(table = "split_more")
    @Nullable String returned;

    @NowMillis
    @Column(table = "split_more")
    long prefetchedAt;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    @Column(table = "split_more")
    long returnedAt;

    Split() {}

    Split(int id, String username) {
      this.id = id;
      this.username = username;
    }
  }

  /** The second table contains only values computed by the INSERT. */
  @Test
  void fillsSecondaryTables(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Split.class)) {
      var split = new Split(1, "Ada");
      factory.inTransaction(session -> session.persist(split));
      assertThat(split.prefetched).isEqualTo("Hello, Ada!");
      assertThat(split.returned).isEqualTo("Hello, Ada!");
      assertThat(split.prefetchedAt).isPositive();
      assertThat(split.returnedAt).isPositive();
      Split row = factory.fromTransaction(session -> session.find(Split.class, 1));
      assertThat(row).extracting(r -> r.prefetched, r -> r.returned).containsOnly("Hello, Ada!");
      assertThat(row.prefetchedAt).isEqualTo(split.prefetchedAt);
      assertThat(row.returnedAt).isEqualTo(split.returnedAt);
    }
  }

  @ParameterizedTest
  @EnumSource(InheritanceType.class)
  void fillsAHierarchy(InheritanceType strategy, DataSource dataSource) {
    long before = System.currentTimeMillis() - 60_000;
    var root = new Root(1, "Ada");
    var sub = new Sub(2, "Grace", "Amazing");
    try (SessionFactory factory = open(dataSource, strategy, Root.class, Sub.class)) {
      factory.inTransaction(
          session -> {
            session.persist(root);
            session.persist(sub);
          });
      assertThat(root.greetings()).containsExactly("Hello, Ada!", "Hello, Ada!");
      assertThat(sub.greetings())
          .containsExactly(
              "Hello, Grace!",
              "Hello, Grace!",
              "Hello, Grace! Hello, Grace!",
              "Hello, Amazing!",
              "Hello, Amazing!");
      assertThat(root.times()).allMatch(time -> time > before);
      assertThat(sub.times()).allMatch(time -> time > before);

      Root rootRow = factory.fromTransaction(session -> session.find(Root.class, 1));
      Root subRow = factory.fromTransaction(session -> session.find(Root.class, 2));
      assertThat(rootRow.greetings()).containsOnly("Hello, Ada!");
      assertThat(subRow.greetings())
          .containsExactly(
              "Hello, Grace!",
              "Hello, Grace!",
              "Hello, Grace! Hello, Grace!",
              "Hello, Amazing!",
              "Hello, Amazing!");
      assertThat(rootRow.times()).allMatch(time -> time > before);
      assertThat(subRow.times()).allMatch(time -> time > before);
      assertThat(rootRow.times()).isEqualTo(root.times());
      assertThat(subRow.times()).isEqualTo(sub.times());
    }
  }

  @ParameterizedTest
  @EnumSource(InheritanceType.class)
  void fillsSubclassesOfAnEntityWithoutValues(
      InheritanceType strategy, DataSource dataSource, WireProxy proxy) {
    var greeted = new Greeted(2, "Grace");
    try (SessionFactory factory = open(dataSource, strategy, Bare.class, Greeted.class)) {
      factory.inTransaction(
          session -> {
            connect(session);
            session.persist(new Bare(1, "Ada"));
            session.persist(greeted);
            // one prefetch query and an INSERT into each table, two of them for the joined subclass
            int inserts = strategy == InheritanceType.JOINED ? 3 : 2;
            roundTrips(proxy, 1 + inserts, session::flush);
          });
      assertThat(greeted.greeting).isEqualTo("Hello, Grace!");
      assertThat(greeted.createdAt).isPositive();
      factory.inTransaction(
          session ->
              assertThat(rows(session, "select e.greeting, e.createdAt from Greeted e"))
                  .containsExactly(tuple("Hello, Grace!", greeted.createdAt)));
    }
  }

  @Test
  void fillsValuesOfAMappedSuperclass(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory =
        Factories.open(dataSource, Map.of(), CommonA.class, CommonB.class)) {
      var a = new CommonA("Ada");
      var b = new CommonB("Bob");
      factory.inTransaction(
          session -> {
            connect(session);
            // the identifier is also in the superclass: each INSERT returns all values
            roundTrips(
                proxy,
                2,
                () -> {
                  session.persist(a);
                  session.persist(b);
                });
            roundTrips(proxy, 0, session::flush);
          });
      assertThat(List.of(a.greeting, b.greeting, b.twice))
          .containsExactly("Hello, Ada!", "Hello, Bob!", "Hello, Bob! Hello, Bob!");
      factory.inTransaction(
          session -> {
            assertThat(rows(session, "select e.greeting, e.createdAt from CommonA e"))
                .containsExactly(tuple("Hello, Ada!", a.createdAt));
            assertThat(rows(session, "select e.greeting, e.twice, e.createdAt from CommonB e"))
                .containsExactly(tuple("Hello, Bob!", "Hello, Bob! Hello, Bob!", b.createdAt));
          });
      assertThat(a.createdAt).isPositive();
    }
  }

  @Test
  void identityInARootCostsOneReadForTheTableOfASubclass(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory =
        Factories.open(dataSource, Map.of(), Numbered.class, NumberedSub.class)) {
      var root = new Numbered("Ada");
      var sub = new NumberedSub("Bob");
      factory.inTransaction(
          session -> {
            connect(session);
            roundTrips(proxy, 1, () -> session.persist(root));
            // values outside the identifier's table are read back by a query
            roundTrips(proxy, 3, () -> session.persist(sub));
            roundTrips(proxy, 0, session::flush);
          });
      assertThat(root.greeting).isEqualTo("Hello, Ada!");
      assertThat(sub.greeting).isEqualTo("Hello, Bob!");
      assertThat(sub.twice).isEqualTo("Hello, Bob! Hello, Bob!");
      factory.inTransaction(
          session ->
              assertThat(
                      rows(session, "select e.greeting, e.twice, e.createdAt from NumberedSub e"))
                  .containsExactly(tuple("Hello, Bob!", "Hello, Bob! Hello, Bob!", sub.createdAt)));
      assertThat(sub.createdAt).isPositive();
    }
  }

  /** Opens a factory with a hierarchy that an XML mapping assigns to tables. */
  private static SessionFactory open(
      DataSource dataSource, InheritanceType strategy, Class<?> root, Class<?> sub) {
    var configuration = new Configuration();
    configuration.getProperties().put("hibernate.connection.datasource", dataSource);
    configuration.getProperties().put("hibernate.hbm2ddl.auto", "create-drop");
    configuration.getProperties().put("hibernate.transaction.jta.platform", NoJtaPlatform.INSTANCE);
    configuration.addAnnotatedClass(root).addAnnotatedClass(sub);
    String xml =
        """
        <entity-mappings xmlns='https://jakarta.ee/xml/ns/persistence/orm' version='3.0'>
          <entity class='%s' name='%s'><inheritance strategy='%s'/></entity>
        </entity-mappings>
        """
            .formatted(root.getName(), root.getSimpleName(), strategy);
    configuration.addInputStream(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
    return configuration.buildSessionFactory();
  }

  /** The strategies differ in the number of tables and columns, also in XML. */
  @ParameterizedTest
  @CsvSource({"SINGLE_TABLE, 1, 1", "JOINED, 2, 1", "TABLE_PER_CLASS, 2, 2"})
  void aHierarchyHasItsTables(
      InheritanceType strategy, long tables, long columns, DataSource dataSource) {
    try (SessionFactory factory = open(dataSource, strategy, Bare.class, Greeted.class)) {
      factory.inTransaction(
          session -> {
            assertThat(count(session, "tables where true")).isEqualTo(tables);
            assertThat(count(session, "columns where column_name = 'username'")).isEqualTo(columns);
          });
    }
  }

  private static long count(Session session, String what) {
    return session
        .createNativeQuery(
            "select count(*) from information_schema."
                + what
                + " and table_schema = current_schema()",
            Long.class)
        .getSingleResult();
  }

  private static List<org.assertj.core.groups.Tuple> rows(Session session, String query) {
    return session.createQuery(query, Object[].class).getResultList().stream()
        .map(org.assertj.core.api.Assertions::tuple)
        .toList();
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
