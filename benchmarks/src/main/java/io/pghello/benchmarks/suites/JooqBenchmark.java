// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static io.pghello.benchmarks.harness.Comparison.CHECKED_MEANWHILE;
import static io.pghello.benchmarks.harness.SampleNames.USUAL;
import static io.pghello.jooq.PgHello.fetchPgHello;
import static io.pghello.jooq.PgHello.nowMs;
import static io.pghello.jooq.PgHello.pgHello;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Action;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.InterleavedSamples;
import io.pghello.benchmarks.harness.InterleavedSamples.Statistic;
import io.pghello.benchmarks.harness.Sql;
import io.pghello.extension.testkit.ExtensionServer;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.SQLDialect;
import org.jooq.Select;
import org.jooq.Table;
import org.jooq.conf.ParamType;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

/** Measures the cost of jOOQ's routines on one local connection. */
public final class JooqBenchmark extends ServerBenchmark {
  private static final Table<Record> NAMES = DSL.table(DSL.name("names"));
  private static final Field<Integer> ID = DSL.field(DSL.name("names", "id"), SQLDataType.INTEGER);
  private static final Field<String> NAME = DSL.field(DSL.name("names", "name"), SQLDataType.CLOB);
  private static final Table<Record> GREETINGS = DSL.table(DSL.name("greetings"));
  private static final Field<String> GREETING = DSL.field(DSL.name("greeting"), SQLDataType.CLOB);
  private static final Field<Long> CREATED_AT =
      DSL.field(DSL.name("created_at"), SQLDataType.BIGINT);

  private static final int MANY = 10_000;

  // the number of samples, and the amount of work per sample, which takes a few milliseconds
  private static final int SAMPLES = 40;
  private static final int QUERIES = 50;
  private static final int LOOP = 100;
  private static final int INSERT_SAMPLES = 5;
  private static final int ROWS = 100_000;

  private final DSLContext ctx = DSL.using(connection, SQLDialect.POSTGRES);
  private final List<String> many = USUAL.list(MANY);
  private final int rounds;

  public JooqBenchmark(boolean quick) throws SQLException {
    super(
        ExtensionServer.builder()
            .extension("pg_hello")
            .setting("autovacuum", "off")
            .setting("jit", "off")
            .start());
    rounds = quick ? 9 : 7;
    Sql.execute(
        connection,
        "create unlogged table names as select i as id, 'Name' || i as name"
            + " from generate_series(1, %d) i".formatted(ROWS),
        "create unique index on names (id)",
        "create unlogged table greetings (greeting text, created_at bigint)",
        "analyze names");
  }

  @Override
  public List<Comparison> comparisons() {
    String template = "the same SQL as a plain SQL template";
    return List.of(
        interleaved(
            BenchmarkRow.plain("select of one row with routines", template, "us").target(1.1, 1.0),
            Statistic.TRIMMED_MEAN,
            this::requireSameQueries,
            () -> micros(this::routines),
            () -> micros(this::template)),
        interleaved(
            BenchmarkRow.plain("the same, rendered only", template, "us"),
            Statistic.BEST,
            CHECKED_MEANWHILE,
            () -> renderMicros(this::routines),
            () -> renderMicros(this::template)),
        // there is no target, because a round trip of the loop takes two or three times as long if
        // it crosses CPUs; a round trip with this many names is not affected in this way
        interleaved(
            BenchmarkRow.rate(
                    "fetchPgHello(ctx, 10,000 names)",
                    "a loop of pgHello(configuration, name)",
                    "k/s")
                .guarded(20),
            Statistic.TRIMMED_MEAN,
            CHECKED_MEANWHILE,
            Side.rate(MANY, serverPid, () -> USUAL.check(MANY, fetchPgHello(ctx, many))),
            Side.rate(LOOP, serverPid, this::loop)),
        new InterleavedSamples(
                BenchmarkRow.Better.HIGHER,
                Statistic.BEST,
                INSERT_SAMPLES,
                Side.of(() -> insert(this::insertSelect)),
                Side.of(() -> insert(this::insertSelectByJdbc)))
            .comparison(
                BenchmarkRow.rate(
                        "insert-select of greetings, rows", "the same SQL with JDBC", "k/s")
                    .target(0.9, 1.0)
                    .lessCpu(0.8),
                this::requireSameRows,
                3,
                rounds));
  }

  private Comparison interleaved(
      BenchmarkRow row, Statistic statistic, Action check, Side ours, Side peer) {
    return new InterleavedSamples(row.better(), statistic, SAMPLES, ours, peer)
        .comparison(row, check, 5, rounds);
  }

  private interface Query {
    Select<?> of(int id);
  }

  private Select<?> routines(int id) {
    return ctx.select(pgHello(NAME, 2), nowMs()).from(NAMES).where(ID.eq(id));
  }

  /** Returns the query of an application that uses neither routines nor DSL.function. */
  private Select<?> template(int id) {
    return ctx.select(
            DSL.field(
                "\"pg_hello\"(cast({0} as text), cast({1} as int))",
                SQLDataType.CLOB, NAME, DSL.inline(2)),
            DSL.field("\"now_ms\"()", SQLDataType.BIGINT))
        .from(NAMES)
        .where(ID.eq(id));
  }

  private void requireSameQueries() {
    Select<?> ours = routines(7);
    Select<?> peer = template(7);
    require(ours.getSQL().equals(peer.getSQL()), ours.getSQL() + " and " + peer.getSQL());
    for (Select<?> query : List.of(ours, peer)) {
      Object greeting = query.fetchSingle().get(0);
      require("Hello, Name7! Hello, Name7!".equals(greeting), "wrong answer: " + greeting);
    }
  }

  private double micros(Query query) {
    long start = System.nanoTime();
    for (int i = 1; i <= QUERIES; i++) {
      require(query.of(i).fetchSingle().size() == 2, "two values were expected");
    }
    return (System.nanoTime() - start) / 1e3 / QUERIES;
  }

  private double renderMicros(Query query) {
    int times = 10 * QUERIES;
    long length = 0;
    long start = System.nanoTime();
    for (int i = 1; i <= times; i++) {
      length += query.of(i).getSQL(ParamType.INDEXED).length();
    }
    double micros = (System.nanoTime() - start) / 1e3 / times;
    require(length > 0, "nothing was rendered");
    return micros;
  }

  private void loop() {
    for (int i = 0; i < LOOP; i++) {
      USUAL.check(i, pgHello(ctx.configuration(), many.get(i)));
    }
  }

  private void requireSameRows() throws Exception {
    for (Action action : List.<Action>of(this::insertSelect, this::insertSelectByJdbc)) {
      insert(action);
      Sql.requireTrue(
          connection,
          "select count(*) = ? from names join greetings"
              + " on greeting = 'Hello, ' || name || '! Hello, ' || name || '!'"
              + " where created_at > 0",
          ROWS);
    }
  }

  private void insertSelect() {
    ctx.insertInto(GREETINGS, GREETING, CREATED_AT)
        .select(DSL.select(pgHello(NAME, 2), nowMs()).from(NAMES))
        .execute();
  }

  private void insertSelectByJdbc() throws SQLException {
    String sql =
        "insert into greetings (greeting, created_at)"
            + " select pg_hello(name, ?), now_ms() from names";
    try (PreparedStatement statement = Sql.prepare(connection, sql, 2)) {
      statement.executeUpdate();
    }
  }

  private Comparison.Sample insert(Action action) throws Exception {
    ctx.execute("truncate greetings");
    return Side.rate(ROWS, serverPid, action).sample();
  }
}
