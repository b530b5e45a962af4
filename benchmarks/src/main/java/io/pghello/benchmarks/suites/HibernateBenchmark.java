// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static io.pghello.benchmarks.harness.Comparison.CHECKED_MEANWHILE;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Action;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.InterleavedSamples;
import io.pghello.benchmarks.harness.InterleavedSamples.Statistic;
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
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.WireProxy;
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
 * Measures the cost of entities with server-computed values, in round trips and in time. A flush
 * writes one thousand entities. There is one connection per kind of measurement (time, round trips,
 * time with a network delay; each also with tuned settings). The written rows are verified after
 * each run.
 */
public final class HibernateBenchmark extends ServerBenchmark {
  // without a strong reference, the logger would be garbage-collected and lose its level
  private static final Logger LOG = Logger.getLogger("org.hibernate");

  private static final int MANY = 10_000;
  private static final int FLUSH = 1_000;

  private static final String ROUND_TRIPS = "round trips, 10,000 ";
  private static final String INSERTS = "10,000 inserts";
  private static final String WITHOUT = "the same without the values";
  private static final String LISTENER = "@PrePersist, two queries";
  private static final String RETURNING = "strategy = RETURNING";
  private static final String FLOOR = "JDBC, INSERT ... SELECT FROM unnest";

  private final Way near = new Way(address, false, HibernateBenchmark::millis);
  private final Way nearTuned = new Way(address, true, HibernateBenchmark::millis);
  private final Way counted;
  private final Way countedTuned;
  private final Way far;
  private final Way farTuned;
  private final SessionFactory sessions;
  private final int rounds;
  private final int warmUps;
  private final int fewInserts;
  private final int loads;
  private final int longestOneByOne;
  private final Set<String> warm = new HashSet<>();

  /** Measures the cost of an action. */
  private interface Meter {
    double measure(Action action) throws Exception;
  }

  /** A connection for writing entities, with its batch size and its meter. */
  private final class Way {
    private final Connection session;
    private final int batchSize;
    private final Meter meter;

    Way(Address address, boolean tuned, Meter meter) throws SQLException {
      var properties = new Properties();
      PGProperty.USER.set(properties, address.user());
      PGProperty.PASSWORD.set(properties, address.password());
      PGProperty.REWRITE_BATCHED_INSERTS.set(properties, tuned);
      session = closing(DriverManager.getConnection(address.jdbcUrl(), properties));
      session.setAutoCommit(false);
      batchSize = tuned ? 1_000 : 50;
      this.meter = meter;
    }

    /**
     * Measures an action in a transaction, including the end of the transaction. The driver has
     * sent BEGIN before the action.
     */
    double measure(Action action) throws Exception {
      Sql.execute(session, "SELECT 1");
      return meter.measure(action);
    }

    Session open() {
      Session opened = sessions.withOptions().connection(session).openSession();
      opened.setJdbcBatchSize(batchSize);
      return opened;
    }
  }

  public HibernateBenchmark(boolean quick) throws SQLException {
    super(
        ExtensionServer.builder()
            .extension("pg_hello")
            .setting("autovacuum", "off")
            .setting("jit", "off")
            .start());
    LOG.setLevel(Level.WARNING);
    rounds = quick ? 1 : 2;
    warmUps = quick ? 2 : 6;
    fewInserts = quick ? 500 : 2_000;
    // enough loads to make the counter's resolution of ten milliseconds negligible
    loads = quick ? 1 : 100;
    longestOneByOne = quick ? FLUSH : MANY;
    WireProxy counting = closing(WireProxy.to(server.port()));
    Address proxy = address.via(counting.host(), counting.port());
    Meter roundTrips = action -> counting.countRoundTrips(action::run);
    counted = new Way(proxy, false, roundTrips);
    countedTuned = new Way(proxy, true, roundTrips);
    WireProxy delaying = closing(WireProxy.to(server.port()));
    delaying.delay(Duration.ofMillis(1));
    Address away = address.via(delaying.host(), delaying.port());
    far = new Way(away, false, HibernateBenchmark::millis);
    farTuned = new Way(away, true, HibernateBenchmark::millis);
    var configuration = new Configuration();
    configuration.getProperties().put("hibernate.connection.datasource", database.dataSource());
    configuration.getProperties().put("hibernate.hbm2ddl.auto", "create");
    MemberEntities.all().forEach(configuration::addAnnotatedClass);
    sessions = closing(configuration.buildSessionFactory());
  }

  @Override
  public List<Comparison> comparisons() {
    Side times = inserts(Filled::new, near);
    Side rates = rate(Filled::new, far);
    String inserts = ROUND_TRIPS + "inserts";
    String away = "%,d inserts, 1 ms away".formatted(fewInserts);
    return List.of(
        countInserts(count("inserts", 411), Filled::new, Plain::new),
        counted(
            count("inserts, tuned", 31),
            inserts(Tuned::new, countedTuned),
            inserts(TunedPlain::new, countedTuned)),
        countInserts(
            BenchmarkRow.plain(inserts + ", IDENTITY", WITHOUT, "").target(1, 1).guarded(1),
            Counted::new,
            CountedPlain::new),
        counted(
            count("updates, 10 flushes", 210),
            () -> update(Renamed::new, counted),
            () -> update(Plain::new, counted)),
        countInserts(BenchmarkRow.plain(inserts, LISTENER, ""), Filled::new, Listened::new),
        countInserts(BenchmarkRow.plain(inserts, RETURNING, ""), Filled::new, Returned::new),
        counted(
            BenchmarkRow.plain(inserts, FLOOR, ""),
            inserts(Filled::new, counted),
            () -> floor(counted)),
        interleaved(
            BenchmarkRow.plain(INSERTS, WITHOUT, "ms").target(1.3, 1.05),
            times,
            inserts(Plain::new, near),
            warmUps,
            5),
        interleaved(
            BenchmarkRow.plain(INSERTS + ", tuned", WITHOUT, "ms"),
            inserts(Tuned::new, nearTuned),
            inserts(TunedPlain::new, nearTuned),
            1,
            rounds),
        timeInserts(
            BenchmarkRow.plain(INSERTS + ", IDENTITY", WITHOUT, "ms"),
            Counted::new,
            CountedPlain::new),
        interleaved(
            BenchmarkRow.plain("10,000 updates, 10 flushes", WITHOUT, "ms"),
            () -> update(Renamed::new, near),
            () -> update(Plain::new, near),
            1,
            rounds),
        interleaved(
                BenchmarkRow.plain("CPU of 10,000 loads, session closed", WITHOUT, "ms")
                    .target(1.08, 1.03),
                loads(Filled::new),
                loads(Plain::new),
                2,
                5)
            .withCheck(this::fillLoadedEntities),
        timeInserts(BenchmarkRow.plain(INSERTS, LISTENER, "ms"), Filled::new, Listened::new),
        timeInserts(BenchmarkRow.plain(INSERTS, RETURNING, "ms"), Filled::new, Returned::new),
        interleaved(BenchmarkRow.plain(INSERTS, FLOOR, "ms"), times, () -> floor(near), 1, rounds),
        new Comparison(
            BenchmarkRow.rate(away, LISTENER, "k/s").target(30, 45).lessCpu(4),
            this::warmUpNearby,
            rates,
            rate(Listened::new, far),
            1,
            rounds),
        timed(BenchmarkRow.rate(away, WITHOUT, "k/s"), rates, rate(Plain::new, far)),
        timed(
            BenchmarkRow.rate(away + ", tuned", WITHOUT, "k/s"),
            rate(Tuned::new, farTuned),
            rate(TunedPlain::new, farTuned)));
  }

  private static BenchmarkRow count(String what, int trips) {
    return BenchmarkRow.plain(ROUND_TRIPS + what, WITHOUT, "").count(trips, trips).guarded(trips);
  }

  /**
   * Returns a comparison with two rounds. The first round is a warm-up, because the first
   * identifier needs an additional round trip. Only the second round counts.
   */
  private static Comparison counted(BenchmarkRow row, Side ours, Side peer) {
    return new Comparison(row, CHECKED_MEANWHILE, ours, peer, 1, 1);
  }

  private Comparison countInserts(BenchmarkRow row, Supplier<Member> ours, Supplier<Member> peer) {
    return counted(row, inserts(ours, counted), inserts(peer, counted));
  }

  private Comparison timeInserts(BenchmarkRow row, Supplier<Member> ours, Supplier<Member> peer) {
    return timed(row, inserts(ours, near), inserts(peer, near));
  }

  private Comparison timed(BenchmarkRow row, Side ours, Side peer) {
    return new Comparison(row, CHECKED_MEANWHILE, ours, peer, 2, rounds);
  }

  private static Comparison interleaved(
      BenchmarkRow row, Side ours, Side peer, int warmUps, int rounds) {
    return new InterleavedSamples(BenchmarkRow.Better.LOWER, Statistic.BEST, 5, ours, peer)
        .comparison(row, CHECKED_MEANWHILE, warmUps, rounds);
  }

  /**
   * Warms up most of the code with a nearby server, because warming up with a remote server takes
   * too long.
   */
  private void warmUpNearby() throws Exception {
    for (int i = 0; i < warmUps; i++) {
      insert(Filled::new, MANY, FLUSH, near);
    }
    insert(Listened::new, MANY, FLUSH, near);
  }

  @Override
  public List<Sweep> sweeps() {
    var roundTrips = new Sweep.Metric("round trips per entity", "", BenchmarkRow.Better.LOWER);
    var time = new Sweep.Metric("time per entity", "us", BenchmarkRow.Better.LOWER);
    return List.of(
        byFlush(roundTrips, "", new Effort(counted, 1, FLUSH, 1), longestOneByOne),
        byFlush(time, "", new Effort(near, 1e3, fewInserts, 3), longestOneByOne),
        byFlush(time, ", 1 ms away", new Effort(far, 1e3, fewInserts / 10, 1), FLUSH));
  }

  /**
   * The work that is measured at one point of a curve.
   *
   * @param scale the factor that converts the measured cost to the unit of the figures
   * @param count the total number of entities to write; if one flush has more entities, that number
   *     is used
   * @param tries the number of attempts; the minimum figure counts, because other load on the
   *     machine only adds to the time
   */
  private record Effort(Way way, double scale, int count, int tries) {}

  /**
   * Measures the cost per entity as a function of the number of entities in a flush.
   *
   * @param longest the largest number of entities per flush, for entities that are written or
   *     filled one by one
   */
  private Sweep byFlush(Sweep.Metric metric, String where, Effort effort, int longest) {
    return new Sweep(
        "entities per flush" + where,
        "",
        List.of(1.0, 10.0, 100.0, 1_000.0, 10_000.0),
        List.of(metric),
        List.of(
            series("strategy = PREFETCH", true, MANY, Filled::new, effort),
            series(RETURNING, true, longest, Returned::new, effort),
            series(WITHOUT, false, MANY, Plain::new, effort),
            series(LISTENER, false, longest, Listened::new, effort)));
  }

  private Sweep.Series series(
      String name, boolean ours, int longest, Supplier<Member> maker, Effort effort) {
    return Sweep.Series.of(name, ours, flush -> perEntity(maker, (int) flush, effort))
        .upTo(longest);
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

  /** Returns a side that measures thousands of inserted entities per second. */
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

  /**
   * Empties the table, and runs the side, which fills the table. Throws unless all rows are
   * correct.
   */
  private double checked(String table, int count, Side side) throws Exception {
    Sql.execute(connection, "TRUNCATE " + table);
    double figure = side.measure();
    Sql.requireTrue(
        connection,
        "SELECT count(*) = ? FROM %s".formatted(table)
            + " WHERE greeting = 'Hello, ' || username || '!' AND createdAt > 0",
        count);
    return figure;
  }

  private void persist(Supplier<Member> maker, int count, int flush, Way way) {
    Listened.connection = way.session;
    try (Session session = way.open()) {
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

  /** Flushes entities that have all been renamed. */
  private double update(Supplier<Member> maker, Way way) throws Exception {
    String table = table(maker);
    return checked(
        table,
        MANY,
        () -> {
          persist(maker, MANY, FLUSH, way);
          double sum = 0;
          try (Session session = way.open()) {
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

  private void fillLoadedEntities() throws Exception {
    insert(Filled::new, MANY, FLUSH, near);
    insert(Plain::new, MANY, FLUSH, near);
  }

  /**
   * Returns a side that reads all entities of a type several times, and measures the CPU time of
   * all threads of this JVM.
   */
  private Side loads(Supplier<Member> maker) {
    String table = table(maker);
    return () -> {
      long start = CpuTime.Client.PROCESS.nanos();
      for (int i = 0; i < loads; i++) {
        try (Session session = near.open()) {
          List<Member> all = session.createQuery("from " + table, Member.class).getResultList();
          require(all.size() == MANY, "not all entities");
        }
        near.session.rollback();
      }
      return (CpuTime.Client.PROCESS.nanos() - start) / 1e6 / loads;
    };
  }

  /** Inserts rows without creating entities. */
  private double floor(Way way) throws Exception {
    String table = table(Counted::new);
    return checked(table, MANY, () -> way.measure(() -> insertRows(table, way.session)));
  }

  private static void insertRows(String table, Connection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO %s (username, greeting, createdAt)".formatted(table)
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

  private static double millis(Action action) throws Exception {
    long start = System.nanoTime();
    action.run();
    return (System.nanoTime() - start) / 1e6;
  }
}
