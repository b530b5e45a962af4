// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Check;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.InterleavedSamples;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Sweep;
import io.pghello.benchmarks.suites.MemberEntities.Counted;
import io.pghello.benchmarks.suites.MemberEntities.CountedPlain;
import io.pghello.benchmarks.suites.MemberEntities.Filled;
import io.pghello.benchmarks.suites.MemberEntities.Listened;
import io.pghello.benchmarks.suites.MemberEntities.Member;
import io.pghello.benchmarks.suites.MemberEntities.Plain;
import io.pghello.benchmarks.suites.MemberEntities.Renamed;
import io.pghello.benchmarks.suites.MemberEntities.Returned;
import io.pghello.benchmarks.suites.MemberEntities.Tuned;
import io.pghello.benchmarks.suites.MemberEntities.TunedPlain;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import io.pghello.testkit.WireProxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.postgresql.PGProperty;

/**
 * What it costs that entities are filled by the server, in round trips and in time. A thousand
 * entities are a flush, and each side works on a connection of its own kind; the rows that it has
 * written are compared with what they should be each time.
 */
public final class HibernateBenchmark implements Benchmark {
  // a logger that nobody holds would forget its level
  private static final Logger LOG = Logger.getLogger("org.hibernate");

  private static final int MANY = 10_000;
  private static final int FLUSH = 1_000;
  // how often a point of a curve is measured, of which the least counts
  private static final int TRIES = 3;
  private static final int SAMPLES = 5;
  private static final Duration FAR = Duration.ofMillis(1);
  // every row is looked at while it is measured
  private static final Check ON_THE_WAY = () -> {};

  private static final String ROUND_TRIPS = "round trips, 10,000 ";
  private static final String INSERTS = "10,000 inserts";
  private static final String WITHOUT = "the same without the values";
  private static final String LISTENER = "@PrePersist, two queries";
  private static final String RETURNING = "strategy = RETURNING";
  private static final String FLOOR = "JDBC, INSERT ... SELECT FROM unnest";

  private final PgHelloServer server;
  private final TestDatabase database;
  private final WireProxy counting;
  private final WireProxy delaying;
  private final Connection control;
  private final long serverPid;
  private final Way near;
  private final Way nearTuned;
  private final Way counted;
  private final Way countedTuned;
  private final Way far;
  private final Way farTuned;
  private final SessionFactory sessions;
  private final int rounds;
  private final int judgedRounds;
  private final int warmUps;
  private final int farInserts;
  private final int curveInserts;
  private final int longestOneByOne;
  private final Set<String> warm = new HashSet<>();

  /**
   * How entities come to the database.
   *
   * @param meter measures what is done with the connection
   */
  private record Way(Connection connection, int batchSize, Meter meter) implements AutoCloseable {
    static Way usual(Address address, Meter meter) throws SQLException {
      return new Way(connect(address, false), 50, meter);
    }

    static Way tuned(Address address, Meter meter) throws SQLException {
      return new Way(connect(address, true), 1_000, meter);
    }

    private static Connection connect(Address address, boolean rewriting) throws SQLException {
      var properties = new Properties();
      PGProperty.USER.set(properties, address.user());
      PGProperty.PASSWORD.set(properties, address.password());
      PGProperty.REWRITE_BATCHED_INSERTS.set(properties, rewriting);
      Connection connection = DriverManager.getConnection(address.jdbcUrl(), properties);
      connection.setAutoCommit(false);
      return connection;
    }

    /** Measures something in a transaction that it ends; the driver sends BEGIN before it. */
    double measure(Check action) throws Exception {
      try (Statement statement = connection.createStatement()) {
        statement.execute("SELECT 1");
      }
      return meter.measure(action);
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }

  /** Does something and returns what it cost. */
  private interface Meter {
    double measure(Check action) throws Exception;
  }

  public HibernateBenchmark(boolean quick) throws SQLException {
    LOG.setLevel(Level.WARNING);
    rounds = quick ? 1 : 2;
    judgedRounds = 5;
    warmUps = quick ? 2 : 6;
    farInserts = quick ? 500 : 2_000;
    curveInserts = quick ? 500 : 2_000;
    longestOneByOne = quick ? FLUSH : MANY;
    server = PgHelloServer.builder().setting("autovacuum", "off").setting("jit", "off").start();
    database = server.createDatabase();
    counting = WireProxy.to(server);
    delaying = WireProxy.to(server);
    delaying.delay(FAR);
    control = database.dataSource().getConnection();
    serverPid = CpuTime.serverPid(control);
    Address address = Address.of(database.jdbcUrl());
    near = Way.usual(address, HibernateBenchmark::millis);
    nearTuned = Way.tuned(address, HibernateBenchmark::millis);
    Address wire = address.via(counting.host(), counting.port());
    counted = Way.usual(wire, action -> counting.countRoundTrips(action::run));
    countedTuned = Way.tuned(wire, counted.meter);
    Address away = address.via(delaying.host(), delaying.port());
    far = Way.usual(away, HibernateBenchmark::millis);
    farTuned = Way.tuned(away, HibernateBenchmark::millis);
    var configuration = new Configuration();
    configuration.getProperties().put("hibernate.connection.datasource", database.dataSource());
    configuration.getProperties().put("hibernate.hbm2ddl.auto", "create");
    MemberEntities.ALL.forEach(configuration::addAnnotatedClass);
    sessions = configuration.buildSessionFactory();
  }

  @Override
  public Environment.Server server() throws SQLException {
    return Environment.Server.of(control);
  }

  @Override
  public List<Comparison> comparisons() {
    List<Comparison> all = new ArrayList<>();
    roundTrips(all);
    time(all);
    distance(all);
    return all;
  }

  private void roundTrips(List<Comparison> all) {
    Side ours = () -> inserts(Filled::new, MANY, counted);
    all.add(counted(atMost("inserts", 411), ours, () -> inserts(Plain::new, MANY, counted)));
    all.add(
        counted(
            atMost("inserts, tuned", 31),
            () -> inserts(Tuned::new, MANY, countedTuned),
            () -> inserts(TunedPlain::new, MANY, countedTuned)));
    all.add(
        counted(
            Row.plain(ROUND_TRIPS + "inserts, IDENTITY", WITHOUT, "").target(1, 1)
                .guarded(1),
            () -> inserts(Counted::new, MANY, counted),
            () -> inserts(CountedPlain::new, MANY, counted)));
    all.add(
        counted(
            atMost("updates, 10 flushes", 210),
            () -> updates(Renamed::new, counted),
            () -> updates(Plain::new, counted)));
    Row row = Row.plain(ROUND_TRIPS + "inserts", LISTENER, "");
    all.add(counted(row, ours, () -> inserts(Listened::new, MANY, counted)));
    row = Row.plain(ROUND_TRIPS + "inserts", RETURNING, "");
    all.add(counted(row, ours, () -> inserts(Returned::new, MANY, counted)));
    row = Row.plain(ROUND_TRIPS + "inserts", FLOOR, "");
    all.add(counted(row, ours, () -> floor(counted)));
  }

  private static Row atMost(String what, int roundTrips) {
    return Row.plain(ROUND_TRIPS + what, WITHOUT, "").count(roundTrips, roundTrips)
        .guarded(roundTrips);
  }

  /** A round for the first identifier, which takes a round trip more, and one to count. */
  private static Comparison counted(Row row, Side ours, Side peer) {
    return new Comparison(row, ON_THE_WAY, ours, peer, 1, 1);
  }

  private void time(List<Comparison> all) {
    Side ours = () -> inserts(Filled::new, MANY, near);
    var samples = samples(ours, () -> inserts(Plain::new, MANY, near));
    all.add(
        new Comparison(
            Row.plain(INSERTS, WITHOUT, "ms").target(1.3, 1.05),
            ON_THE_WAY,
            samples.ours(),
            samples.peer(),
            warmUps,
            judgedRounds));
    all.add(
        interleaved(
            Row.plain(INSERTS + ", tuned", WITHOUT, "ms"),
            () -> inserts(Tuned::new, MANY, nearTuned),
            () -> inserts(TunedPlain::new, MANY, nearTuned)));
    all.add(
        timed(
            Row.plain(INSERTS + ", IDENTITY", WITHOUT, "ms"),
            () -> inserts(Counted::new, MANY, near),
            () -> inserts(CountedPlain::new, MANY, near)));
    all.add(
        interleaved(
            Row.plain("10,000 updates, 10 flushes", WITHOUT, "ms"),
            () -> updates(Renamed::new, near),
            () -> updates(Plain::new, near)));
    Row row = Row.plain(INSERTS, LISTENER, "ms");
    all.add(timed(row, ours, () -> inserts(Listened::new, MANY, near)));
    row = Row.plain(INSERTS, RETURNING, "ms");
    all.add(timed(row, ours, () -> inserts(Returned::new, MANY, near)));
    row = Row.plain(INSERTS, FLOOR, "ms");
    all.add(interleaved(row, ours, () -> floor(near)));
  }

  private Comparison interleaved(Row row, Side ours, Side peer) {
    InterleavedSamples samples = samples(ours, peer);
    return new Comparison(row, ON_THE_WAY, samples.ours(), samples.peer(), 1, rounds);
  }

  private static InterleavedSamples samples(Side ours, Side peer) {
    return new InterleavedSamples(
        Row.Better.LOWER, InterleavedSamples.Statistic.BEST, SAMPLES, ours, peer);
  }

  private Comparison timed(Row row, Side ours, Side peer) {
    return new Comparison(row, ON_THE_WAY, ours, peer, 2, rounds);
  }

  private void distance(List<Comparison> all) {
    String name = "%,d inserts, 1 ms away".formatted(farInserts);
    Side ours = rate(Filled::new, far);
    all.add(
        new Comparison(
            Row.rate(name, LISTENER, "k/s").target(30, 45),
            this::warmUpNearby,
            ours,
            rate(Listened::new, far),
            1,
            rounds));
    all.add(timed(Row.rate(name, WITHOUT, "k/s"), ours, rate(Plain::new, far)));
    all.add(
        timed(
            Row.rate(name + ", tuned", WITHOUT, "k/s"),
            rate(Tuned::new, farTuned),
            rate(TunedPlain::new, farTuned)));
  }

  /** Lets what comes later find most of it compiled, which takes too long from afar. */
  private void warmUpNearby() throws Exception {
    for (int i = 0; i < warmUps; i++) {
      inserts(Filled::new, MANY, near);
    }
    inserts(Listened::new, MANY, near);
  }

  @Override
  public List<Sweep> sweeps() {
    var roundTrips = new Sweep.Metric("round trips per entity", "", Row.Better.LOWER);
    var time = new Sweep.Metric("time per entity", "us", Row.Better.LOWER);
    return List.of(
        byFlush(roundTrips, "", counted, FLUSH, 1, longestOneByOne),
        byFlush(time, "", near, curveInserts, TRIES, longestOneByOne),
        byFlush(time, ", 1 ms away", far, curveInserts / 10, 1, FLUSH));
  }

  /**
   * What an entity costs, by how many of them are flushed together.
   *
   * @param count of entities, unless a flush has more
   * @param longest flush of those that are written, or filled, one by one
   */
  private Sweep byFlush(
      Sweep.Metric metric, String where, Way way, int count, int tries, int longest) {
    record Kind(String name, boolean ours, boolean oneByOne, Supplier<Member> maker) {}
    double scale = metric.unit().equals("us") ? 1e3 : 1;
    return new Sweep(
        "entities per flush" + where,
        "",
        List.of(1.0, 10.0, 100.0, 1_000.0, 10_000.0),
        List.of(metric),
        Stream.of(
                new Kind("strategy = PREFETCH", true, false, Filled::new),
                new Kind(RETURNING, true, true, Returned::new),
                new Kind(WITHOUT, false, false, Plain::new),
                new Kind(LISTENER, false, true, Listened::new))
            .map(
                kind ->
                    new Sweep.Track(
                        kind.name,
                        kind.ours,
                        flush -> !kind.oneByOne || flush <= longest,
                        flush ->
                            new double[] {
                              scale * perEntity(kind.maker, (int) flush, count, way, tries)
                            }))
            .toList());
  }

  /** The least of a few: what else the machine does only adds to it. */
  private double perEntity(Supplier<Member> maker, int flush, int count, Way way, int tries)
      throws Exception {
    if (warm.add(table(maker))) {
      for (int i = 0; i < rounds; i++) {
        inserts(maker, MANY, near);
      }
    }
    int all = Math.max(count, flush);
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < tries; i++) {
      least = Math.min(least, inserts(maker, all, flush, way));
    }
    return least / all;
  }

  /** Thousands of entities per second. */
  private Side rate(Supplier<Member> maker, Way way) {
    return Side.of(
        () -> {
          CpuTime cpu = CpuTime.start(CpuTime.Client.THREAD, serverPid);
          double millis = inserts(maker, farInserts, way);
          return new Comparison.Sample(farInserts / millis, cpu.microsPerCall(farInserts));
        });
  }

  /** Inserts entities into an empty table. */
  private double inserts(Supplier<Member> maker, int count, Way way) throws Exception {
    return inserts(maker, count, FLUSH, way);
  }

  private double inserts(Supplier<Member> maker, int count, int flush, Way way) throws Exception {
    String table = table(maker);
    empty(table);
    double figure = way.measure(() -> insert(maker, count, flush, way));
    requireRight(table, count);
    return figure;
  }

  private void insert(Supplier<Member> maker, int count, int flush, Way way) {
    Listened.connection = way.connection;
    try (Session session = open(way)) {
      session.beginTransaction();
      for (int i = 1; i <= count; i++) {
        Member member = maker.get();
        member.rename("Name" + i);
        session.persist(member);
        if (i % flush == 0 || i == count) {
          session.flush();
          require(member.isRight(), "an entity is not as it should be");
          session.clear();
        }
      }
      session.getTransaction().commit();
    }
  }

  /** Flushes entities of which each one was renamed. */
  private double updates(Supplier<Member> maker, Way way) throws Exception {
    String table = table(maker);
    empty(table);
    insert(maker, MANY, FLUSH, way);
    double sum = 0;
    try (Session session = open(way)) {
      session.beginTransaction();
      for (int i = 0; i < MANY; i += FLUSH) {
        List<Member> members =
            session
                .createQuery("from " + table + " order by id", Member.class)
                .setFirstResult(i)
                .setMaxResults(FLUSH)
                .getResultList();
        members.forEach(member -> member.rename(member.username + " Renamed"));
        sum += way.meter.measure(session::flush);
        session.clear();
      }
      session.getTransaction().commit();
    }
    requireRight(table, MANY);
    return sum;
  }

  private Session open(Way way) {
    Session session = sessions.withOptions().connection(way.connection).openSession();
    session.setJdbcBatchSize(way.batchSize);
    return session;
  }

  /** Inserts rows of which no entities are made. */
  private double floor(Way way) throws Exception {
    String table = table(Counted::new);
    empty(table);
    double figure = way.measure(() -> insertRows(table, way.connection));
    requireRight(table, MANY);
    return figure;
  }

  private static void insertRows(String table, Connection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO "
                + table
                + " (username, greeting, createdAt)"
                + " SELECT name, pg_hello(name, 1), now_ms() FROM unnest(?) AS name"
                + " RETURNING id, greeting, createdAt")) {
      for (int first = 1; first <= MANY; first += FLUSH) {
        Object[] names = IntStream.range(first, first + FLUSH).mapToObj(i -> "Name" + i).toArray();
        statement.setArray(1, connection.createArrayOf("text", names));
        try (ResultSet row = statement.executeQuery()) {
          for (int i = 0; row.next(); i++) {
            require(row.getLong(1) > 0 && row.getLong(3) > 0, "a row without a number");
            require(Member.greet((String) names[i]).equals(row.getString(2)), "a wrong greeting");
          }
        }
      }
      connection.commit();
    }
  }

  private static String table(Supplier<Member> maker) {
    return maker.get().getClass().getSimpleName();
  }

  private void empty(String table) throws SQLException {
    try (Statement statement = control.createStatement()) {
      statement.execute("TRUNCATE " + table);
    }
  }

  private void requireRight(String table, int count) throws SQLException {
    try (Statement statement = control.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT count(*) FROM "
                    + table
                    + " WHERE greeting = 'Hello, ' || username || '!' AND createdAt > 0")) {
      row.next();
      require(row.getInt(1) == count, row.getInt(1) + " rows of " + count + " are right");
    }
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalStateException(otherwise);
    }
  }

  private static double millis(Check action) throws Exception {
    long start = System.nanoTime();
    action.run();
    return (System.nanoTime() - start) / 1e6;
  }

  @Override
  public void close() throws SQLException {
    try (server;
        database;
        counting;
        delaying;
        control;
        near;
        nearTuned;
        counted;
        countedTuned;
        far;
        farTuned;
        sessions) {
      // in this order, backwards
    }
  }
}
