// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static io.pghello.benchmarks.harness.Comparison.CHECKED_MEANWHILE;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.BestInFlight;
import io.pghello.benchmarks.harness.Comparison;
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
import java.util.Objects;
import java.util.stream.Stream;
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

  private static final String RATE = "k/s";
  private static final String SINGLE = "hello(), 1 thread";
  private static final String VIRTUAL = "hello(), 256 virtual threads";
  private static final String ASYNC = "helloAsync(), 256 in flight";
  private static final String VERTX = "Vert.x, pipelined";
  private static final String JDBC = "JDBC, 256 threads";
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
    best =
        new BestInFlight(
            IN_FLIGHT,
            quick ? 1 : 2,
            calls -> measure(Workload.ASYNC, calls).rate(),
            calls -> measure(Workload.VERTX, calls).rate());
    String program = PgbenchPeer.find();
    pgbench = program == null ? null : new PgbenchPeer(program, address, serverPid);
  }

  @Override
  public Environment.Server server() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      return Environment.Server.of(connection);
    }
  }

  @Override
  public List<Comparison> comparisons() {
    return Stream.of(
            interleaved(
                Row.rate(SINGLE, "JDBC, 1 thread", RATE).target(0.95, 1).lessCpu(0.85),
                singleConnection.calls()),
            judged(
                Row.rate(ASYNC, VERTX, RATE).target(10, 20).lessCpu(4),
                rate(Workload.ASYNC),
                rate(Workload.VERTX)),
            judged(
                Row.rate("helloAsync()" + ITS_BEST, VERTX + ITS_BEST, RATE)
                    .target(18, 30)
                    .lessCpu(5),
                best.ours(),
                best.peer()),
            judged(
                Row.rate(ASYNC, JDBC, RATE).target(30, 75).lessCpu(20),
                rate(Workload.ASYNC),
                rate(Workload.JDBC_THREADS)),
            judged(
                Row.rate(VIRTUAL, "JDBC, 256 virtual threads", RATE).target(25, 50).lessCpu(5),
                rate(Workload.VIRTUAL),
                rate(Workload.JDBC_VIRTUAL)),
            plain(
                Row.rate(VIRTUAL, JDBC, RATE), rate(Workload.VIRTUAL), rate(Workload.JDBC_THREADS)),
            judged(
                Row.rate("hello(), 256 threads", JDBC, RATE).target(4, 7).lessCpu(2),
                rate(Workload.THREADS),
                rate(Workload.JDBC_THREADS)),
            interleaved(
                Row.rate("helloAll(%,d names)".formatted(ALL_NAMES), "JDBC, one by one", RATE)
                    .target(50, 300)
                    .lessCpu(40)
                    .guarded(20),
                singleConnection.bulk(ALL_NAMES)),
            new Comparison(
                Row.plain("heap, helloEach(%,d names)".formatted(streamedNames), null, "MB")
                    .count(32, 12)
                    .guarded(64),
                CHECKED_MEANWHILE,
                () -> heap(StreamingGreeting.Way.EACH, streamedNames),
                null,
                0,
                1),
            plain(
                Row.rate(ASYNC, "R2DBC, pooled", RATE), rate(Workload.ASYNC), rate(Workload.R2DBC)),
            pgbench(
                Row.rate(SINGLE, "pgbench, 1 client", RATE),
                rate(Workload.THREADS, 1),
                Side.of(() -> pgbench().single(1))),
            pgbench(
                Row.rate(ASYNC, "pgbench, 4 clients", RATE),
                rate(Workload.ASYNC),
                Side.of(() -> pgbench().single(CONNECTIONS))),
            pgbench(
                Row.rate(ASYNC, "pgbench, 4 clients, pipelined", RATE),
                rate(Workload.ASYNC),
                Side.of(() -> pgbench().pipelined(CONNECTIONS))),
            plain(
                Row.plain("allocated, " + SINGLE, "JDBC, 1 thread", "B").guarded(2),
                allocation(Workload.THREADS, 1),
                allocation(Workload.JDBC_THREADS, 1)),
            plain(
                Row.plain("allocated, " + ASYNC, VERTX, "B").guarded(1),
                allocation(Workload.ASYNC, MANY),
                allocation(Workload.VERTX, MANY)),
            plain(
                Row.rate(ASYNC + ", 1 ms away", VERTX, RATE),
                far(Workload.ASYNC),
                far(Workload.VERTX)),
            plain(
                Row.rate("hello(), 256 threads, 1 ms away", JDBC, RATE),
                far(Workload.THREADS),
                far(Workload.JDBC_THREADS)))
        .filter(comparison -> virtual || !comparison.row().name().equals(VIRTUAL))
        .filter(comparison -> pgbench != null || !isPgbench(comparison.row()))
        .toList();
  }

  private static Comparison plain(Row row, Side ours, Side peer, int warmUps, int rounds) {
    return new Comparison(row, CHECKED_MEANWHILE, ours, peer, warmUps, rounds);
  }

  private Comparison plain(Row row, Side ours, Side peer) {
    return plain(row, ours, peer, 0, rounds);
  }

  private Comparison judged(Row row, Side ours, Side peer) {
    return plain(row, ours, peer, 1, judgedRounds);
  }

  private Comparison interleaved(Row row, InterleavedSamples samples) {
    return samples.comparison(row, CHECKED_MEANWHILE, 6, judgedRounds);
  }

  private Comparison pgbench(Row row, Side ours, Side peer) {
    return new Comparison(row, () -> pgbench().check(), ours, peer, 0, rounds);
  }

  private PgbenchPeer pgbench() {
    return Objects.requireNonNull(pgbench);
  }

  private static boolean isPgbench(Row row) {
    return row.peer() != null && row.peer().startsWith("pgbench");
  }

  private Side rate(Workload library) {
    return rate(library, MANY);
  }

  private Side rate(Workload library, int calls) {
    return Side.of(() -> measure(library, calls).rate());
  }

  private Side far(Workload library) {
    return Side.of(() -> away(library, 1).rate());
  }

  private Side allocation(Workload library, int calls) {
    return () -> measure(library, calls).bytesPerCall();
  }

  private double heap(StreamingGreeting.Way way, double names) throws Exception {
    return StreamingGreeting.heapMb(address, way, (int) names);
  }

  @Override
  public List<Sweep> sweeps() {
    return List.of(
        new Sweep(
            "calls in flight",
            "",
            List.of(1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0),
            List.of(THROUGHPUT, MEDIAN, P99, P999),
            everyone((library, calls) -> near(library, CONNECTIONS, calls, 0))),
        best.sweep("calls in flight, to choose the best", THROUGHPUT, "helloAsync()", VERTX),
        new Sweep(
            "connections",
            "256 calls in flight",
            List.of(1.0, 2.0, 4.0, 8.0, 16.0, 32.0),
            List.of(THROUGHPUT, MEDIAN, P99),
            everyone((library, connections) -> near(library, (int) connections, MANY, 0))),
        new Sweep(
            "network delay",
            "ms, 256 calls in flight",
            List.of(0.0, 0.2, 1.0, 5.0),
            List.of(THROUGHPUT, MEDIAN),
            everyone(this::away)),
        new Sweep(
            "length of the name",
            "bytes, 16 calls in flight",
            List.of(8.0, 64.0, 512.0, 4_096.0, 32_768.0, 262_144.0, 1_048_576.0),
            List.of(THROUGHPUT, MEDIAN),
            everyone((library, bytes) -> near(library, CONNECTIONS, FEW, (int) bytes))),
        new Sweep(
            "names of a call",
            "",
            List.of(1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0),
            List.of(THROUGHPUT),
            List.of(
                Track.of("helloAll()", true, names -> bulk(Workload.ALL, names)),
                new Track(
                    "JDBC, one by one",
                    false,
                    names -> names <= 1_000,
                    names -> new double[] {bulk(Workload.JDBC_LOOP, names)}))),
        new Sweep(
            "names streamed",
            "",
            Stream.of(1e3, 1e4, 1e5, 1e6).filter(names -> names <= streamedNames).toList(),
            List.of(new Metric("heap", "MB", Better.LOWER)),
            List.of(
                Track.of("helloEach()", true, names -> heap(StreamingGreeting.Way.EACH, names)),
                Track.of(
                    "helloAll(), all in memory",
                    true,
                    names -> heap(StreamingGreeting.Way.ALL, names)))));
  }

  private interface Loaded {
    Response at(Workload library, double point) throws IOException;
  }

  /** All libraries that call for one name at a time. */
  private List<Track> everyone(Loaded loaded) {
    return Stream.of(
            track("helloAsync()", Workload.ASYNC, loaded),
            track("hello(), virtual threads", Workload.VIRTUAL, loaded),
            track("hello(), threads", Workload.THREADS, loaded),
            track(VERTX, Workload.VERTX, loaded),
            track("R2DBC, pooled", Workload.R2DBC, loaded),
            track("JDBC, virtual threads", Workload.JDBC_VIRTUAL, loaded),
            track("JDBC, threads", Workload.JDBC_THREADS, loaded))
        .filter(track -> virtual || !track.name().contains("virtual"))
        .toList();
  }

  private static Track track(String name, Workload library, Loaded loaded) {
    return new Track(
        name, name.startsWith("hello"), point -> true, point -> loaded.at(library, point).all());
  }

  private double bulk(Workload library, double names) throws IOException {
    return near(library, CONNECTIONS, names, 0).thousandsPerSecond();
  }

  private Response near(Workload library, int connections, double calls, int nameBytes)
      throws IOException {
    return library(library)
        .measure(new Request(address.port(), connections, (int) calls, nameBytes, sweepMillis));
  }

  private Response away(Workload library, double delayMillis) throws IOException {
    proxy.delay(Duration.ofNanos((long) (delayMillis * 1e6)));
    return library(library).measure(new Request(proxy.port(), CONNECTIONS, MANY, 0, sweepMillis));
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
