// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Check;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Sweep;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.postgresql.PGConnection;

/**
 * What a call of a function costs, inside one session of the server.
 *
 * <p>A statement calls the function once for each row of a table in memory; the cost is what it
 * takes beyond the same statement without the call.
 */
public final class ExtensionBenchmark implements Benchmark {
  private static final int WARM_UPS = 1;
  private static final int MANY_STATEMENTS = 1_000;
  private static final int MAX_GROWTH_KB = 512;

  // What others write to get the same answers.
  private static final String CONCATENATION = "'Hello, ' || name || '!'";
  private static final String FORMAT = "format('Hello, %s!', name)";
  private static final String REPEATED = "rtrim(repeat('Hello, ' || name || '! ', 10))";
  private static final String SUBQUERY = "array(SELECT pg_hello(n) FROM unnest(names) n)";

  private final PgHelloServer server;
  private final TestDatabase database;
  private final Connection connection;
  private final int rounds;
  private final int curveCalls;
  private final int nameCount;
  private final int memoryCalls;

  public ExtensionBenchmark(boolean quick) throws SQLException {
    rounds = quick ? 9 : 5;
    curveCalls = quick ? 100_000 : 250_000;
    nameCount = quick ? 250_000 : 500_000;
    memoryCalls = quick ? 1_000_000 : 3_000_000;
    server =
        PgHelloServer.builder()
            .setting("autovacuum", "off")
            .setting("jit", "off")
            .setting("max_parallel_workers_per_gather", "0")
            // a table of more than a quarter of it is not read from it
            .setting("shared_buffers", "512MB")
            .start();
    database = server.createDatabase();
    connection = database.superuserDataSource().getConnection();
    prepare();
  }

  private void prepare() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE UNLOGGED TABLE names AS SELECT 'Name' || lpad(i::text, 7, '0') AS name"
              + " FROM generate_series(1, "
              + nameCount
              + ") i");
      statement.execute("CREATE UNLOGGED TABLE few AS SELECT name FROM names LIMIT " + fewCount());
      statement.execute(
          "CREATE UNLOGGED TABLE long_names AS SELECT rpad(name, 1000, 'x') AS name FROM few");
      statement.execute("ALTER TABLE long_names ALTER name SET STORAGE PLAIN");
      statement.execute("VACUUM (FREEZE, ANALYZE) names, few, long_names");
      statement.execute(
          "CREATE FUNCTION plpgsql_hello(name text) RETURNS text LANGUAGE plpgsql STABLE STRICT"
              + " AS $$ BEGIN RETURN 'Hello, ' || name || '!'; END $$");
    }
  }

  private int fewCount() {
    return nameCount / 10;
  }

  @Override
  public Environment.Server server() throws SQLException {
    return Environment.Server.of(connection);
  }

  @Override
  public List<Comparison> comparisons() {
    List<Comparison> all = new ArrayList<>();
    all.add(
        compare(
            Row.plain("pg_hello(name)", CONCATENATION, "ns").target(0.5, 0.3).guarded(0.8),
            "names",
            "pg_hello(name)",
            CONCATENATION));
    all.add(information("names", "pg_hello(name)", FORMAT));
    all.add(information("names", "pg_hello(name)", "plpgsql_hello(name)"));
    all.add(information("names", "pg_hello(name)", "pg_hello(name, 1)"));
    all.add(argument());
    all.add(information("few", "pg_hello(name, 10)", REPEATED));
    all.add(
        compare(
            Row.plain("pg_hello(name), 1,000 characters", CONCATENATION, "ns"),
            "long_names",
            "pg_hello(name)",
            CONCATENATION));
    all.add(
        new Comparison(
            Row.plain("now_ms()", "clock_timestamp()", "ns").target(1.2, 1.05).guarded(2),
            () ->
                requireTrue(
                    "SELECT abs(now_ms() - extract(epoch FROM clock_timestamp()) * 1000) < 1000"),
            new Call("names", nameCount, "1", "now_ms()"),
            new Call("names", nameCount, "1", "clock_timestamp()"),
            WARM_UPS,
            rounds));
    all.add(
        version(
            Row.plain("spi_version()", "SPI_execute each time", "ns").target(0.35, 0.25)
                .guarded(0.6),
            "peer_spi_version()",
            () -> createPeer("peer_spi_version()")));
    all.add(version(Row.plain("spi_version()", "version()", "ns"), "version()", () -> {}));
    all.add(arrays(Row.plain("pg_hello_all(256 names)", SUBQUERY, "us"), 256, 2_000));
    all.add(
        arrays(
            Row.plain("pg_hello_all(1,024 names)", SUBQUERY, "us").target(0.12, 0.05)
                .guarded(0.5),
            1_024,
            1_000));
    all.add(arrays(Row.plain("pg_hello_all(10,000 names)", SUBQUERY, "us"), 10_000, 100));
    all.add(statements(1_024, 200));
    Stream.of(
            "pg_hello(name)",
            "pg_hello(name, 10)",
            "pg_hello_all(ARRAY[name])",
            "now_ms()",
            "spi_version()")
        .map(this::memory)
        .forEach(all::add);
    return all;
  }

  @Override
  public List<Sweep> sweeps() {
    return List.of(
        new Sweep(
            "number of names",
            "",
            List.of(1.0, 8.0, 64.0, 512.0, 4_096.0),
            List.of(new Sweep.Metric("time per name", "ns", Row.Better.LOWER)),
            List.of(byCount("pg_hello_all(names)", true), byCount(SUBQUERY, false))),
        new Sweep(
            "length of the name",
            "B",
            List.of(8.0, 64.0, 512.0, 4_096.0, 65_536.0),
            List.of(new Sweep.Metric("time per call", "ns", Row.Better.LOWER)),
            List.of(byLength("pg_hello(name)", true), byLength(CONCATENATION, false))));
  }

  private Sweep.Track byCount(String expression, boolean ours) {
    return new Sweep.Track(
        expression,
        ours,
        count -> true,
        count -> {
          int length = (int) count;
          requireSameArrays(length);
          var call = new ArrayCall(length, curveCalls / length, expression);
          return new double[] {call.measure() * 1e3 / length};
        });
  }

  private Sweep.Track byLength(String expression, boolean ours) {
    return new Sweep.Track(
        expression, ours, length -> true, length -> new double[] {nanos(expression, (int) length)});
  }

  /** Returns the cost of an expression of a long name. */
  private double nanos(String expression, int length) throws SQLException {
    int calls = (int) Math.min(curveCalls, 400L * curveCalls / length);
    String name = "x".repeat(length);
    try (PreparedStatement right =
            repeated("bool_and(pg_hello(name) = " + CONCATENATION + ")", "text AS name", 1);
        PreparedStatement with = repeated("count(" + expression + ")", "text AS name", calls);
        PreparedStatement without = repeated("count(name)", "text AS name", calls)) {
      for (PreparedStatement statement : List.of(right, with, without)) {
        statement.setString(1, name);
      }
      requireTrue(right);
      return difference(() -> count(with, calls), () -> count(without, calls)) / calls;
    }
  }

  /**
   * An aggregate of as many rows of the same value, which is to be set. OFFSET 0 keeps the planner
   * from evaluating a constant once for all rows.
   */
  private PreparedStatement repeated(String aggregate, String value, int times)
      throws SQLException {
    PreparedStatement statement =
        connection.prepareStatement(
            "SELECT "
                + aggregate
                + " FROM (SELECT ?::"
                + value
                + " OFFSET 0) n, generate_series(1, ?)");
    statement.setInt(2, times);
    return statement;
  }

  private Comparison information(String table, String ours, String peer) {
    return compare(Row.plain(ours, peer, "ns"), table, ours, peer);
  }

  /** Compares two expressions that have the same value for each name of a table. */
  private Comparison compare(Row row, String table, String ours, String peer) {
    int calls = table.equals("names") ? nameCount : fewCount();
    return new Comparison(
        row,
        () ->
            requireTrue(
                "SELECT bool_and(%s = %s) AND count(*) = %d FROM %s"
                    .formatted(ours, peer, calls, table)),
        new Call(table, calls, "name", ours),
        new Call(table, calls, "name", peer),
        WARM_UPS,
        rounds);
  }

  /** The same greeting, written the same way but for how a function gets its argument. */
  private Comparison argument() {
    Row row =
        Row.plain("pg_hello(name)", "the same by PG_GETARG_TEXT_PP", "ns").target(1, 0.9);
    Comparison comparison = compare(row, "names", "pg_hello(name)", "peer_hello(name)");
    return new Comparison(
        row,
        () -> {
          createPeer("peer_hello(text)");
          comparison.check().run();
        },
        comparison.ours(),
        comparison.peer(),
        WARM_UPS,
        rounds);
  }

  private Comparison version(Row row, String peer, Check before) {
    return new Comparison(
        row,
        () -> {
          before.run();
          requireTrue("SELECT spi_version() = version() AND " + peer + " = version()");
        },
        new Call("few", fewCount(), "1", "spi_version()"),
        new Call("few", fewCount(), "1", peer),
        WARM_UPS,
        rounds);
  }

  /** Loads the library that scripts/native.sh compiles from the folder peer. */
  private void createPeer(String function) throws SQLException {
    String library = System.getProperty("pghello.bench.peer");
    if (library == null) {
      throw new IllegalStateException("the peer is not compiled; run ./dev bench");
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE FUNCTION "
              + function
              + " RETURNS text LANGUAGE C STABLE STRICT AS '"
              + library.replace("'", "''")
              + "'");
    }
  }

  private Comparison arrays(Row row, int length, int calls) {
    return new Comparison(
        row,
        () -> requireSameArrays(length),
        new ArrayCall(length, calls, "pg_hello_all(names)"),
        new ArrayCall(length, calls, SUBQUERY),
        WARM_UPS,
        rounds);
  }

  /** What a client waits for: the names go to the server, and the answers stay there. */
  private Comparison statements(int length, int times) {
    return new Comparison(
        Row.plain("statement with %,d names".formatted(length), SUBQUERY, "us"),
        () -> requireSameArrays(length),
        () -> statementMicros("pg_hello_all(names)", length, times),
        () -> statementMicros(SUBQUERY, length, times),
        WARM_UPS,
        rounds);
  }

  private double statementMicros(String expression, int length, int times) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT cardinality(" + expression + ") FROM (SELECT ?::text[] AS names) n")) {
      statement.setArray(1, names(length));
      long start = System.nanoTime();
      for (int i = 0; i < times; i++) {
        try (ResultSet row = statement.executeQuery()) {
          requireCount(row, length);
        }
      }
      return (System.nanoTime() - start) / 1e3 / times;
    }
  }

  private void requireSameArrays(int length) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT pg_hello_all(names) = "
                + SUBQUERY
                + " AND cardinality(names) = ? FROM (SELECT ?::text[] AS names OFFSET 0) n")) {
      statement.setInt(1, length);
      statement.setArray(2, names(length));
      requireTrue(statement);
    }
  }

  private Comparison memory(String call) {
    Row row =
        Row.plain("memory, twice %,d times %s".formatted(memoryCalls, call), null, "KB").count(MAX_GROWTH_KB, MAX_GROWTH_KB)
            .guarded(MAX_GROWTH_KB);
    return new Comparison(row, () -> {}, () -> growthKb(call), null, 0, 1);
  }

  /** By how much a new session's memory grows, over one statement and many together. */
  private double growthKb(String call) throws SQLException, IOException {
    try (Connection session = database.superuserDataSource().getConnection();
        Statement statement = session.createStatement()) {
      int pid = session.unwrap(PGConnection.class).getBackendPID();
      // as much as fills the caches
      for (int i = 0; i < 10; i++) {
        call(statement, call, 1 + i);
      }
      long before = anonymousKb(pid);
      call(statement, call, MANY_STATEMENTS);
      for (int i = 0; i < MANY_STATEMENTS; i++) {
        call(statement, call, 1);
      }
      return anonymousKb(pid) - before;
    }
  }

  private void call(Statement statement, String call, int times) throws SQLException {
    int names = memoryCalls / MANY_STATEMENTS;
    count(
        statement,
        "SELECT count(%s) FROM (SELECT name FROM few LIMIT %d) n, generate_series(1, %d)"
            .formatted(call, names, times),
        (long) names * times);
  }

  /** The memory of a process that it shares with no other, and that no file backs. */
  private static long anonymousKb(int pid) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
      return lines
          .filter(line -> line.startsWith("RssAnon:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    }
  }

  private Array names(int length) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT array_agg(name) FROM (SELECT name FROM names LIMIT ?) n")) {
      statement.setInt(1, length);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getArray(1);
      }
    }
  }

  private void requireTrue(String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      requireTrue(statement);
    }
  }

  private static void requireTrue(PreparedStatement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery()) {
      row.next();
      if (!row.getBoolean(1)) {
        throw new IllegalStateException("wrong answers: " + statement);
      }
    }
  }

  private static void count(Statement statement, String sql, long expected) throws SQLException {
    try (ResultSet row = statement.executeQuery(sql)) {
      requireCount(row, expected);
    }
  }

  private static void count(PreparedStatement statement, long expected) throws SQLException {
    try (ResultSet row = statement.executeQuery()) {
      requireCount(row, expected);
    }
  }

  private static void requireCount(ResultSet row, long expected) throws SQLException {
    row.next();
    if (row.getLong(1) != expected) {
      throw new IllegalStateException("expected " + expected + ", but got " + row.getLong(1));
    }
  }

  /** One of two statements that are told apart by a call. */
  private interface Timed {
    void run() throws SQLException;
  }

  /** The shortest of a few runs each: what else the machine does only adds to it. */
  private static double difference(Timed with, Timed without) throws SQLException {
    long shortestWith = Long.MAX_VALUE;
    long shortestWithout = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      long start = System.nanoTime();
      without.run();
      long middle = System.nanoTime();
      with.run();
      shortestWithout = Math.min(shortestWithout, middle - start);
      shortestWith = Math.min(shortestWith, System.nanoTime() - middle);
    }
    return shortestWith - shortestWithout;
  }

  /** An expression for each row of a table, in nanoseconds. */
  private final class Call implements Side {
    private final int calls;
    private final String with;
    private final String without;

    Call(String table, int calls, String argument, String expression) {
      this.calls = calls;
      this.with = "SELECT count(" + expression + ") FROM " + table;
      this.without = "SELECT count(" + argument + ") FROM " + table;
    }

    @Override
    public double measure() throws SQLException {
      try (Statement statement = connection.createStatement()) {
        return difference(
                () -> count(statement, with, calls), () -> count(statement, without, calls))
            / calls;
      }
    }
  }

  /** An expression of one array, a number of times, in microseconds each. */
  private final class ArrayCall implements Side {
    private final int length;
    private final int calls;
    private final String expression;

    ArrayCall(int length, int calls, String expression) {
      this.length = length;
      this.calls = calls;
      this.expression = expression;
    }

    @Override
    public double measure() throws SQLException {
      Array names = names(length);
      long sum = (long) length * calls;
      try (PreparedStatement with = statement(expression, names);
          PreparedStatement without = statement("names", names)) {
        return difference(() -> count(with, sum), () -> count(without, sum)) / calls / 1e3;
      }
    }

    private PreparedStatement statement(String expression, Array names) throws SQLException {
      PreparedStatement statement =
          repeated("sum(cardinality(" + expression + "))", "text[] AS names", calls);
      statement.setArray(1, names);
      return statement;
    }
  }

  @Override
  public void close() throws SQLException {
    try (server;
        database;
        connection) {
      // in this order, backwards
    }
  }
}
