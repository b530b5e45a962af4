// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.pghello.testkit.PgHelloTest;
import io.pghello.testkit.WireProxy;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Inheritance;
import jakarta.persistence.InheritanceType;
import jakarta.persistence.MappedSuperclass;
import jakarta.persistence.SecondaryTable;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Values in hierarchies of classes, and in more tables than one. */
@PgHelloTest
class InheritanceIT {
  /** What was filled. */
  interface Filled {
    List<@Nullable String> greetings();

    List<Long> times();
  }

  /** All in one table. */
  @Entity(name = "SingleRoot")
  @Inheritance(strategy = InheritanceType.SINGLE_TABLE)
  static class SingleRoot implements Filled {
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

    SingleRoot() {}

    SingleRoot(int id, String username) {
      this.id = id;
      this.username = username;
    }

    @Override
    public List<@Nullable String> greetings() {
      return Arrays.asList(prefetched, returned);
    }

    @Override
    public List<Long> times() {
      return List.of(prefetchedAt, returnedAt == null ? 0 : returnedAt.toEpochMilli());
    }
  }

  /** Adds values of its own to those it inherits, and also greets an inherited attribute. */
  @Entity(name = "SingleSub")
  static class SingleSub extends SingleRoot {
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

    SingleSub() {}

    SingleSub(int id, String username, String nickname) {
      super(id, username);
      this.nickname = nickname;
    }

    @Override
    public List<@Nullable String> greetings() {
      return Arrays.asList(prefetched, returned, twice, nicknamePrefetched, nicknameReturned);
    }

    @Override
    public List<Long> times() {
      return List.of(
          prefetchedAt,
          returnedAt == null ? 0 : returnedAt.toEpochMilli(),
          subPrefetchedAt == null ? 0 : subPrefetchedAt.toEpochMilli(),
          subReturnedAt);
    }
  }

  /** Only the subclass is filled. */
  @Entity(name = "SingleBare")
  @Inheritance(strategy = InheritanceType.SINGLE_TABLE)
  static class SingleBare {
    @Id int id;
    String username;

    SingleBare() {}

    SingleBare(int id, String username) {
      this.id = id;
      this.username = username;
    }
  }

  /** Greets what it inherits. */
  @Entity(name = "SingleGreeted")
  static class SingleGreeted extends SingleBare {
    @WelcomeMessage(of = "username")
    @Nullable String greeting;

    @NowMillis long createdAt;

    SingleGreeted() {}

    SingleGreeted(int id, String username) {
      super(id, username);
    }
  }

  /** A table for each class, with what that class adds. */
  @Entity(name = "JoinedRoot")
  @Inheritance(strategy = InheritanceType.JOINED)
  static class JoinedRoot implements Filled {
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

    JoinedRoot() {}

    JoinedRoot(int id, String username) {
      this.id = id;
      this.username = username;
    }

    @Override
    public List<@Nullable String> greetings() {
      return Arrays.asList(prefetched, returned);
    }

    @Override
    public List<Long> times() {
      return List.of(prefetchedAt, returnedAt == null ? 0 : returnedAt.toEpochMilli());
    }
  }

  /** Adds values of its own to those it inherits, and also greets an inherited attribute. */
  @Entity(name = "JoinedSub")
  static class JoinedSub extends JoinedRoot {
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

    JoinedSub() {}

    JoinedSub(int id, String username, String nickname) {
      super(id, username);
      this.nickname = nickname;
    }

    @Override
    public List<@Nullable String> greetings() {
      return Arrays.asList(prefetched, returned, twice, nicknamePrefetched, nicknameReturned);
    }

    @Override
    public List<Long> times() {
      return List.of(
          prefetchedAt,
          returnedAt == null ? 0 : returnedAt.toEpochMilli(),
          subPrefetchedAt == null ? 0 : subPrefetchedAt.toEpochMilli(),
          subReturnedAt);
    }
  }

  /** Only the subclass is filled. */
  @Entity(name = "JoinedBare")
  @Inheritance(strategy = InheritanceType.JOINED)
  static class JoinedBare {
    @Id int id;
    String username;

    JoinedBare() {}

    JoinedBare(int id, String username) {
      this.id = id;
      this.username = username;
    }
  }

  /** Greets what it inherits. */
  @Entity(name = "JoinedGreeted")
  static class JoinedGreeted extends JoinedBare {
    @WelcomeMessage(of = "username")
    @Nullable String greeting;

    @NowMillis long createdAt;

    JoinedGreeted() {}

    JoinedGreeted(int id, String username) {
      super(id, username);
    }
  }

  /** A table for each class, with all. */
  @Entity(name = "TableRoot")
  @Inheritance(strategy = InheritanceType.TABLE_PER_CLASS)
  static class TableRoot implements Filled {
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

    TableRoot() {}

    TableRoot(int id, String username) {
      this.id = id;
      this.username = username;
    }

    @Override
    public List<@Nullable String> greetings() {
      return Arrays.asList(prefetched, returned);
    }

    @Override
    public List<Long> times() {
      return List.of(prefetchedAt, returnedAt == null ? 0 : returnedAt.toEpochMilli());
    }
  }

  /** Adds values of its own to those it inherits, and also greets an inherited attribute. */
  @Entity(name = "TableSub")
  static class TableSub extends TableRoot {
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

    TableSub() {}

    TableSub(int id, String username, String nickname) {
      super(id, username);
      this.nickname = nickname;
    }

    @Override
    public List<@Nullable String> greetings() {
      return Arrays.asList(prefetched, returned, twice, nicknamePrefetched, nicknameReturned);
    }

    @Override
    public List<Long> times() {
      return List.of(
          prefetchedAt,
          returnedAt == null ? 0 : returnedAt.toEpochMilli(),
          subPrefetchedAt == null ? 0 : subPrefetchedAt.toEpochMilli(),
          subReturnedAt);
    }
  }

  /** Only the subclass is filled. */
  @Entity(name = "TableBare")
  @Inheritance(strategy = InheritanceType.TABLE_PER_CLASS)
  static class TableBare {
    @Id int id;
    String username;

    TableBare() {}

    TableBare(int id, String username) {
      this.id = id;
      this.username = username;
    }
  }

  /** Greets what it inherits. */
  @Entity(name = "TableGreeted")
  static class TableGreeted extends TableBare {
    @WelcomeMessage(of = "username")
    @Nullable String greeting;

    @NowMillis long createdAt;

    TableGreeted() {}

    TableGreeted(int id, String username) {
      super(id, username);
    }
  }

  /** What many entities have in common. */
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

  /** All of it is inherited. */
  @Entity(name = "CommonA")
  static class CommonA extends Common {
    CommonA() {}

    CommonA(String username) {
      this.username = username;
    }
  }

  /** The same in another table, and a value of its own. */
  @Entity(name = "CommonB")
  static class CommonB extends Common {
    @WelcomeMessage(of = "username", repeat = 2)
    @Nullable String twice;

    CommonB() {}

    CommonB(String username) {
      this.username = username;
    }
  }

  /** With an identifier that the INSERT into the root's table makes. */
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

  /** What it adds is in a table whose INSERT makes no identifier. */
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

  /** Nothing but values that the INSERT is to compute is in the second table. */
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

  @Test
  void fillsASingleTable(DataSource dataSource) {
    fills(
        dataSource,
        SingleRoot.class,
        new SingleRoot(1, "Ada"),
        new SingleSub(2, "Grace", "Amazing"),
        SingleSub.class);
  }

  @Test
  void fillsJoinedTables(DataSource dataSource) {
    fills(
        dataSource,
        JoinedRoot.class,
        new JoinedRoot(1, "Ada"),
        new JoinedSub(2, "Grace", "Amazing"),
        JoinedSub.class);
  }

  @Test
  void fillsATableForEachClass(DataSource dataSource) {
    fills(
        dataSource,
        TableRoot.class,
        new TableRoot(1, "Ada"),
        new TableSub(2, "Grace", "Amazing"),
        TableSub.class);
  }

  private static void fills(
      DataSource dataSource,
      Class<? extends Filled> type,
      Filled root,
      Filled sub,
      Class<?> other) {
    long before = System.currentTimeMillis() - 60_000;
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), type, other)) {
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

      Filled rootRow = factory.fromTransaction(session -> session.find(type, 1));
      Filled subRow = factory.fromTransaction(session -> session.find(type, 2));
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

  @Test
  void fillsSubclassesOfWhatIsNotFilled(DataSource dataSource, WireProxy proxy) {
    var single = new SingleGreeted(2, "Grace");
    var joined = new JoinedGreeted(2, "Grace");
    var table = new TableGreeted(2, "Grace");
    try (SessionFactory factory =
        Factories.open(
            dataSource,
            Map.of(),
            SingleBare.class,
            SingleGreeted.class,
            JoinedBare.class,
            JoinedGreeted.class,
            TableBare.class,
            TableGreeted.class)) {
      factory.inTransaction(
          session -> {
            connect(session);
            session.persist(new SingleBare(1, "Ada"));
            session.persist(single);
            session.persist(new JoinedBare(1, "Ada"));
            session.persist(joined);
            session.persist(new TableBare(1, "Ada"));
            session.persist(table);
            // one look-up, and an INSERT into each table, two of them for what is joined
            roundTrips(proxy, 1 + 7, session::flush);
          });
      assertThat(List.of(single.greeting, joined.greeting, table.greeting))
          .containsOnly("Hello, Grace!");
      assertThat(single.createdAt)
          .isPositive()
          .isEqualTo(joined.createdAt)
          .isEqualTo(table.createdAt);
      factory.inTransaction(
          session -> {
            for (String type : List.of("SingleGreeted", "JoinedGreeted", "TableGreeted")) {
              assertThat(rows(session, "select e.greeting, e.createdAt from " + type + " e"))
                  .containsExactly(tuple("Hello, Grace!", single.createdAt));
            }
          });
    }
  }

  @Test
  void fillsWhatAMappedSuperclassSays(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory =
        Factories.open(dataSource, Map.of(), CommonA.class, CommonB.class)) {
      var a = new CommonA("Ada");
      var b = new CommonB("Bob");
      factory.inTransaction(
          session -> {
            connect(session);
            // the identifier is in the superclass, too: each INSERT returns all values
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
            // what is not in the identifier's table is read back by a query
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

  private static List<org.assertj.core.groups.Tuple> rows(Session session, String query) {
    return session.createQuery(query, Object[].class).getResultList().stream()
        .map(org.assertj.core.api.Assertions::tuple)
        .toList();
  }

  /** Begins the transaction, which is no part of what is counted. */
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
