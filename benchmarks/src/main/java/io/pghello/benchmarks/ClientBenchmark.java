// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.benchmarks.Comparison.Check;
import io.pghello.benchmarks.Comparison.Side;
import io.pghello.benchmarks.Row.Judged;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import io.pghello.testkit.WireProxy;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What the client does under load, beside what else one calls a function with. All have as many
 * connections, and every answer is compared with what it should be.
 */
final class ClientBenchmark implements Benchmark {
  private static final int CONNECTIONS = 4;
  // those who come later find most of it compiled
  private static final int FIRST_WARM_UPS = 6;
  private static final int WARM_UPS = 1;
  private static final int MANY = 256;
  private static final Duration FAR = Duration.ofMillis(1);
  // every answer is looked at while it is measured
  private static final Check ON_THE_WAY = () -> {};

  private static final String JDBC = "JDBC, ";
  private static final String VERTX = "Vert.x, pipelined";
  private static final String R2DBC = "R2DBC, pooled";
  private static final String VIRTUAL = "hello(), 256 virtual threads";
  private static final String RATE = "k/s";

  private final PgHelloServer server;
  private final TestDatabase database;
  private final WireProxy proxy;
  private final Address address;
  private final Ours near;
  private final Ours far;
  private final JdbcPeer jdbc;
  private final JdbcPeer farJdbc;
  private final Duel duel;
  private final VertxPeer vertx;
  private final VertxPeer farVertx;
  private final R2dbcPeer r2dbc;
  private final @Nullable PgbenchPeer pgbench;
  private final int rounds;
  private final int judgedRounds;
  private final int millis;
  private final int allNames;
  private final int streamedNames;

  ClientBenchmark(boolean quick) throws IOException {
    rounds = quick ? 1 : 3;
    judgedRounds = quick ? 3 : 9;
    millis = quick ? 50 : 400;
    allNames = quick ? 2_000 : 10_000;
    streamedNames = quick ? 100_000 : 10_000_000;
    server = PgHelloServer.start();
    database = server.createDatabase();
    proxy = WireProxy.to(server);
    proxy.delay(FAR);
    address = Address.of(database.jdbcUrl());
    Address behind = address.via(proxy.host(), proxy.port());
    near = new Ours(address);
    far = new Ours(behind);
    jdbc = new JdbcPeer(address, CONNECTIONS);
    farJdbc = new JdbcPeer(behind, CONNECTIONS);
    duel = new Duel(address, TimeUnit.MILLISECONDS.toNanos(millis));
    vertx = new VertxPeer(address, CONNECTIONS);
    farVertx = new VertxPeer(behind, CONNECTIONS);
    r2dbc = new R2dbcPeer(address, CONNECTIONS);
    var program = PgbenchPeer.find();
    pgbench = program.isPresent() ? new PgbenchPeer(program.get(), address) : null;
  }

  @Override
  public Environment.Server server() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      return Environment.Server.of(connection);
    }
  }

  @Override
  public List<Comparison> comparisons() {
    List<Comparison> all = new ArrayList<>();
    judged(all);
    for (int threads : new int[] {8, 64, 2_048}) {
      all.add(
          plain(
              Row.rate(threads(threads), JDBC + of(threads), RATE), sync(threads), jdbc(threads)));
    }
    for (int calls : new int[] {1, 8, 64, 2_048}) {
      all.add(
          plain(Row.rate(async(calls), VERTX, RATE), futures(near, calls), vertx(vertx, calls)));
    }
    for (int calls : new int[] {1, 8, 64, MANY, 2_048}) {
      all.add(
          new Comparison(
              Row.rate(async(calls), R2DBC, RATE),
              ON_THE_WAY,
              futures(near, calls),
              () -> Load.futures(calls, millis, r2dbc::hello).thousandsPerSecond(),
              calls == 1 ? FIRST_WARM_UPS : WARM_UPS,
              rounds));
    }
    if (pgbench != null) {
      server(all, pgbench);
    }
    for (double share : new double[] {0.5, 0.99, 0.999}) {
      latencies(all, share);
    }
    allocation(all);
    distance(all);
    return all;
  }

  private void judged(List<Comparison> all) {
    all.add(
        judged(
            Row.atLeast(threads(1), JDBC + of(1), RATE, Judged.RATIO, 0.95, 1),
            duel.ours(),
            duel.theirs()));
    all.add(
        judged(
            Row.atLeast(async(MANY), VERTX, RATE, Judged.RATIO, 30, 60),
            futures(near, MANY),
            vertx(vertx, MANY)));
    all.add(
        judged(
            Row.atLeast(async(MANY), JDBC + of(MANY), RATE, Judged.RATIO, 40, 150),
            futures(near, MANY),
            jdbc(MANY)));
    ThreadFactory virtual = virtualThreads();
    if (virtual != null) {
      all.add(
          judged(
              Row.atLeast(VIRTUAL, "JDBC, 256 virtual threads", RATE, Judged.RATIO, 25, 50),
              () -> Load.threads(MANY, millis, virtual, near.client::hello).thousandsPerSecond(),
              () -> Load.threads(MANY, millis, virtual, jdbc::hello).thousandsPerSecond()));
      all.add(
          plain(
              Row.rate(VIRTUAL, JDBC + of(MANY), RATE),
              () -> Load.threads(MANY, millis, virtual, near.client::hello).thousandsPerSecond(),
              jdbc(MANY)));
    }
    all.add(
        judged(
            Row.atLeast(threads(MANY), JDBC + of(MANY), RATE, Judged.RATIO, 4, 7),
            sync(MANY),
            jdbc(MANY)));
    List<String> names = Names.names(allNames);
    all.add(
        judged(
            Row.atLeast(
                "helloAll(%,d names)".formatted(allNames),
                JDBC + "one by one",
                RATE,
                Judged.RATIO,
                50,
                100),
            () -> rate(() -> Names.check(near.client.helloAll(names))),
            () -> rate(() -> jdbc.helloAll(names))));
    all.add(
        new Comparison(
            Row.atMost(
                "heap, helloEach(%,d names)".formatted(streamedNames),
                null,
                "MB",
                Judged.COUNT,
                64,
                32),
            ON_THE_WAY,
            () -> StreamingGreeting.heapMb(address, streamedNames),
            null,
            0,
            1));
  }

  private void server(List<Comparison> all, PgbenchPeer peer) {
    all.add(
        new Comparison(
            Row.rate(threads(1), "pgbench, 1 client", RATE),
            peer::check,
            sync(1),
            () -> peer.single(1),
            0,
            rounds));
    all.add(
        new Comparison(
            Row.rate(async(MANY), "pgbench, 4 clients", RATE),
            peer::check,
            futures(near, MANY),
            () -> peer.single(CONNECTIONS),
            0,
            rounds));
    all.add(
        new Comparison(
            Row.rate(async(MANY), "pgbench, 4 clients, pipelined", RATE),
            peer::check,
            futures(near, MANY),
            () -> peer.pipelined(CONNECTIONS),
            0,
            rounds));
  }

  private void latencies(List<Comparison> all, double share) {
    String name = "p" + (share * 100 + " of ").replace(".0 ", " ");
    for (int threads : new int[] {1, MANY}) {
      all.add(
          plain(
              Row.plain(name + threads(threads), JDBC + of(threads), "us"),
              () -> micros(Load.threads(threads, millis, Thread::new, near.client::hello), share),
              () -> micros(Load.threads(threads, millis, Thread::new, jdbc::hello), share)));
    }
    all.add(
        plain(
            Row.plain(name + async(MANY), VERTX, "us"),
            () -> micros(Load.futures(MANY, millis, near::hello), share),
            () -> micros(Load.futures(MANY, millis, vertx::hello), share)));
  }

  private static double micros(Load.Figures figures, double share) {
    return figures.latencies().quantile(share) / 1e3;
  }

  private void allocation(List<Comparison> all) {
    all.add(
        plain(
            Row.plain("allocated, " + threads(1), JDBC + of(1), "B"),
            () -> allocated(near.client::hello),
            () -> allocated(jdbc::hello)));
    all.add(
        plain(
            Row.plain("allocated, " + async(MANY), JDBC + of(1), "B"),
            () -> {
              var allocation = new Allocation();
              Load.Figures figures = Load.futures(MANY, millis, near::hello);
              return (double) allocation.sum() / figures.calls();
            },
            () -> allocated(jdbc::hello)));
  }

  /** Bytes for each call of the current thread. */
  private double allocated(Load.Caller caller) throws Exception {
    var allocation = new Allocation();
    for (int i = 0; i < allNames; i++) {
      Names.check(i, caller.hello(Names.name(i)));
    }
    return (double) allocation.sum() / allNames;
  }

  private void distance(List<Comparison> all) {
    all.add(
        plain(
            Row.rate(async(MANY) + ", 1 ms away", VERTX, RATE),
            futures(far, MANY),
            vertx(farVertx, MANY)));
    all.add(
        plain(
            Row.rate(threads(MANY) + ", 1 ms away", JDBC + of(MANY), RATE),
            () -> Load.threads(MANY, millis, Thread::new, far.client::hello).thousandsPerSecond(),
            () -> Load.threads(MANY, millis, Thread::new, farJdbc::hello).thousandsPerSecond()));
  }

  @Override
  public List<String> notRun() {
    List<String> reasons = new ArrayList<>();
    if (virtualThreads() == null) {
      reasons.add(VIRTUAL + ": not run, needs JDK 21 or newer");
    }
    if (pgbench == null) {
      reasons.add("pgbench: not run, there is none (Debian's package is postgresql)");
    }
    return reasons;
  }

  private static String threads(int count) {
    return "hello(), " + of(count);
  }

  private static String of(int threads) {
    return threads == 1 ? "1 thread" : "%,d threads".formatted(threads);
  }

  private static String async(int calls) {
    return "helloAsync(), %,d in flight".formatted(calls);
  }

  private Side sync(int threads) {
    return () ->
        Load.threads(threads, millis, Thread::new, near.client::hello).thousandsPerSecond();
  }

  private Side jdbc(int threads) {
    return () -> Load.threads(threads, millis, Thread::new, jdbc::hello).thousandsPerSecond();
  }

  private Side futures(Ours ours, int calls) {
    return () -> Load.futures(calls, millis, ours::hello).thousandsPerSecond();
  }

  private Side vertx(VertxPeer peer, int calls) {
    return () -> Load.futures(calls, millis, peer::hello).thousandsPerSecond();
  }

  /** Thousands of names per second. */
  private double rate(Check all) throws Exception {
    long start = System.nanoTime();
    long took;
    long names = 0;
    do {
      all.run();
      names += allNames;
      took = System.nanoTime() - start;
    } while (took < millis * 1e6);
    return names * 1e6 / took;
  }

  private Comparison judged(Row row, Side ours, Side peer) {
    return new Comparison(row, ON_THE_WAY, ours, peer, FIRST_WARM_UPS, judgedRounds);
  }

  private Comparison plain(Row row, Side ours, Side peer) {
    return new Comparison(row, ON_THE_WAY, ours, peer, WARM_UPS, rounds);
  }

  /** Makes virtual threads, if this JDK has them. */
  static @Nullable ThreadFactory virtualThreads() {
    try {
      Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
      return (ThreadFactory)
          Class.forName("java.lang.Thread$Builder").getMethod("factory").invoke(builder);
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    try (server;
        database;
        proxy;
        near;
        far;
        jdbc;
        farJdbc;
        duel;
        vertx;
        farVertx;
        r2dbc;
        pgbench) {
      // in this order, backwards
    }
  }

  /** Our client with its default settings. */
  private static final class Ours implements AutoCloseable {
    private final HikariDataSource pool;
    private final PgHelloClient client;

    Ours(Address address) {
      pool = JdbcPeer.pool(address, CONNECTIONS);
      client = PgHelloClient.create(pool);
    }

    void hello(String name, BiConsumer<@Nullable String, @Nullable Throwable> answer) {
      var unused = client.helloAsync(name).whenComplete(answer);
    }

    @Override
    public void close() {
      client.close();
      pool.close();
    }
  }
}
