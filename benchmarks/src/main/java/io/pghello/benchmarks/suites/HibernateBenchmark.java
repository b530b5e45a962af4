// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static io.pghello.benchmarks.harness.Comparison.CHECKED_MEANWHILE;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Action;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.InterleavedSamples;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Sql;
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
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.spi.SessionImplementor;
import org.hibernate.persister.entity.EntityPersister;
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
  private static final int JUDGED_ROUNDS = 5;
  private static final int SAMPLES = 5;

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
  private final int warmUps;
  private final int fewInserts;
  private final int longestOneByOne;
  private final Set<String> warm = new HashSet<>();

  /** Does something and returns what it cost. */
  private interface Meter {
    double measure(Action action) throws Exception;
  }

  /** How entities come to the database. */
  private record Way(Connection connection, int batchSize, Meter meter) implements AutoCloseable {
    static Way of(Address address, boolean tuned, Meter meter) throws SQLException {
      var properties = new Properties();
      PGProperty.USER.set(properties, address.user());
      PGProperty.PASSWORD.set(properties, address.password());
      PGProperty.REWRITE_BATCHED_INSERTS.set(properties, tuned);
      Connection connection = DriverManager.getConnection(address.jdbcUrl(), properties);
      connection.setAutoCommit(false);
      return new Way(connection, tuned ? 1_000 : 50, meter);
    }

    /** Measures something in a transaction that it ends; the driver sends BEGIN before it. */
    double measure(Action action) throws Exception {
      Sql.execute(connection, "SELECT 1");
      return meter.measure(action);
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }

  public HibernateBenchmark(boolean quick) throws SQLException {
    LOG.setLevel(Level.WARNING);
    rounds = quick ? 1 : 2;
    warmUps = quick ? 2 : 6;
    fewInserts = quick ? 500 : 2_000;
    longestOneByOne = quick ? FLUSH : MANY;
    server = PgHelloServer.builder().setting("autovacuum", "off").setting("jit", "off").start();
    database = server.createDatabase();
    counting = WireProxy.to(server);
    delaying = WireProxy.to(server);
    delaying.delay(Duration.ofMillis(1));
    control = database.dataSource().getConnection();
    serverPid = CpuTime.serverPid(control);
    Address address = Address.of(database.jdbcUrl());
    near = Way.of(address, false, HibernateBenchmark::millis);
    nearTuned = Way.of(address, true, HibernateBenchmark::millis);
    Meter roundTrips = action -> counting.countRoundTrips(action::run);
    Address proxy = address.via(counting.host(), counting.port());
    counted = Way.of(proxy, false, roundTrips);
    countedTuned = Way.of(proxy, true, roundTrips);
    Address away = address.via(delaying.host(), delaying.port());
    far = Way.of(away, false, HibernateBenchmark::millis);
    farTuned = Way.of(away, true, HibernateBenchmark::millis);
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
    Side counts = inserts(Filled::new, counted);
    Side times = inserts(Filled::new, near);
    Side rates = rate(Filled::new, far);
    String away = "%,d inserts, 1 ms away".formatted(fewInserts);
    return List.of(
        counted(count("inserts", 411), counts, inserts(Plain::new, counted)),
        counted(
            count("inserts, tuned", 31),
            inserts(Tuned::new, countedTuned),
            inserts(TunedPlain::new, countedTuned)),
        counted(
            Row.plain(ROUND_TRIPS + "inserts, IDENTITY", WITHOUT, "").target(1, 1).guarded(1),
            inserts(Counted::new, counted),
            inserts(CountedPlain::new, counted)),
        counted(
            count("updates, 10 flushes", 210),
            () -> update(Renamed::new, counted),
            () -> update(Plain::new, counted)),
        counted(
            Row.plain(ROUND_TRIPS + "inserts", LISTENER, ""),
            counts,
            inserts(Listened::new, counted)),
        counted(
            Row.plain(ROUND_TRIPS + "inserts", RETURNING, ""),
            counts,
            inserts(Returned::new, counted)),
        counted(Row.plain(ROUND_TRIPS + "inserts", FLOOR, ""), counts, () -> floor(counted)),
        best(times, inserts(Plain::new, near))
            .comparison(
                Row.plain(INSERTS, WITHOUT, "ms").target(1.3, 1.05),
                CHECKED_MEANWHILE,
                warmUps,
                JUDGED_ROUNDS),
        interleaved(
            Row.plain(INSERTS + ", tuned", WITHOUT, "ms"),
            inserts(Tuned::new, nearTuned),
            inserts(TunedPlain::new, nearTuned)),
        timed(
            Row.plain(INSERTS + ", IDENTITY", WITHOUT, "ms"),
            inserts(Counted::new, near),
            inserts(CountedPlain::new, near)),
        interleaved(
            Row.plain("10,000 updates, 10 flushes", WITHOUT, "ms"),
            () -> update(Renamed::new, near),
            () -> update(Plain::new, near)),
        timed(Row.plain(INSERTS, LISTENER, "ms"), times, inserts(Listened::new, near)),
        timed(Row.plain(INSERTS, RETURNING, "ms"), times, inserts(Returned::new, near)),
        interleaved(Row.plain(INSERTS, FLOOR, "ms"), times, () -> floor(near)),
        new Comparison(
            Row.rate(away, LISTENER, "k/s").target(30, 45).lessCpu(4),
            this::warmUpNearby,
            rates,
            rate(Listened::new, far),
            1,
            rounds),
        timed(Row.rate(away, WITHOUT, "k/s"), rates, rate(Plain::new, far)),
        timed(
            Row.rate(away + ", tuned", WITHOUT, "k/s"),
            rate(Tuned::new, farTuned),
            rate(TunedPlain::new, farTuned)));
  }

  private static Row count(String what, int roundTrips) {
    return Row.plain(ROUND_TRIPS + what, WITHOUT, "")
        .count(roundTrips, roundTrips)
        .guarded(roundTrips);
  }

  /** A round for the first identifier, which takes a round trip more, and one to count. */
  private static Comparison counted(Row row, Side ours, Side peer) {
    return new Comparison(row, CHECKED_MEANWHILE, ours, peer, 1, 1);
  }

  private Comparison timed(Row row, Side ours, Side peer) {
    return new Comparison(row, CHECKED_MEANWHILE, ours, peer, 2, rounds);
  }

  private Comparison interleaved(Row row, Side ours, Side peer) {
    return best(ours, peer).comparison(row, CHECKED_MEANWHILE, 1, rounds);
  }

  private static InterleavedSamples best(Side ours, Side peer) {
    return new InterleavedSamples(
        Row.Better.LOWER, InterleavedSamples.Statistic.BEST, SAMPLES, ours, peer);
  }

  /** Lets what comes later find most of it compiled, which takes too long from afar. */
  private void warmUpNearby() throws Exception {
    for (int i = 0; i < warmUps; i++) {
      insert(Filled::new, MANY, FLUSH, near);
    }
    insert(Listened::new, MANY, FLUSH, near);
  }

  @Override
  public List<Sweep> sweeps() {
    var roundTrips = new Sweep.Metric("round trips per entity", "", Row.Better.LOWER);
    var time = new Sweep.Metric("time per entity", "us", Row.Better.LOWER);
    return List.of(
        byFlush(roundTrips, "", new Effort(counted, 1, FLUSH, 1), longestOneByOne),
        byFlush(time, "", new Effort(near, 1e3, fewInserts, 3), longestOneByOne),
        byFlush(time, ", 1 ms away", new Effort(far, 1e3, fewInserts / 10, 1), FLUSH));
  }

  /**
   * What a point of a curve does.
   *
   * @param scale of the way's figures
   * @param count of entities, unless a flush has more
   * @param tries of which the least counts: what else the machine does only adds to it
   */
  private record Effort(Way way, double scale, int count, int tries) {}

  /**
   * What an entity costs, by how many of them are flushed together.
   *
   * @param longest flush of those that are written, or filled, one by one
   */
  private Sweep byFlush(Sweep.Metric metric, String where, Effort effort, int longest) {
    return new Sweep(
        "entities per flush" + where,
        "",
        List.of(1.0, 10.0, 100.0, 1_000.0, 10_000.0),
        List.of(metric),
        List.of(
            track("strategy = PREFETCH", true, MANY, Filled::new, effort),
            track(RETURNING, true, longest, Returned::new, effort),
            track(WITHOUT, false, MANY, Plain::new, effort),
            track(LISTENER, false, longest, Listened::new, effort)));
  }

  private Sweep.Track track(
      String name, boolean ours, int longest, Supplier<Member> maker, Effort effort) {
    return new Sweep.Track(
        name,
        ours,
        flush -> flush <= longest,
        flush -> new double[] {perEntity(maker, (int) flush, effort)});
  }

  private double perEntity(Supplier<Member> maker, int flush, Effort effort) throws Exception {
    if (warm.add(table(maker))) {
      for (int i = 0; i < rounds; i++) {
        insert(maker, MANY, FLUSH, near);
      }
    }
    int all = Math.max(effort.count, flush);
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < effort.tries; i++) {
      least = Math.min(least, insert(maker, all, flush, effort.way));
    }
    return effort.scale * least / all;
  }

  private Side inserts(Supplier<Member> maker, Way way) {
    return () -> insert(maker, MANY, FLUSH, way);
  }

  /** Thousands of entities per second. */
  private Side rate(Supplier<Member> maker, Way way) {
    return Side.of(
        () -> {
          CpuTime cpu = CpuTime.start(CpuTime.Client.THREAD, serverPid);
          double millis = insert(maker, fewInserts, FLUSH, way);
          return new Comparison.Sample(fewInserts / millis, cpu.microsPerCall(fewInserts));
        });
  }

  /** Inserts entities into an empty table. */
  private double insert(Supplier<Member> maker, int count, int flush, Way way) throws Exception {
    return checked(table(maker), count, () -> way.measure(() -> persist(maker, count, flush, way)));
  }

  /** Fills an empty table, and fails unless all rows are right then. */
  private double checked(String table, int count, Side side) throws Exception {
    Sql.execute(control, "TRUNCATE " + table);
    double figure = side.measure();
    Sql.requireTrue(
        control,
        "SELECT count(*) = ? FROM "
            + table
            + " WHERE greeting = 'Hello, ' || username || '!' AND createdAt > 0",
        count);
    return figure;
  }

  private void persist(Supplier<Member> maker, int count, int flush, Way way) {
    Listened.connection = way.connection;
    try (Session session = open(way)) {
      session.beginTransaction();
      for (int i = 1; i <= count; i++) {
        Member member = maker.get();
        member.rename("Name" + i);
        session.persist(member);
        if (i % flush == 0 || i == count) {
          session.flush();
          requireRight(session, member);
          session.clear();
        }
      }
      session.getTransaction().commit();
    }
  }

  private static void requireRight(Session session, Member member) {
    EntityPersister persister =
        session.unwrap(SessionImplementor.class).getEntityPersister(null, member);
    Object greeting = persister.getPropertyValue(member, "greeting");
    Object createdAt = persister.getPropertyValue(member, "createdAt");
    require(Member.greet(member.username).equals(greeting), "an entity with a wrong greeting");
    require(createdAt instanceof Long millis && millis > 0, "an entity without its time");
  }

  /** Flushes entities of which each one was renamed. */
  private double update(Supplier<Member> maker, Way way) throws Exception {
    String table = table(maker);
    return checked(
        table,
        MANY,
        () -> {
          persist(maker, MANY, FLUSH, way);
          double sum = 0;
          try (Session session = open(way)) {
            session.beginTransaction();
            for (int i = 0; i < MANY; i += FLUSH) {
              session
                  .createQuery("from " + table + " order by id", Member.class)
                  .setFirstResult(i)
                  .setMaxResults(FLUSH)
                  .getResultList()
                  .forEach(member -> member.rename(member.username + " Renamed"));
              sum += way.meter.measure(session::flush);
              session.clear();
            }
            session.getTransaction().commit();
          }
          return sum;
        });
  }

  private Session open(Way way) {
    Session session = sessions.withOptions().connection(way.connection).openSession();
    session.setJdbcBatchSize(way.batchSize);
    return session;
  }

  /** Inserts rows of which no entities are made. */
  private double floor(Way way) throws Exception {
    String table = table(Counted::new);
    return checked(table, MANY, () -> way.measure(() -> insertRows(table, way.connection)));
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

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalStateException(otherwise);
    }
  }

  private static double millis(Action action) throws Exception {
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
