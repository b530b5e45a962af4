// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import static io.pghello.jooq.PgHello.fetchPgHello;
import static io.pghello.jooq.PgHello.inSchema;
import static io.pghello.jooq.PgHello.nowMs;
import static io.pghello.jooq.PgHello.nowMsInstant;
import static io.pghello.jooq.PgHello.pgHello;
import static io.pghello.jooq.PgHello.pgHelloAll;
import static io.pghello.jooq.PgHello.pgHelloOrNull;
import static io.pghello.jooq.PgHello.pgHelloTable;
import static io.pghello.jooq.PgHello.spiVersion;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.jooq.impl.DSL.count;
import static org.jooq.impl.DSL.excluded;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.inline;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.param;
import static org.jooq.impl.DSL.select;
import static org.jooq.impl.DSL.table;
import static org.jooq.impl.DSL.val;
import static org.jooq.impl.SQLDataType.BIGINT;
import static org.jooq.impl.SQLDataType.INTEGER;
import static org.jooq.impl.SQLDataType.VARCHAR;

import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import io.r2dbc.spi.Connection;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jooq.BatchBindStep;
import org.jooq.CommonTableExpression;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Query;
import org.jooq.Record;
import org.jooq.Record1;
import org.jooq.Record3;
import org.jooq.Result;
import org.jooq.SQLDialect;
import org.jooq.Select;
import org.jooq.Table;
import org.jooq.conf.ParamType;
import org.jooq.conf.ParseUnknownFunctions;
import org.jooq.conf.Settings;
import org.jooq.conf.StatementType;
import org.jooq.exception.DataAccessException;
import org.jooq.exception.SQLDialectNotSupportedException;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/** Tests typical uses of the functions with jOOQ. */
@PgHelloTest
class PgHelloIT {
  /** A table like one that jOOQ generates. */
  private static final class Users {
    final Table<Record> table = table(name("users"));
    final Field<Integer> id = field(name("users", "id"), INTEGER);
    final Field<String> username = field(name("users", "username"), VARCHAR);
    final Field<String> welcome = field(name("users", "welcome"), VARCHAR);
    final Field<Long> createdAt = field(name("users", "created_at"), BIGINT);
  }

  private static final Users USERS = new Users();

  @BeforeEach
  void createTable(TestDatabase database) throws SQLException {
    try (java.sql.Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE users (id integer PRIMARY KEY, username varchar(50) UNIQUE, welcome text,"
              + " created_at bigint DEFAULT now_ms());"
              + " INSERT INTO users VALUES (1, 'Ada'), (2, 'Grace'), (3, NULL)");
    }
  }

  private static DSLContext using(java.sql.Connection connection) {
    return DSL.using(connection, SQLDialect.POSTGRES);
  }

  private static void assertJustNow(Long millis) {
    assertThat(millis).isCloseTo(System.currentTimeMillis(), within(60_000L));
  }

  @Test
  void selects(java.sql.Connection connection, WireProxy proxy) throws Exception {
    DSLContext ctx = using(connection);
    proxy.assertRoundTrips(
        1,
        () -> {
          var rows =
              ctx.select(USERS.username, pgHello(USERS.username), nowMs(), spiVersion())
                  .from(USERS.table)
                  .orderBy(USERS.id)
                  .fetch();
          assertThat(rows.getValues(1, String.class))
              .containsExactly("Hello, Ada!", "Hello, Grace!", null);
          assertThat(rows.getValues(nowMs()))
              .hasSize(3)
              .allSatisfy(millis -> assertJustNow(millis));
          assertThat(rows.get(0).value4()).startsWith("PostgreSQL ");
        });
  }

  @Test
  void filtersGroupsAndOrders(java.sql.Connection connection) {
    DSLContext ctx = using(connection);
    Field<String> greeting = pgHello(USERS.username, 2);
    assertThat(
            ctx.select(greeting, count())
                .from(USERS.table)
                .where(greeting.like("%a!"))
                .or(pgHello(USERS.username).eq(pgHello("Grace")))
                .and(nowMs().gt(USERS.createdAt.minus(1)))
                .groupBy(USERS.username)
                .having(pgHello(USERS.username).isNotNull())
                .orderBy(greeting.desc())
                .fetch(0, String.class))
        .containsExactly("Hello, Grace! Hello, Grace!", "Hello, Ada! Hello, Ada!");
  }

  @Test
  void insertsValues(java.sql.Connection connection, WireProxy proxy) throws Exception {
    DSLContext ctx = using(connection);
    proxy.assertRoundTrips(
        1,
        () ->
            ctx.insertInto(USERS.table, USERS.id, USERS.username, USERS.welcome, USERS.createdAt)
                .values(val(4), val("Alan"), pgHello("Alan"), nowMs())
                .values(val(5), val("Mary"), pgHello("Mary", 2), nowMs())
                .execute());
    assertThat(
            ctx.select(USERS.welcome)
                .from(USERS.table)
                .where(USERS.id.gt(3))
                .fetch(0, String.class))
        .containsExactlyInAnyOrder("Hello, Alan!", "Hello, Mary! Hello, Mary!");
  }

  @Test
  void insertsSelectedValues(java.sql.Connection connection, WireProxy proxy) throws Exception {
    DSLContext ctx = using(connection);
    Field<Integer> i = field(name("i"), INTEGER);
    Field<String> username = val("user").concat(i.cast(VARCHAR));
    proxy.assertRoundTrips(
        1,
        () ->
            assertThat(
                    ctx.insertInto(
                            USERS.table, USERS.id, USERS.username, USERS.welcome, USERS.createdAt)
                        .select(
                            select(i, username, pgHello(username), nowMs())
                                .from(DSL.generateSeries(1001, 2000).as("s", "i")))
                        .execute())
                .isEqualTo(1000));
    assertThat(ctx.select(USERS.welcome).from(USERS.table).where(USERS.id.eq(1500)).fetchOne(0))
        .isEqualTo("Hello, user1500!");
  }

  @Test
  void updatesAndReturns(java.sql.Connection connection, WireProxy proxy) throws Exception {
    DSLContext ctx = using(connection);
    proxy.assertRoundTrips(
        1,
        () -> {
          var row =
              ctx.update(USERS.table)
                  .set(USERS.welcome, pgHello(USERS.username, 3))
                  .set(USERS.createdAt, nowMs())
                  .where(USERS.id.eq(1))
                  .returningResult(USERS.welcome, pgHello(USERS.username), USERS.createdAt)
                  .fetchSingle();
          assertThat(row.value1()).isEqualTo("Hello, Ada! Hello, Ada! Hello, Ada!");
          assertThat(row.value2()).isEqualTo("Hello, Ada!");
          assertJustNow(row.value3());
        });
  }

  @Test
  void upserts(java.sql.Connection connection) {
    DSLContext ctx = using(connection);
    for (int i = 0; i < 2; i++) {
      ctx.insertInto(USERS.table, USERS.id, USERS.username)
          .values(7, "Edsger")
          .onConflict(field(name("id")))
          .doUpdate()
          .set(USERS.welcome, pgHello(excluded(USERS.username)))
          .execute();
    }
    assertThat(ctx.select(USERS.welcome).from(USERS.table).where(USERS.id.eq(7)).fetchOne(0))
        .isEqualTo("Hello, Edsger!");
  }

  @Test
  void merges(java.sql.Connection connection) {
    DSLContext ctx = using(connection);
    ctx.mergeInto(USERS.table)
        .using(select(val(1).as("id"), val("Ada").as("username")).asTable("s"))
        .on(USERS.id.eq(field(name("s", "id"), INTEGER)))
        .whenMatchedThenUpdate()
        .set(USERS.welcome, pgHello(field(name("s", "username"), String.class)))
        .execute();
    assertThat(ctx.select(USERS.welcome).from(USERS.table).where(USERS.id.eq(1)).fetchOne(0))
        .isEqualTo("Hello, Ada!");
  }

  @Test
  void batches(java.sql.Connection connection, WireProxy proxy) throws Exception {
    DSLContext ctx = using(connection);
    Query insert =
        ctx.insertInto(USERS.table, USERS.id, USERS.username, USERS.welcome)
            .values(
                param("id", INTEGER), param("username", VARCHAR), pgHello(param("name", VARCHAR)));
    BatchBindStep batch = ctx.batch(insert);
    for (int i = 100; i < 200; i++) {
      batch = batch.bind(i, "u" + i, "u" + i);
    }
    BatchBindStep full = batch;
    proxy.assertRoundTrips(1, full::execute);
    assertThat(ctx.fetchCount(USERS.table, USERS.welcome.like("Hello, u1__!"))).isEqualTo(100);
  }

  @Test
  void worksInCommonTableExpressions(java.sql.Connection connection) {
    DSLContext ctx = using(connection);
    CommonTableExpression<?> greetings =
        name("greetings").fields("greeting").as(select(pgHello(USERS.username)).from(USERS.table));
    assertThat(
            ctx.with(greetings)
                .select(field(name("greeting")))
                .from(greetings)
                .orderBy(1)
                .fetch(0, String.class))
        .containsExactly("Hello, Ada!", "Hello, Grace!", null);
  }

  @Test
  void callsARoutineInOneRoundTrip(java.sql.Connection connection, WireProxy proxy)
      throws Exception {
    DSLContext ctx = using(connection);
    for (int i = 0; i < 10; i++) {
      proxy.assertRoundTrips(
          1, () -> assertThat(pgHello(ctx.configuration(), "Ada")).isEqualTo("Hello, Ada!"));
      proxy.assertRoundTrips(
          1,
          () ->
              assertThat(pgHello(ctx.configuration(), "Ada", 2))
                  .isEqualTo("Hello, Ada! Hello, Ada!"));
      proxy.assertRoundTrips(1, () -> assertJustNow(nowMs(ctx.configuration())));
      proxy.assertRoundTrips(
          1, () -> assertThat(spiVersion(ctx.configuration())).startsWith("PostgreSQL "));
      proxy.assertRoundTrips(
          1,
          () ->
              assertThat(
                      pgHelloAll(
                          ctx.configuration(),
                          new String[] {"a", null, "b"},
                          new Integer[] {1, 2, 3}))
                  .containsExactly("Hello, a!", null, "Hello, b! Hello, b! Hello, b!"));
    }
  }

  @Test
  void greetsManyInOneRoundTripAndInOrder(java.sql.Connection connection, WireProxy proxy)
      throws Exception {
    DSLContext ctx = using(connection);
    List<String> names = IntStream.range(0, 10_000).mapToObj(i -> "n" + i % 7_000).toList();
    proxy.assertRoundTrips(
        1,
        () ->
            assertThat(fetchPgHello(ctx, names))
                .isEqualTo(names.stream().map(n -> "Hello, " + n + "!").toList()));
    proxy.assertRoundTrips(
        0, () -> assertThat(fetchPgHello(ctx, Collections.<String>emptyList())).isEmpty());
    // region many
    List<String> greetings = fetchPgHello(ctx, List.of("Ada", "Grace")); // one round trip
    // endregion
    assertThat(greetings).containsExactly("Hello, Ada!", "Hello, Grace!");
    assertThatThrownBy(() -> greetings.add("x")).isInstanceOf(UnsupportedOperationException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "O'Brien",
        "\\",
        "\"",
        "Zoë",
        "İ",
        "👩‍👩‍👧",
        "a\nb",
        "{x}",
        "?",
        ":x",
        "NULL",
        ","
      })
  void takesEveryNameEveryWay(String username, java.sql.Connection connection) {
    DSLContext ctx = using(connection);
    String expected = "Hello, " + username + "!";
    assertThat(fetchPgHello(ctx, List.of(username))).containsExactly(expected);
    assertThat(pgHello(ctx.configuration(), username)).isEqualTo(expected);
    assertThat(ctx.select(pgHello(username)).fetchOne(0)).isEqualTo(expected);
    assertThat(ctx.select(pgHello(inline(username))).fetchOne(0)).isEqualTo(expected);
    assertThat(ctx.select(pgHelloOrNull(username, 1)).fetchOne(0)).isEqualTo(expected);
    assertThat(ctx.fetchValue(pgHelloTable(List.of(username)).field("greeting")))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @NullSource
  void givesNullForNull(String none, java.sql.Connection connection) {
    DSLContext ctx = using(connection);
    assertThat(ctx.fetchValue(pgHelloOrNull(none))).isNull();
    assertThat(ctx.fetchValue(pgHelloOrNull(none, 2))).isNull();
    assertThat(ctx.fetchValue(pgHelloOrNull("Ada", null))).isNull();
    assertThat(ctx.fetchValue(pgHelloOrNull("Ada"))).isEqualTo("Hello, Ada!");
    assertThat(ctx.fetchValue(pgHello(none))).isNull();
    assertThat(pgHello(ctx.configuration(), none)).isNull();
  }

  @Test
  void isATable(java.sql.Connection connection, WireProxy proxy) throws Exception {
    DSLContext ctx = using(connection);
    proxy.assertRoundTrips(
        1,
        () -> {
          // region table
          Table<Record3<Long, String, String>> greetings = pgHelloTable(List.of("Grace", "Ada"));
          var rows = ctx.selectFrom(greetings).orderBy(greetings.field("position")).fetch();
          // endregion
          assertThat(rows.intoMap(0, 2))
              .isEqualTo(java.util.Map.of(1L, "Hello, Grace!", 2L, "Hello, Ada!"));
          assertThat(rows.getValues(1, String.class)).containsExactly("Grace", "Ada");
        });
    Table<?> g = pgHelloTable(List.of("Ada", "Nobody")).as("g");
    assertThat(
            ctx.select(USERS.id, g.field("greeting"))
                .from(USERS.table)
                .join(g)
                .on(USERS.username.eq(g.field("name", String.class)))
                .fetchSingle()
                .intoList())
        .containsExactly(1, "Hello, Ada!");
    assertThat(ctx.fetchCount(pgHelloTable(List.of()))).isZero();
    // jOOQ's own support for arrays
    assertThat(
            ctx.select()
                .from(DSL.unnest(pgHelloAll(new String[] {"Ada"}, new Integer[] {2})))
                .fetch(0, String.class))
        .containsExactly("Hello, Ada! Hello, Ada!");
  }

  @Test
  void readsTheClockAsAnInstant(java.sql.Connection connection) {
    DSLContext ctx = using(connection);
    Instant now = ctx.fetchValue(nowMsInstant());
    assertThat(now).isCloseTo(Instant.now(), within(1, ChronoUnit.MINUTES));
    assertThat(now.truncatedTo(ChronoUnit.MILLIS)).isEqualTo(now);
    // region instant
    Field<Instant> createdAt = USERS.createdAt.convert(new EpochMillisConverter());
    var old = ctx.selectFrom(USERS.table).where(createdAt.lt(now.minusSeconds(3600)));
    // endregion
    assertThat(old.fetch()).isEmpty();
    assertThat(ctx.fetchCount(select().from(USERS.table).where(nowMsInstant().ge(createdAt))))
        .isEqualTo(3);
  }

  @Test
  void followsTransactionsAndTheirSettings(java.sql.Connection connection) {
    DSLContext ctx = using(connection);
    assertThatThrownBy(
            () ->
                ctx.transaction(
                    transaction -> {
                      DSL.using(transaction)
                          .update(USERS.table)
                          .set(USERS.welcome, pgHello(USERS.username))
                          .execute();
                      transaction.dsl().fetch("select set_config('pg_hello.repeat', '2', true)");
                      assertThat(pgHello(transaction, "Ada")).isEqualTo("Hello, Ada! Hello, Ada!");
                      assertThat(fetchPgHello(transaction.dsl(), List.of("Ada")))
                          .containsExactly("Hello, Ada! Hello, Ada!");
                      throw new IllegalStateException("changed my mind");
                    }))
        .hasMessage("changed my mind");
    assertThat(ctx.fetchCount(USERS.table, USERS.welcome.isNotNull())).isZero();
    assertThat(pgHello(ctx.configuration(), "Ada")).isEqualTo("Hello, Ada!");
  }

  @Test
  void survivesTheParser(java.sql.Connection connection) {
    // jOOQ's parser requires this setting for functions that it does not know
    var settings = new Settings().withParseUnknownFunctions(ParseUnknownFunctions.IGNORE);
    DSLContext ctx = DSL.using(connection, SQLDialect.POSTGRES, settings);
    Select<?> query =
        ctx.select(pgHello(USERS.username), pgHello(USERS.username, 2), nowMs())
            .from(USERS.table)
            .where(pgHello(USERS.username).eq("Hello, Ada!"));
    String sql = query.getSQL(ParamType.INLINED);
    String parsed = ctx.parser().parse(sql).queries()[0].getSQL(ParamType.INLINED);
    assertThat(parsed).isEqualTo(sql);
    assertThat(ctx.fetchSingle(parsed).get(1)).isEqualTo("Hello, Ada! Hello, Ada!");
  }

  @Test
  void runsAsAStaticStatement(java.sql.Connection connection) {
    var settings = new Settings().withStatementType(StatementType.STATIC_STATEMENT);
    DSLContext ctx = DSL.using(connection, SQLDialect.POSTGRES, settings);
    String username = "O'Brien \\ {0} ?";
    String expected = "Hello, " + username + "!";
    assertThat(ctx.fetchValue(pgHello(username))).isEqualTo(expected);
    assertThat(ctx.fetchValue(pgHello(val(username), 1))).isEqualTo(expected);
    assertThat(pgHello(ctx.configuration(), username)).isEqualTo(expected);
    assertThat(fetchPgHello(ctx, List.of(username, "a,\"b\"")))
        .containsExactly(expected, "Hello, a,\"b\"!");
    assertThat(ctx.selectFrom(pgHelloTable(List.of(username))).fetch(2, String.class))
        .containsExactly(expected);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void readsTextAndBinaryTransferAlike(boolean binary, TestDatabase database) throws SQLException {
    PGSimpleDataSource dataSource = database.dataSource().unwrap(PGSimpleDataSource.class);
    dataSource.setBinaryTransfer(binary);
    dataSource.setPrepareThreshold(binary ? -1 : 0);
    try (java.sql.Connection connection = dataSource.getConnection()) {
      DSLContext ctx = using(connection);
      assertThat(fetchPgHello(ctx, Arrays.asList("Ada", "Zoë")))
          .containsExactly("Hello, Ada!", "Hello, Zoë!");
      assertThat(pgHello(ctx.configuration(), "Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
      assertJustNow(ctx.fetchValue(nowMs()));
    }
  }

  @Test
  void runsOnR2dbc(TestDatabase database) throws Exception {
    Connection connection = all(ReactiveIT.factory(database).create()).get(0);
    try {
      DSLContext ctx = DSL.using(connection, SQLDialect.POSTGRES);
      assertThat(
              all(
                  ctx.select(pgHello(USERS.username, 2))
                      .from(USERS.table)
                      .where(USERS.username.isNotNull())
                      .orderBy(USERS.id)))
          .extracting(Record1::value1)
          .containsExactly("Hello, Ada! Hello, Ada!", "Hello, Grace! Hello, Grace!");
      assertThat(all(ctx.selectFrom(pgHelloTable(List.of("a", "b")))))
          .extracting(Record3::value3)
          .containsExactlyInAnyOrder("Hello, a!", "Hello, b!");
      assertThat(all(ctx.select(nowMsInstant())).get(0).value1())
          .isCloseTo(Instant.now(), within(1, ChronoUnit.MINUTES));
    } finally {
      all(connection.close());
    }
  }

  /** Waits for all items of a publisher. */
  private static <T> List<T> all(Publisher<T> publisher) throws Exception {
    var items = new ArrayList<T>();
    var done = new CompletableFuture<List<T>>();
    publisher.subscribe(
        new Subscriber<T>() {
          @Override
          public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
          }

          @Override
          public void onNext(T item) {
            items.add(item);
          }

          @Override
          public void onError(Throwable e) {
            done.completeExceptionally(e);
          }

          @Override
          public void onComplete() {
            done.complete(items);
          }
        });
    return done.get(30, TimeUnit.SECONDS);
  }

  @Test
  void findsAnExtensionInAnotherSchema(
      java.sql.Connection connection, @Superuser java.sql.Connection superuser) {
    DSLContext ctx = using(connection);
    ctx.execute("create schema ext");
    using(superuser).execute("alter extension pg_hello set schema ext");
    assertThatThrownBy(() -> pgHello(ctx.configuration(), "Ada"))
        .isInstanceOf(DataAccessException.class)
        .hasMessageContaining("does not exist");
    // region relocated
    DSLContext relocated = inSchema(ctx, "ext");
    // endregion
    assertThat(pgHello(relocated.configuration(), "Ada")).isEqualTo("Hello, Ada!");
    assertThat(fetchPgHello(relocated, List.of("Ada"))).containsExactly("Hello, Ada!");
    assertThat(
            relocated
                .select(pgHello(USERS.username, 2))
                .from(USERS.table)
                .where(USERS.id.eq(1))
                .fetchOne(0))
        .isEqualTo("Hello, Ada! Hello, Ada!");
    assertThat(relocated.selectFrom(pgHelloTable(List.of("Ada"))).fetch(2, String.class))
        .containsExactly("Hello, Ada!");
    assertJustNow(relocated.fetchValue(nowMs()));
    relocated.transaction(
        transaction -> assertThat(pgHello(transaction, "Ada")).isEqualTo("Hello, Ada!"));
  }

  @Test
  void isSentToNoOtherDatabase(java.sql.Connection connection, WireProxy proxy) throws Exception {
    DSLContext other = DSL.using(connection, SQLDialect.H2);
    proxy.assertRoundTrips(
        0,
        () -> {
          assertThatThrownBy(() -> fetchPgHello(other, List.of("Ada")))
              .isInstanceOf(SQLDialectNotSupportedException.class);
          assertThatThrownBy(() -> other.select(pgHello("Ada")).fetch())
              .isInstanceOf(SQLDialectNotSupportedException.class)
              .hasMessageContaining("dialect of this configuration is H2");
        });
  }

  @Test
  void reportsTheSqlStateOfTheServer(java.sql.Connection connection) {
    DSLContext ctx = using(connection);
    assertThatThrownBy(() -> pgHello(ctx.configuration(), "Ada", 11))
        .isInstanceOf(DataAccessException.class)
        .satisfies(e -> assertThat(((DataAccessException) e).sqlState()).isEqualTo("22023"));
  }

  @Tag("session") // settings of a session, or of a role at its login
  @Test
  void usesAnIndexOnTheGreeting(java.sql.Connection connection) {
    DSLContext ctx = using(connection);
    ctx.execute("create index greeting on users (pg_hello(username, 1))");
    ctx.execute("set enable_seqscan = off");
    String sql =
        ctx.select(USERS.id)
            .from(USERS.table)
            .where(pgHello(USERS.username, 1).eq("Hello, Grace!"))
            .getSQL(ParamType.INLINED);
    assertThat(ctx.fetch("explain " + sql).format()).contains("Index Scan using greeting");
    assertThat(ctx.fetchValue("select usesuper from pg_user where usename = current_user"))
        .as("the tests do not run as a superuser")
        .isEqualTo(false);
  }

  /** Objects are serialized, for example, in a cache or in the session of a web application. */
  @Test
  void canBeSerialized(java.sql.Connection connection) throws Exception {
    DSLContext ctx = using(connection);
    Field<String> twice = pgHello(USERS.username, 2);
    for (Field<?> field :
        List.of(
            twice,
            pgHello(USERS.username),
            pgHelloOrNull("Ada"),
            pgHelloOrNull("Ada", 2),
            pgHelloAll(new String[] {"Ada"}, new Integer[] {2}),
            nowMs(),
            nowMsInstant(),
            spiVersion())) {
      Field<?> copy = copy(field);
      assertThat(copy).isEqualTo(field);
      assertThat(ctx.render(copy)).isEqualTo(ctx.render(field));
      assertThat(inSchema(ctx, "ext").render(copy)).contains("\"ext\".");
      assertThat(ctx.select(copy).from(USERS.table).limit(1).fetchSingle().size()).isEqualTo(1);
    }
    Table<Record3<Long, String, String>> table = copy(pgHelloTable(List.of("Ada")));
    assertThat(ctx.selectFrom(table).fetch(2, String.class)).containsExactly("Hello, Ada!");
    Select<?> query =
        copy(
            ctx.select(USERS.id, twice, nowMsInstant())
                .from(USERS.table)
                .where(twice.like("%Ada!")));
    assertThat(ctx.fetch(query.getSQL(ParamType.INLINED)).getValues(1, String.class))
        .containsExactly("Hello, Ada! Hello, Ada!");
    Result<Record3<String, Instant, String>> result =
        ctx.select(twice, nowMsInstant(), spiVersion()).from(USERS.table).fetch();
    assertThat(copy(result)).isEqualTo(result);
    assertThat(copy(result.get(0)).get(copy(twice))).isEqualTo(result.get(0).get(twice));
    var greetings = ctx.selectFrom(pgHelloTable(List.of("Ada", "Grace"))).fetch();
    assertThat(copy(greetings)).isEqualTo(greetings);
    assertThat(copy(greetings.get(1)).value3()).isEqualTo("Hello, Grace!");
  }

  @SuppressWarnings("unchecked")
  private static <T> T copy(T object) throws IOException, ClassNotFoundException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    }
  }

  @Test
  void groupsAndOrdersByAGreetingWithACount(java.sql.Connection connection) {
    DSLContext ctx = using(connection);
    Field<String> twice = pgHello(USERS.username, 2);
    String ada = "Hello, Ada! Hello, Ada!";
    String grace = "Hello, Grace! Hello, Grace!";
    assertThat(
            ctx.select(pgHello(USERS.username, 2), count())
                .from(USERS.table)
                .groupBy(pgHello(USERS.username, 2))
                .having(pgHello(USERS.username, 2).isNotNull())
                .orderBy(pgHello(USERS.username, 2))
                .fetch(0, String.class))
        .containsExactly(ada, grace);
    assertThat(
            ctx.selectDistinct(twice)
                .from(USERS.table)
                .where(USERS.username.isNotNull())
                .orderBy(twice.desc())
                .fetch(0, String.class))
        .containsExactly(grace, ada);
    assertThat(
            ctx.select(twice)
                .distinctOn(twice)
                .from(USERS.table)
                .where(USERS.username.isNotNull())
                .orderBy(twice)
                .fetch(0, String.class))
        .containsExactly(ada, grace);
  }

  /** The server may use a generic plan after five executions. */
  @Tag("session") // settings of a session, or of a role at its login
  @Test
  void usesAnIndexOnTheGreetingInGenericPlans(java.sql.Connection connection) {
    var settings = new Settings().withRenderNamedParamPrefix("$");
    DSLContext ctx = DSL.using(connection, SQLDialect.POSTGRES, settings);
    ctx.execute("create index greeting on users (pg_hello(username, 2))");
    ctx.execute("set enable_seqscan = off");
    ctx.execute("set plan_cache_mode = force_generic_plan");
    var query =
        ctx.select(USERS.id)
            .from(USERS.table)
            .where(pgHello(USERS.username, 2).eq(val("Hello, Grace! Hello, Grace!")));
    ctx.execute("prepare query as " + query.getSQL(ParamType.NAMED));
    String values =
        query.getBindValues().stream()
            .map(value -> ctx.renderInlined(val(value)))
            .collect(joining(", "));
    assertThat(ctx.fetch("explain execute query (" + values + ")").format())
        .contains("Index Scan using greeting")
        .as("the plan does not contain the value")
        .contains("$1");
    assertThat(ctx.fetchValue("execute query (" + values + ")")).isEqualTo(2);
  }
}
