// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.BestInFlight;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Check;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.InterleavedSamples;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Row.Better;
import io.pghello.benchmarks.harness.Sweep;
import io.pghello.benchmarks.harness.Sweep.Metric;
import io.pghello.benchmarks.harness.Sweep.Track;
import io.pghello.benchmarks.load.LoadProcess;
import io.pghello.benchmarks.load.LoadProcess.Request;
import io.pghello.benchmarks.load.LoadProcess.Response;
import io.pghello.benchmarks.load.StreamingGreeting;
import io.pghello.benchmarks.load.Workload;
import io.pghello.benchmarks.peers.PgbenchPeer;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import io.pghello.testkit.WireProxy;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoublePredicate;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * What the client does under load, beside what else one calls a function with. Each library has a
 * JVM of its own, and all have as many connections; one caller alone has one, which ours and JDBC
 * share. Every answer is compared with what it should be.
 */
public final class ClientBenchmark implements Benchmark {
  private static final int CONNECTIONS = 4;
  private static final int MANY = 256;
  private static final int FEW = 16;
  private static final int ALL_NAMES = 10_000;
  private static final List<Integer> IN_FLIGHT =
      List.of(16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192);
  private static final Duration FAR = Duration.ofMillis(1);
  // every answer is looked at while it is measured
  private static final Check ON_THE_WAY = () -> {};

  private static final String RATE = "k/s";
  private static final String VIRTUAL = "hello(), 256 virtual threads";
  private static final String ASYNC = "helloAsync(), 256 in flight";
  private static final String VERTX = "Vert.x, pipelined";
  private static final String ITS_BEST = ", its best number in flight";

  // in the order of the figures
  private static final Metric THROUGHPUT = new Metric("throughput", RATE, Better.HIGHER);
  private static final Metric MEDIAN = new Metric("median latency", "us", Better.LOWER);
  private static final Metric P99 = new Metric("99 % latency", "us", Better.LOWER);
  private static final Metric P999 = new Metric("99.9 % latency", "us", Better.LOWER);

  private final PgHelloServer server;
  private final TestDatabase database;
  private final WireProxy proxy;
  private final Address address;
  private final long serverPid;
  private final SingleConnectionComparison singleConnection;
  private final @Nullable PgbenchPeer pgbench;
  private final boolean virtual = Workload.virtualThreads() != null;
  private final BestInFlight best;
  private final Map<Workload, LoadProcess> libraries = new EnumMap<>(Workload.class);
  private final int rounds;
  private final int judgedRounds;
  private final int millis;
  private final int sweepMillis;
  private final int streamedNames;

  public ClientBenchmark(boolean quick) throws IOException, SQLException {
    rounds = quick ? 1 : 4;
    judgedRounds = quick ? 5 : 4;
    millis = quick ? 500 : 800;
    sweepMillis = quick ? 100 : 200;
    streamedNames = quick ? 1_000_000 : 10_000_000;
    server = PgHelloServer.start();
    database = server.createDatabase();
    proxy = WireProxy.to(server);
    address = Address.of(database.jdbcUrl());
    try (Connection connection = database.dataSource().getConnection()) {
      serverPid = CpuTime.serverPid(connection);
    }
    singleConnection = new SingleConnectionComparison(address, serverPid, quick ? 60 : 120);
    var program = PgbenchPeer.find();
    best =
        new BestInFlight(
            IN_FLIGHT,
            quick ? 1 : 2,
            calls -> measure(Workload.ASYNC, calls).rate(),
            calls -> measure(Workload.VERTX, calls).rate());
    pgbench = program.isPresent() ? new PgbenchPeer(program.get(), address, serverPid) : null;
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
    all.add(
        interleaved(
            Row.rate("hello(), 1 thread", "JDBC, 1 thread", RATE).target(0.95, 1),
            singleConnection.calls()));
    all.add(
        judged(
            Row.rate(ASYNC, VERTX, RATE).target(10, 20),
            rate(Workload.ASYNC),
            rate(Workload.VERTX)));
    all.add(
        judged(
            Row.rate("helloAsync()" + ITS_BEST, VERTX + ITS_BEST, RATE).target(18, 30),
            best.ours(),
            best.peer()));
    all.add(
        judged(
            Row.rate(ASYNC, "JDBC, 256 threads", RATE).target(30, 75),
            rate(Workload.ASYNC),
            rate(Workload.JDBC_THREADS)));
    if (virtual) {
      all.add(
          judged(
              Row.rate(VIRTUAL, "JDBC, 256 virtual threads", RATE).target(25, 50),
              rate(Workload.VIRTUAL),
              rate(Workload.JDBC_VIRTUAL)));
      all.add(
          plain(
              Row.rate(VIRTUAL, "JDBC, 256 threads", RATE),
              rate(Workload.VIRTUAL),
              rate(Workload.JDBC_THREADS)));
    }
    all.add(
        judged(
            Row.rate("hello(), 256 threads", "JDBC, 256 threads", RATE).target(4, 7),
            rate(Workload.THREADS),
            rate(Workload.JDBC_THREADS)));
    all.add(
        interleaved(
            Row.rate("helloAll(%,d names)".formatted(ALL_NAMES), "JDBC, one by one", RATE).target(50, 300)
                .guarded(20),
            singleConnection.bulk(ALL_NAMES)));
    all.add(
        new Comparison(
            Row.plain("heap, helloEach(%,d names)".formatted(streamedNames), null, "MB").count(32, 12)
                .guarded(64),
            ON_THE_WAY,
            () -> StreamingGreeting.heapMb(address, StreamingGreeting.Way.EACH, streamedNames),
            null,
            0,
            1));
    all.add(
        plain(Row.rate(ASYNC, "R2DBC, pooled", RATE), rate(Workload.ASYNC), rate(Workload.R2DBC)));
    if (pgbench != null) {
      server(all, pgbench);
    }
    allocation(all);
    distance(all);
    return all;
  }

  private void server(List<Comparison> all, PgbenchPeer peer) {
    all.add(
        new Comparison(
            Row.rate("hello(), 1 thread", "pgbench, 1 client", RATE),
            peer::check,
            rate(Workload.THREADS, 1),
            Side.of(() -> peer.single(1)),
            0,
            rounds));
    all.add(
        new Comparison(
            Row.rate(ASYNC, "pgbench, 4 clients", RATE),
            peer::check,
            rate(Workload.ASYNC),
            Side.of(() -> peer.single(CONNECTIONS)),
            0,
            rounds));
    all.add(
        new Comparison(
            Row.rate(ASYNC, "pgbench, 4 clients, pipelined", RATE),
            peer::check,
            rate(Workload.ASYNC),
            Side.of(() -> peer.pipelined(CONNECTIONS)),
            0,
            rounds));
  }

  private void allocation(List<Comparison> all) {
    all.add(
        plain(
            Row.plain("allocated, hello(), 1 thread", "JDBC, 1 thread", "B").guarded(2),
            allocation(Workload.THREADS, 1),
            allocation(Workload.JDBC_THREADS, 1)));
    all.add(
        plain(
            Row.plain("allocated, " + ASYNC, VERTX, "B").guarded(1),
            allocation(Workload.ASYNC, MANY),
            allocation(Workload.VERTX, MANY)));
  }

  private void distance(List<Comparison> all) {
    all.add(
        plain(
            Row.rate(ASYNC + ", 1 ms away", VERTX, RATE),
            far(Workload.ASYNC),
            far(Workload.VERTX)));
    all.add(
        plain(
            Row.rate("hello(), 256 threads, 1 ms away", "JDBC, 256 threads", RATE),
            far(Workload.THREADS),
            far(Workload.JDBC_THREADS)));
  }

  @Override
  public List<Sweep> sweeps() {
    return List.of(
        inFlight(),
        best.sweep("calls in flight, to choose the best", THROUGHPUT, "helloAsync()", VERTX),
        connections(),
        distances(),
        lengths(),
        bulk(),
        heap());
  }

  private Sweep inFlight() {
    return new Sweep(
        "calls in flight",
        "",
        points(1, 4, 16, 64, MANY, 1_024, 4_096),
        List.of(THROUGHPUT, MEDIAN, P99, P999),
        everyone((library, calls) -> near(library, CONNECTIONS, (int) calls, 0)));
  }

  private Sweep connections() {
    return new Sweep(
        "connections",
        "256 calls in flight",
        points(1, 2, 4, 8, 16, 32),
        List.of(THROUGHPUT, MEDIAN, P99),
        everyone((library, connections) -> near(library, (int) connections, MANY, 0)));
  }

  private Sweep distances() {
    return new Sweep(
        "network delay",
        "ms, 256 calls in flight",
        points(0, 0.2, 1, 5),
        List.of(THROUGHPUT, MEDIAN),
        everyone((library, delay) -> away(library, Duration.ofNanos((long) (delay * 1e6)))));
  }

  private Sweep lengths() {
    return new Sweep(
        "length of the name",
        "bytes, 16 calls in flight",
        points(8, 64, 512, 4_096, 32_768, 262_144, 1_048_576),
        List.of(THROUGHPUT, MEDIAN),
        everyone((library, bytes) -> near(library, CONNECTIONS, FEW, (int) bytes)));
  }

  private Sweep bulk() {
    return new Sweep(
        "names of a call",
        "",
        points(1, 10, 100, 1_000, 10_000, 100_000),
        List.of(THROUGHPUT),
        List.of(
            track("helloAll()", true, ClientBenchmark::everywhere, Workload.ALL),
            track("JDBC, one by one", false, names -> names <= 1_000, Workload.JDBC_LOOP)));
  }

  private Track track(String name, boolean ours, DoublePredicate covers, Workload library) {
    return new Track(
        name, ours, covers, names -> figures(near(library, CONNECTIONS, (int) names, 0)));
  }

  private Sweep heap() {
    return new Sweep(
        "names streamed",
        "",
        DoubleStream.of(1e3, 1e4, 1e5, 1e6).filter(n -> n <= streamedNames).boxed().toList(),
        List.of(new Metric("heap", "MB", Better.LOWER)),
        List.of(
            new Track(
                "helloEach()",
                true,
                ClientBenchmark::everywhere,
                count -> heap(StreamingGreeting.Way.EACH, count)),
            new Track(
                "helloAll(), all in memory",
                true,
                ClientBenchmark::everywhere,
                count -> heap(StreamingGreeting.Way.ALL, count))));
  }

  private static boolean everywhere(double point) {
    return true;
  }

  private double[] heap(StreamingGreeting.Way way, double count) throws Exception {
    return new double[] {StreamingGreeting.heapMb(address, way, (int) count)};
  }

  private interface Loaded {
    Response at(Workload library, double point) throws IOException;
  }

  /** All libraries that call for one name at a time. */
  private List<Track> everyone(Loaded loaded) {
    List<Track> tracks = new ArrayList<>();
    tracks.add(track("helloAsync()", true, Workload.ASYNC, loaded));
    if (virtual) {
      tracks.add(track("hello(), virtual threads", true, Workload.VIRTUAL, loaded));
    }
    tracks.add(track("hello(), threads", true, Workload.THREADS, loaded));
    tracks.add(track(VERTX, false, Workload.VERTX, loaded));
    tracks.add(track("R2DBC, pooled", false, Workload.R2DBC, loaded));
    if (virtual) {
      tracks.add(track("JDBC, virtual threads", false, Workload.JDBC_VIRTUAL, loaded));
    }
    tracks.add(track("JDBC, threads", false, Workload.JDBC_THREADS, loaded));
    return tracks;
  }

  private Track track(String name, boolean ours, Workload library, Loaded loaded) {
    return new Track(
        name, ours, ClientBenchmark::everywhere, point -> figures(loaded.at(library, point)));
  }

  /** Returns all figures; a sweep reads as many as it has metrics. */
  private static double[] figures(Response answer) {
    return new double[] {
      answer.thousandsPerSecond(), answer.medianMicros(), answer.p99Micros(), answer.p999Micros()
    };
  }

  private Response near(Workload library, int connections, int calls, int nameBytes)
      throws IOException {
    return library(library)
        .measure(new Request(address.port(), connections, calls, nameBytes, sweepMillis));
  }

  private Response away(Workload library, Duration delay) throws IOException {
    proxy.delay(delay);
    return library(library).measure(new Request(proxy.port(), CONNECTIONS, MANY, 0, sweepMillis));
  }

  private Side far(Workload library) {
    return Side.of(() -> away(library, FAR).rate());
  }

  private Side rate(Workload library) {
    return rate(library, MANY);
  }

  private Side rate(Workload library, int calls) {
    return Side.of(() -> measure(library, calls).rate());
  }

  private Side allocation(Workload library, int calls) {
    return () -> measure(library, calls).bytesPerCall();
  }

  private Response measure(Workload library, int calls) throws IOException {
    return library(library).measure(new Request(address.port(), CONNECTIONS, calls, 0, millis));
  }

  /** The JVM of a library, which is started and warmed up when it is first asked for. */
  private LoadProcess library(Workload library) throws IOException {
    LoadProcess process = libraries.get(library);
    if (process == null) {
      process = new LoadProcess(library, address, CONNECTIONS, serverPid);
      libraries.put(library, process);
    }
    return process;
  }

  @Override
  public List<String> notRun() {
    List<String> reasons = new ArrayList<>();
    if (!virtual) {
      reasons.add(VIRTUAL + ": not run, needs JDK 21 or newer");
    }
    if (pgbench == null) {
      reasons.add("pgbench: not run, there is none (Debian's package is postgresql)");
    }
    return reasons;
  }

  private static List<Double> points(double... points) {
    return DoubleStream.of(points).boxed().toList();
  }

  private Comparison interleaved(Row row, InterleavedSamples samples) {
    return new Comparison(row, ON_THE_WAY, samples.ours(), samples.peer(), 6, judgedRounds);
  }

  private Comparison judged(Row row, Side ours, Side peer) {
    return new Comparison(row, ON_THE_WAY, ours, peer, 1, judgedRounds);
  }

  private Comparison plain(Row row, Side ours, Side peer) {
    return new Comparison(row, ON_THE_WAY, ours, peer, 0, rounds);
  }

  @Override
  public void close() throws IOException {
    libraries.values().forEach(LoadProcess::close);
    try (server;
        database;
        proxy;
        singleConnection;
        pgbench) {
      // in this order, backwards
    }
  }
}
