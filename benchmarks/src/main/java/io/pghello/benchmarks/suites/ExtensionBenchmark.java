// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Action;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.Sql;
import io.pghello.benchmarks.harness.Sweep;
import io.pghello.extension.testkit.ExtensionServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.postgresql.PGConnection;

/**
 * The cost of a function call inside one server session.
 *
 * <p>A statement calls the function once for each row of a table in memory. The cost is the
 * additional time compared with the same statement without the call.
 */
public final class ExtensionBenchmark extends ServerBenchmark {
  private static final int MANY_STATEMENTS = 1_000;
  private static final int MAX_GROWTH_KB = 512;

  private static final String HELLO = "pg_hello(name)";
  private static final String ALL = "pg_hello_all(names)";
  // alternatives in plain SQL with the same results
  private static final String CONCATENATION = "'Hello, ' || name || '!'";
  private static final String REPEATED = "rtrim(repeat('Hello, ' || name || '! ', 10))";
  // an aggregate over many rows with the same value; OFFSET 0 prevents constant folding
  private static final String REPEATED_VALUE =
      "SELECT %s FROM (SELECT ?::%s OFFSET 0) n, generate_series(1, ?)";
  private static final String SUBQUERY = "array(SELECT pg_hello(n) FROM unnest(names) n)";

  private final int rounds;
  private final int curveCalls;
  private final int nameCount;
  private final int fewCount;
  private final int memoryCalls;

  public ExtensionBenchmark(boolean quick) throws SQLException {
    super(
        ExtensionServer.builder()
            .extension("pg_hello")
            .setting("autovacuum", "off")
            .setting("jit", "off")
            .setting("max_parallel_workers_per_gather", "0")
            // if a table is larger than a quarter of shared_buffers, a scan does not cache the
            // whole table
            .setting("shared_buffers", "512MB")
            .start());
    rounds = quick ? 9 : 5;
    curveCalls = quick ? 100_000 : 250_000;
    nameCount = quick ? 250_000 : 500_000;
    fewCount = nameCount / 10;
    memoryCalls = quick ? 1_000_000 : 3_000_000;
    Sql.execute(
        connection,
        "CREATE UNLOGGED TABLE names AS SELECT 'Name' || lpad(i::text, 7, '0') AS name"
            + " FROM generate_series(1, %d) i".formatted(nameCount),
        "CREATE UNLOGGED TABLE few AS SELECT name FROM names LIMIT " + fewCount,
        "CREATE UNLOGGED TABLE long_names AS SELECT rpad(name, 1000, 'x') AS name FROM few",
        "ALTER TABLE long_names ALTER name SET STORAGE PLAIN",
        "VACUUM (FREEZE, ANALYZE) names, few, long_names",
        "CREATE FUNCTION plpgsql_hello(name text) RETURNS text LANGUAGE plpgsql STABLE STRICT"
            + " AS $$ BEGIN RETURN 'Hello, ' || name || '!'; END $$");
  }

  @Override
  public List<Comparison> comparisons() {
    var hello = BenchmarkRow.plain(HELLO, CONCATENATION, "ns").target(0.5, 0.3).guarded(0.8);
    var argument =
        BenchmarkRow.plain(HELLO, "the same with PG_GETARG_TEXT_PP", "ns").target(1, 0.9);
    var now =
        BenchmarkRow.plain("now_ms()", "clock_timestamp()", "ns").target(1.2, 1.05).guarded(2);
    var version = BenchmarkRow.plain("spi_version()", "version()", "ns");
    var ownVersion =
        BenchmarkRow.plain("spi_version()", "SPI_execute each time", "ns")
            .target(0.35, 0.25)
            .guarded(0.6);
    var all = BenchmarkRow.plain("pg_hello_all(1,024 names)", SUBQUERY, "us");
    return List.of(
        calls(hello, "names", HELLO, CONCATENATION),
        calls("names", HELLO, "format('Hello, %s!', name)"),
        calls("names", HELLO, "plpgsql_hello(name)"),
        calls("names", HELLO, "pg_hello(name, 1)"),
        prepared(
            () -> createPeer("peer_hello(text)"),
            calls(argument, "names", HELLO, "peer_hello(name)")),
        calls("few", "pg_hello(name, 10)", REPEATED),
        calls(
            BenchmarkRow.plain("pg_hello(name), 1,000 characters", CONCATENATION, "ns"),
            "long_names",
            HELLO,
            CONCATENATION),
        compared(
            now,
            "SELECT abs(now_ms() - extract(epoch FROM clock_timestamp()) * 1000) < 1000",
            call("names", "1", "now_ms()"),
            call("names", "1", "clock_timestamp()")),
        prepared(() -> createPeer("peer_spi_version()"), version(ownVersion, "peer_spi_version()")),
        version(version, "version()"),
        arrays(BenchmarkRow.plain("pg_hello_all(256 names)", SUBQUERY, "us"), 256, 2_000),
        arrays(all.target(0.12, 0.05).guarded(0.5), 1_024, 1_000),
        arrays(BenchmarkRow.plain("pg_hello_all(10,000 names)", SUBQUERY, "us"), 10_000, 100),
        statements(1_024, 200),
        memory(HELLO),
        memory("pg_hello(name, 10)"),
        memory("pg_hello_all(ARRAY[name])"),
        memory("now_ms()"),
        memory("spi_version()"));
  }

  private Comparison compared(BenchmarkRow row, Action check, Side ours, Side peer) {
    return new Comparison(row, check, ours, peer, 1, rounds);
  }

  private Comparison compared(BenchmarkRow row, String check, Side ours, Side peer) {
    return compared(row, () -> Sql.requireTrue(connection, check), ours, peer);
  }

  private Comparison calls(String table, String ours, String peer) {
    return calls(BenchmarkRow.plain(ours, peer, "ns"), table, ours, peer);
  }

  /** Compares two expressions with the same value for each name in a table. */
  private Comparison calls(BenchmarkRow row, String table, String ours, String peer) {
    return compared(
        row,
        "SELECT bool_and(%s = %s) AND count(*) = %d FROM %s"
            .formatted(ours, peer, count(table), table),
        call(table, "name", ours),
        call(table, "name", peer));
  }

  private Comparison version(BenchmarkRow row, String peer) {
    return compared(
        row,
        "SELECT spi_version() = version() AND " + peer + " = version()",
        call("few", "1", "spi_version()"),
        call("few", "1", peer));
  }

  private Comparison arrays(BenchmarkRow row, int length, int calls) {
    return compared(
        row,
        () -> requireSameArrays(length),
        () -> arrayMicros(ALL, length, calls),
        () -> arrayMicros(SUBQUERY, length, calls));
  }

  /**
   * Compares the time that a client waits for a statement. The names are sent to the server, but
   * the results are not sent back.
   */
  private Comparison statements(int length, int times) {
    return compared(
        BenchmarkRow.plain("statement with %,d names".formatted(length), SUBQUERY, "us"),
        () -> requireSameArrays(length),
        () -> statementMicros(ALL, length, times),
        () -> statementMicros(SUBQUERY, length, times));
  }

  private Comparison memory(String call) {
    String name = "memory, twice %,d times %s".formatted(memoryCalls, call);
    BenchmarkRow row = BenchmarkRow.plain(name, null, "KB").count(MAX_GROWTH_KB, MAX_GROWTH_KB);
    return new Comparison(row.guarded(MAX_GROWTH_KB), () -> {}, () -> growthKb(call), null, 0, 1);
  }

  private static Comparison prepared(Action before, Comparison comparison) {
    return comparison.withCheck(
        () -> {
          before.run();
          comparison.check().run();
        });
  }

  /** Loads the library that scripts/native.sh compiles from the directory {@code peer}. */
  private void createPeer(String function) throws SQLException {
    String library = System.getProperty("pg-hello.bench.peer");
    if (library == null) {
      throw new IllegalStateException("the peer is not compiled; run ./dev bench");
    }
    Sql.execute(
        connection,
        "CREATE FUNCTION %s RETURNS text LANGUAGE C STABLE STRICT AS '%s'"
            .formatted(function, library.replace("'", "''")));
  }

  private int count(String table) {
    return table.equals("names") ? nameCount : fewCount;
  }

  /**
   * Returns the cost of an expression per row of a table, in nanoseconds, compared with a cost-free
   * expression.
   */
  private Side call(String table, String nothing, String expression) {
    int calls = count(table);
    return () -> nanos("SELECT count(%s) FROM " + table, nothing, expression, calls) / calls;
  }

  /** Returns the cost of an expression with one array, in microseconds. */
  private double arrayMicros(String expression, int length, int calls) throws SQLException {
    String sql = REPEATED_VALUE.formatted("sum(cardinality(%s))", "text[] AS names");
    return nanos(sql, "names", expression, (long) length * calls, names(length), calls)
        / calls
        / 1e3;
  }

  /** Returns the cost of an expression with a long name, in nanoseconds. */
  private double nanos(String expression, int length) throws SQLException {
    int calls = (int) Math.min(curveCalls, 400L * curveCalls / length);
    String name = "x".repeat(length);
    Sql.requireTrue(
        connection,
        "SELECT pg_hello(name) = " + CONCATENATION + " FROM (SELECT ?::text AS name OFFSET 0) n",
        name);
    String sql = REPEATED_VALUE.formatted("count(%s)", "text AS name");
    return nanos(sql, "name", expression, calls, name, calls) / calls;
  }

  /**
   * Returns the additional time, in nanoseconds, that a statement takes with an expression,
   * compared with the same statement with a cost-free expression. Uses the minimum of several runs,
   * because other load on the machine only adds to the time.
   */
  private double nanos(
      String sql, String nothing, String expression, long expected, Object... parameters)
      throws SQLException {
    long shortestWith = Long.MAX_VALUE;
    long shortestWithout = Long.MAX_VALUE;
    try (PreparedStatement with = Sql.prepare(connection, sql.formatted(expression), parameters);
        PreparedStatement without = Sql.prepare(connection, sql.formatted(nothing), parameters)) {
      for (int i = 0; i < 5; i++) {
        long start = System.nanoTime();
        requireCount(without, expected);
        long middle = System.nanoTime();
        requireCount(with, expected);
        shortestWithout = Math.min(shortestWithout, middle - start);
        shortestWith = Math.min(shortestWith, System.nanoTime() - middle);
      }
    }
    return shortestWith - shortestWithout;
  }

  private static void requireCount(PreparedStatement statement, long expected) throws SQLException {
    try (ResultSet row = statement.executeQuery()) {
      row.next();
      requireCount(row.getLong(1), expected);
    }
  }

  private static void requireCount(long count, long expected) {
    if (count != expected) {
      throw new IllegalStateException("expected " + expected + ", but got " + count);
    }
  }

  private double statementMicros(String expression, int length, int times) throws SQLException {
    String sql = "SELECT cardinality(" + expression + ") FROM (SELECT ?::text[] AS names) n";
    try (PreparedStatement statement = Sql.prepare(connection, sql, names(length))) {
      long start = System.nanoTime();
      for (int i = 0; i < times; i++) {
        requireCount(statement, length);
      }
      return (System.nanoTime() - start) / 1e3 / times;
    }
  }

  private void requireSameArrays(int length) throws SQLException {
    Sql.requireTrue(
        connection,
        "SELECT pg_hello_all(names) = %s AND cardinality(names) = ?".formatted(SUBQUERY)
            + " FROM (SELECT ?::text[] AS names OFFSET 0) n",
        length,
        names(length));
  }

  private Array names(int length) throws SQLException {
    return Sql.query(
        connection,
        "SELECT array_agg(name) FROM (SELECT name FROM names LIMIT ?) n",
        row -> row.getArray(1),
        length);
  }

  /**
   * Returns the total growth, in kB, of a new session's memory during one long statement and many
   * short statements.
   */
  private double growthKb(String call) throws SQLException, IOException {
    int names = memoryCalls / MANY_STATEMENTS;
    try (Connection session = database.superuserDataSource().getConnection()) {
      int pid = session.unwrap(PGConnection.class).getBackendPID();
      // these runs are enough to fill the caches
      for (int i = 0; i < 10; i++) {
        call(session, call, names, 1 + i);
      }
      long before = anonymousKb(pid);
      call(session, call, names, MANY_STATEMENTS);
      for (int i = 0; i < MANY_STATEMENTS; i++) {
        call(session, call, names, 1);
      }
      return anonymousKb(pid) - before;
    }
  }

  private static void call(Connection session, String call, int names, int times)
      throws SQLException {
    String sql =
        "SELECT count(%s) FROM (SELECT name FROM few LIMIT %d) n, generate_series(1, %d)"
            .formatted(call, names, times);
    requireCount(Long.parseLong(Sql.text(session, sql)), (long) names * times);
  }

  /** Returns the private anonymous memory of a process. */
  private static long anonymousKb(int pid) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
      return lines
          .filter(line -> line.startsWith("RssAnon:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    }
  }

  @Override
  public List<Sweep> sweeps() {
    return List.of(
        new Sweep(
            "number of names",
            "",
            List.of(1.0, 8.0, 64.0, 512.0, 4_096.0),
            List.of(new Sweep.Metric("time per name", "ns", BenchmarkRow.Better.LOWER)),
            List.of(byCount(ALL, true), byCount(SUBQUERY, false))),
        new Sweep(
            "length of the name",
            "B",
            List.of(8.0, 64.0, 512.0, 4_096.0, 65_536.0),
            List.of(new Sweep.Metric("time per call", "ns", BenchmarkRow.Better.LOWER)),
            List.of(byLength(HELLO, true), byLength(CONCATENATION, false))));
  }

  private Sweep.Series byCount(String expression, boolean ours) {
    return Sweep.Series.of(
        expression,
        ours,
        count -> {
          int length = (int) count;
          requireSameArrays(length);
          return arrayMicros(expression, length, curveCalls / length) * 1e3 / length;
        });
  }

  private Sweep.Series byLength(String expression, boolean ours) {
    return Sweep.Series.of(expression, ours, length -> nanos(expression, (int) length));
  }
}
