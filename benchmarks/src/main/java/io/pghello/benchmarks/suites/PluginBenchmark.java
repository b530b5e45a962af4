// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static io.pghello.benchmarks.harness.Comparison.CHECKED_MEANWHILE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Action;
import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.InterleavedSamples;
import io.pghello.benchmarks.harness.InterleavedSamples.Statistic;
import io.pghello.benchmarks.harness.Sql;
import io.pghello.benchmarks.peers.JdbcPeer;
import io.pghello.benchmarks.peers.McpServer;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PluginContext;
import io.pghello.plugin.PostgresConnection;
import io.pghello.plugin.PostgresPlugin;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;

/**
 * The plugin, which accepts and returns JSON, compared with handwritten code for the same values.
 * Each side has its own local connection.
 */
public final class PluginBenchmark implements Benchmark {
  private static final String QUERY = "select id, name, born, data from people";
  private static final int ROWS = 100_000;
  private static final int BATCH = 20_000;
  private static final int BIG_BATCH = 100_000;

  // the number of samples, and the amount of work per sample, which takes a few milliseconds
  private static final int SAMPLES = 40;
  private static final int CALLS = 100;
  private static final int TOOL_CALLS = 20;
  private static final int LONG_SAMPLES = 5;

  private static final ObjectMapper JSON = new ObjectMapper();
  // the format of times in the server's JSON
  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder()
          .append(DateTimeFormatter.ISO_LOCAL_DATE_TIME)
          .appendOffset("+HH:MM", "+00:00")
          .toFormatter();

  private final ExtensionServer server;
  private final TestDatabase database;
  private final Connection connection;
  private final Connection rewriting;
  private final long serverPid;
  private final Address address;
  private final PostgresPlugin plugin =
      PostgresPlugin.initialize(
          PluginContext.defaults().withPermissions(Permissions.all().withMaxRows(ROWS)));
  private final PostgresConnection ours;
  private final HikariDataSource pool;
  private final DSLContext context;
  private final List<McpServer> servers = new ArrayList<>();
  private final int rounds;
  private final int pools;
  private int called;

  public PluginBenchmark(boolean quick) throws SQLException {
    rounds = quick ? 5 : 7;
    pools = quick ? 5 : 40;
    server =
        ExtensionServer.builder()
            .extension("pg_hello")
            .setting("autovacuum", "off")
            .setting("jit", "off")
            .start();
    database = server.createDatabase();
    address = Address.of(database.jdbcUrl());
    connection = database.superuserDataSource().getConnection();
    serverPid = CpuTime.serverPid(connection);
    Sql.execute(
        connection,
        "create unlogged table people as select i as id, 'Name' || i as name,"
            + " timestamptz '2026-01-02 03:04:05.678Z' + i * interval '1 s' as born,"
            + " jsonb_build_object('k', i, 'tags', jsonb_build_array('a', 'b')) as data"
            + " from generate_series(1, %d) i".formatted(ROWS),
        "create unique index on people (id)",
        "analyze people",
        "create unlogged table batch"
            + " (id int primary key, name text, born timestamptz, data jsonb)",
        "grant all on people, batch to public");
    ours = plugin.connect("bench", config());
    pool = JdbcPeer.pool(address, 1);
    context = DSL.using(pool, SQLDialect.POSTGRES);
    rewriting =
        DriverManager.getConnection(
            address.jdbcUrl() + "?reWriteBatchedInserts=true", address.user(), address.password());
  }

  private ObjectNode config() {
    ObjectNode config = JSON.createObjectNode();
    config.putObject("logging").put("slowQueryThreshold", 0);
    return config
        .put("host", address.host())
        .put("port", address.port())
        .put("database", address.database())
        .put("user", address.user())
        .put("password", address.password())
        .put("max", 1);
  }

  @Override
  public Environment.Server server() throws SQLException {
    return Environment.Server.of(connection);
  }

  @Override
  public List<Comparison> comparisons() {
    String jdbc = "JDBC on HikariCP, into a Map";
    String jooq = "jOOQ, plain SQL, into a Map";
    String jackson = "JSON of JDBC's values, with Jackson";
    return List.of(
        one(
            BenchmarkRow.plain("queryOne() by a key", jdbc, "us").target(1.35, 1.1).guarded(2),
            this::byPlugin,
            this::byHand),
        one(
            BenchmarkRow.plain("queryOne() by a key", jooq, "us").target(1, 0.85),
            this::byPlugin,
            this::byJooq),
        // this row shows the maximum possible gain over jOOQ
        one(
            BenchmarkRow.plain("a query by a key, with " + jdbc, jooq, "us"),
            this::byHand,
            this::byJooq),
        rates(
            BenchmarkRow.rate("query() of 100,000 rows", jackson, "k/s").target(1.1, 1.5),
            this::requireSameRows,
            Side.rate(ROWS, serverPid, () -> require(ours.query(QUERY).rows().size() == ROWS)),
            Side.rate(ROWS, serverPid, () -> require(rowsByHand().size() == ROWS))),
        batches(
            BenchmarkRow.rate("batchInsert() of 20,000 rows", "unnest with JDBC", "k/s")
                .target(0.9, 1),
            BATCH,
            this::unnest),
        batches(
            BenchmarkRow.rate("batchInsert() of 100,000 rows", "rewritten addBatch()", "k/s")
                .target(1.8, 3)
                .guarded(1),
            BIG_BATCH,
            this::addBatch),
        new Comparison(
            BenchmarkRow.plain("heap of an idle pool", null, "kB").count(200, 100),
            CHECKED_MEANWHILE,
            this::sleepingKilobytes,
            null,
            0,
            1),
        new InterleavedSamples(
                BenchmarkRow.Better.LOWER,
                Statistic.TRIMMED_MEAN,
                SAMPLES,
                toolCalls(0),
                toolCalls(1))
            .comparison(
                BenchmarkRow.plain(
                        "MCP call, a query by a key", "the reference server from npm", "us")
                    .target(1.7, 1.3),
                this::startMcpServers,
                5,
                rounds));
  }

  private void startMcpServers() throws Exception {
    if (servers.isEmpty()) {
      servers.add(McpServer.ours(address));
      servers.add(McpServer.reference(address));
    }
    var processes = new ArrayList<String>();
    for (McpServer each : servers) {
      require(each.query(QUERY + " where id = 1").contains("Name1"));
      processes.add(String.valueOf(each.pid()));
    }
    try (Statement statement = connection.createStatement();
        ResultSet backends =
            statement.executeQuery(
                "select pid from pg_stat_activity where datname = current_database()"
                    + " and pid <> pg_backend_pid()")) {
      while (backends.next()) {
        processes.add(backends.getString(1));
      }
    }
    shareCpu(processes);
  }

  /**
   * Returns a side that measures microseconds per call. The SQL differs in each call, like the SQL
   * of an agent.
   */
  private Side toolCalls(int server) {
    return () -> {
      long start = System.nanoTime();
      for (int id = 1; id <= TOOL_CALLS; id++) {
        String sql = QUERY + " where id = " + id + " and " + called++ + " >= 0";
        require(servers.get(server).query(sql).contains("Name" + id));
      }
      return (System.nanoTime() - start) / 1e3 / TOOL_CALLS;
    };
  }

  private interface Query {
    Map<String, ?> of(int id) throws Exception;
  }

  private Comparison one(BenchmarkRow row, Query ours, Query peer) {
    return new InterleavedSamples(
            BenchmarkRow.Better.LOWER, Statistic.TRIMMED_MEAN, SAMPLES, micros(ours), micros(peer))
        .comparison(row, this::shareCpu, 5, rounds);
  }

  private void shareCpu() throws Exception {
    String pid = "select pg_backend_pid()";
    try (Connection free = pool.getConnection()) {
      shareCpu(List.of(ours.queryValue(pid).asText(), Sql.text(free, pid)));
    }
  }

  /**
   * Pins processes to one CPU, if the operating system supports it. The duration of a round trip
   * mostly depends on whether the server shares the caller's CPU. Pinning ensures the same
   * conditions for both sides.
   */
  private static void shareCpu(List<String> processes) throws InterruptedException {
    try {
      for (String process : processes) {
        var program = new ProcessBuilder("taskset", "-acp", "0", process);
        var unused = program.redirectOutput(Redirect.DISCARD).start().waitFor();
      }
    } catch (IOException e) {
      // on systems other than Linux, the quartiles are wider
      System.err.println("could not pin the processes to one CPU: " + e.getMessage());
    }
  }

  /** Returns a side that measures microseconds per call, and the CPU time. */
  private Side micros(Query query) {
    Side rate =
        Side.rate(
            CALLS,
            serverPid,
            () -> {
              for (int id = 1; id <= CALLS; id++) {
                require(("Name" + id).equals(query.of(id).get("name")));
              }
            });
    return Side.of(
        () -> {
          Sample sample = rate.sample();
          return new Sample(1e3 / sample.figure(), sample.cpuMicros());
        });
  }

  private Map<String, ?> byPlugin(int id) {
    ObjectNode found = ours.queryOne(QUERY + " where id = $1", id).orElseThrow();
    return Map.of("name", found.get("name").textValue());
  }

  private Map<String, ?> byHand(int id) throws Exception {
    try (Connection free = pool.getConnection();
        PreparedStatement statement = free.prepareStatement(QUERY + " where id = ?")) {
      statement.setInt(1, id);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", row.getInt(1));
        map.put("name", row.getString(2));
        map.put("born", row.getObject(3, OffsetDateTime.class));
        map.put("data", JSON.readTree(row.getString(4)));
        return map;
      }
    }
  }

  private Map<String, ?> byJooq(int id) throws Exception {
    Map<String, Object> map = context.fetchSingle(QUERY + " where id = ?", id).intoMap();
    map.put("data", JSON.readTree(String.valueOf(map.get("data"))));
    return map;
  }

  private Comparison rates(BenchmarkRow row, Action check, Side ours, Side peer) {
    return new InterleavedSamples(
            BenchmarkRow.Better.HIGHER, Statistic.BEST, LONG_SAMPLES, ours, peer)
        .comparison(row, check, 2, rounds);
  }

  private List<ObjectNode> rowsByHand() throws Exception {
    List<ObjectNode> rows = new ArrayList<>();
    try (Connection free = pool.getConnection();
        PreparedStatement statement = free.prepareStatement(QUERY);
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        ObjectNode json = JSON.createObjectNode();
        json.put("id", row.getInt(1));
        json.put("name", row.getString(2));
        json.put("born", TIME.format(row.getObject(3, OffsetDateTime.class)));
        json.set("data", JSON.readTree(row.getString(4)));
        rows.add(json);
      }
    }
    return rows;
  }

  private void requireSameRows() throws Exception {
    List<ObjectNode> rows = ours.query(QUERY).rows();
    require(rows.equals(rowsByHand()));
  }

  private interface Batch {
    void insert(List<Map<String, Object>> records) throws Exception;
  }

  private Comparison batches(BenchmarkRow row, int count, Batch peer) {
    List<Map<String, Object>> records =
        IntStream.range(0, count).mapToObj(PluginBenchmark::record).toList();
    Batch mine = batch -> require(ours.batchInsert("batch", batch) == count);
    return rates(
        row,
        () -> {
          for (Batch batch : List.of(mine, peer)) {
            insert(batch, records);
            Sql.requireTrue(
                connection,
                "select count(*) = ? and count(distinct id) = count(*)"
                    + " and bool_and(name = 'Name' || id and data = jsonb_build_object('k', id)"
                    + " and born = timestamptz '2026-01-02 03:04:05Z' + id * interval '1 s')"
                    + " from batch",
                count);
          }
        },
        Side.of(() -> insert(mine, records)),
        Side.of(() -> insert(peer, records)));
  }

  private static Map<String, Object> record(int id) {
    OffsetDateTime begin = OffsetDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneOffset.UTC);
    return Map.of(
        "id", id, "name", "Name" + id, "born", begin.plusSeconds(id), "data", Map.of("k", id));
  }

  private static int id(Map<String, Object> row) {
    return (Integer) Objects.requireNonNull(row.get("id"));
  }

  private Sample insert(Batch batch, List<Map<String, Object>> records) throws Exception {
    Sql.execute(connection, "truncate batch");
    return Side.rate(records.size(), serverPid, () -> batch.insert(records)).sample();
  }

  private void unnest(List<Map<String, Object>> records) throws Exception {
    Integer[] ids = new Integer[records.size()];
    String[] names = new String[ids.length];
    String[] born = new String[ids.length];
    String[] data = new String[ids.length];
    for (int i = 0; i < ids.length; i++) {
      Map<String, Object> row = records.get(i);
      ids[i] = id(row);
      names[i] = String.valueOf(row.get("name"));
      born[i] = String.valueOf(row.get("born"));
      data[i] = JSON.writeValueAsString(row.get("data"));
    }
    try (Connection free = pool.getConnection();
        PreparedStatement insert =
            free.prepareStatement(
                "insert into batch (id, name, born, data)"
                    + " select * from unnest(?::int[], ?::text[], ?::timestamptz[], ?::jsonb[])")) {
      insert.setArray(1, free.createArrayOf("int4", ids));
      insert.setArray(2, free.createArrayOf("text", names));
      insert.setArray(3, free.createArrayOf("text", born));
      insert.setArray(4, free.createArrayOf("text", data));
      require(insert.executeUpdate() == ids.length);
    }
  }

  private void addBatch(List<Map<String, Object>> records) throws Exception {
    rewriting.setAutoCommit(false);
    try (PreparedStatement insert =
        rewriting.prepareStatement(
            "insert into batch (id, name, born, data) values (?, ?, ?, ?)")) {
      for (Map<String, Object> row : records) {
        insert.setInt(1, id(row));
        insert.setString(2, (String) row.get("name"));
        insert.setObject(3, row.get("born"));
        insert.setObject(4, JSON.writeValueAsString(row.get("data")), Types.OTHER);
        insert.addBatch();
      }
      require(insert.executeBatch().length == records.size());
    }
    rewriting.commit();
  }

  /**
   * Returns the heap usage, including shared objects, of a pool that has been used and has since
   * closed its connections.
   */
  private double sleepingKilobytes() throws InterruptedException {
    // by default, the pool looks for idle connections every 30 seconds
    System.setProperty("com.zaxxer.hikari.housekeeping.periodMs", "1000");
    JsonNode config = config().put("idleTimeoutMillis", 10_000);
    long before = heap();
    try {
      for (int i = 0; i < pools; i++) {
        require(plugin.connect("sleeper " + i, config).ping());
      }
    } finally {
      System.clearProperty("com.zaxxer.hikari.housekeeping.periodMs");
    }
    while (plugin.stats().entrySet().stream()
        .anyMatch(pool -> pool.getKey().startsWith("sleeper") && pool.getValue().total() > 0)) {
      Thread.sleep(100);
    }
    double kilobytes = (heap() - before) / 1e3 / pools;
    for (int i = 0; i < pools; i++) {
      require(plugin.disconnect("sleeper " + i));
    }
    return kilobytes;
  }

  private static long heap() throws InterruptedException {
    for (int i = 0; i < 3; i++) {
      System.gc();
      Thread.sleep(100);
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static void require(boolean condition) {
    if (!condition) {
      throw new IllegalStateException("a result is wrong");
    }
  }

  @Override
  public void close() throws SQLException {
    servers.forEach(McpServer::close);
    try (server;
        database;
        connection;
        rewriting;
        pool;
        plugin) {
      // close the resources in reverse order
    }
  }
}
