// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static io.pghello.benchmarks.harness.Comparison.CHECKED_MEANWHILE;
import static io.pghello.benchmarks.load.Workload.ASYNC;
import static io.pghello.benchmarks.load.Workload.ASYNC_VERTX;
import static io.pghello.benchmarks.load.Workload.FUNCTION;
import static io.pghello.benchmarks.load.Workload.JDBC_THREADS;
import static io.pghello.benchmarks.load.Workload.JDBC_VIRTUAL;
import static io.pghello.benchmarks.load.Workload.R2DBC;
import static io.pghello.benchmarks.load.Workload.THREADS;
import static io.pghello.benchmarks.load.Workload.VERTX;
import static io.pghello.benchmarks.load.Workload.VIRTUAL;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.BestInFlight;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.InterleavedSamples;
import io.pghello.benchmarks.harness.Sweep;
import io.pghello.benchmarks.harness.Sweep.Metric;
import io.pghello.benchmarks.harness.Sweep.Series;
import io.pghello.benchmarks.load.LoadProcess;
import io.pghello.benchmarks.load.LoadProcess.Response;
import io.pghello.benchmarks.load.StreamingGreeting;
import io.pghello.benchmarks.load.Workload;
import io.pghello.benchmarks.peers.PgbenchPeer;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.WireProxy;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Compares the client under load with other libraries that can call SQL functions. Each library
 * runs in its own JVM, and all libraries have the same number of connections. In the comparison for
 * a single caller, our client and JDBC share one connection. Each result is verified.
 */
public final class ClientBenchmark extends ServerBenchmark {
  private static final int CONNECTIONS = 4;
  private static final int MANY = 256;
  private static final int FEW = 16;
  private static final int ALL_NAMES = 10_000;
  private static final String SINGLE = "hello(), 1 thread";
  private static final String ITS_BEST = ", its best number in flight";
  private static final String ONE_BY_ONE = "JDBC, one by one";

  // the metrics, in the order of the figures in a response
  private static final Metric THROUGHPUT =
      new Metric("throughput", "k/s", BenchmarkRow.Better.HIGHER);
  private static final Metric MEDIAN =
      new Metric("median latency", "us", BenchmarkRow.Better.LOWER);
  private static final Metric P99 = new Metric("99 % latency", "us", BenchmarkRow.Better.LOWER);
  private static final Metric P999 = new Metric("99.9 % latency", "us", BenchmarkRow.Better.LOWER);

  private final WireProxy proxy = closing(WireProxy.to(server.port()));
  private final PgbenchPeer pgbench = closing(new PgbenchPeer(address, serverPid));
  private final SingleConnectionComparison single;
  private final BestInFlight best;
  private final InterleavedSamples batched;
  private final Map<Workload, LoadProcess> libraries = new EnumMap<>(Workload.class);
  private final boolean virtual = Workload.virtualThreads() != null;
  private final int rounds;
  private final int judgedRounds;
  private final int millis;
  private final int sweepMillis;
  private final int streamedNames;

  public ClientBenchmark(boolean quick) throws IOException, SQLException {
    super(ExtensionServer.start("pg_hello"));
    rounds = quick ? 1 : 4;
    judgedRounds = quick ? 5 : 4;
    millis = quick ? 500 : 800;
    sweepMillis = quick ? 100 : 200;
    streamedNames = quick ? 1_000_000 : 10_000_000;
    single = closing(new SingleConnectionComparison(address, serverPid, quick ? 60 : 120));
    // both sides cost nearly the same, but the cost varies from second to second; therefore a round
    // has several short samples
    batched =
        new InterleavedSamples(
            BenchmarkRow.Better.HIGHER,
            InterleavedSamples.Statistic.TRIMMED_MEAN,
            quick ? 3 : 10,
            shortRate(FUNCTION),
            shortRate(ASYNC));
    best =
        new BestInFlight(
            List.of(16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192),
            quick ? 1 : 2,
            calls -> near(ASYNC, calls).rate(),
            calls -> near(VERTX, calls).rate());
  }

  @Override
  public List<Comparison> comparisons() {
    return Stream.of(
            interleaved(
                BenchmarkRow.rate(SINGLE, "JDBC, 1 thread", "k/s").target(0.97, 1).lessCpu(0.85),
                single.calls()),
            judged(rates(ASYNC, VERTX).target(8, 20).lessCpu(12), ASYNC, VERTX),
            judged(
                BenchmarkRow.rate(ASYNC.title() + ITS_BEST, VERTX.title() + ITS_BEST, "k/s")
                    .target(13, 30)
                    .lessCpu(18),
                best.ours(),
                best.peer()),
            judged(rates(ASYNC_VERTX, ASYNC), ASYNC_VERTX, ASYNC),
            batched.comparison(
                rates(FUNCTION, ASYNC).target(0.85, 1).lessCpu(0.91),
                CHECKED_MEANWHILE,
                1,
                judgedRounds),
            judged(rates(ASYNC, JDBC_THREADS).target(30, 75).lessCpu(20), ASYNC, JDBC_THREADS),
            judged(rates(VIRTUAL, JDBC_VIRTUAL).target(25, 50).lessCpu(5), VIRTUAL, JDBC_VIRTUAL),
            plain(rates(VIRTUAL, JDBC_THREADS), rate(VIRTUAL), rate(JDBC_THREADS)),
            judged(rates(THREADS, JDBC_THREADS).target(4, 7).lessCpu(4), THREADS, JDBC_THREADS),
            interleaved(
                BenchmarkRow.rate("helloAll(%,d names)".formatted(ALL_NAMES), ONE_BY_ONE, "k/s")
                    .target(50, 300)
                    .lessCpu(40)
                    .guarded(20),
                single.bulk(ALL_NAMES)),
            new Comparison(
                BenchmarkRow.plain(
                        "heap, helloEach(%,d names)".formatted(streamedNames), null, "MB")
                    .count(32, 12)
                    .guarded(64),
                CHECKED_MEANWHILE,
                () -> heap(StreamingGreeting.Way.EACH, streamedNames),
                null,
                0,
                1),
            plain(rates(ASYNC, R2DBC), rate(ASYNC), rate(R2DBC)),
            pgbench(
                BenchmarkRow.rate(SINGLE, "pgbench, 1 client", "k/s"),
                Side.of(() -> near(THREADS, 1).rate()),
                () -> pgbench.single(1)),
            pgbench(
                BenchmarkRow.rate(all(ASYNC), "pgbench, 4 clients", "k/s"),
                rate(ASYNC),
                () -> pgbench.single(CONNECTIONS)),
            pgbench(
                BenchmarkRow.rate(all(ASYNC), "pgbench, 4 clients, pipelined", "k/s"),
                rate(ASYNC),
                () -> pgbench.pipelined(CONNECTIONS)),
            plain(
                BenchmarkRow.plain("allocated, " + SINGLE, "JDBC, 1 thread", "B").guarded(2),
                () -> near(THREADS, 1).bytesPerCall(),
                () -> near(JDBC_THREADS, 1).bytesPerCall()),
            plain(
                BenchmarkRow.plain("allocated, " + all(ASYNC), all(VERTX), "B").guarded(1),
                () -> near(ASYNC, MANY).bytesPerCall(),
                () -> near(VERTX, MANY).bytesPerCall()),
            away(ASYNC, VERTX),
            away(ASYNC_VERTX, ASYNC),
            away(THREADS, JDBC_THREADS))
        .filter(comparison -> virtual || !comparison.row().name().contains("virtual"))
        .filter(comparison -> pgbench.isInstalled() || !isPgbench(comparison.row()))
        .toList();
  }

  /** Returns the title of a library with the number of callers used in most rows. */
  private static String all(Workload library) {
    return library == ASYNC || library == ASYNC_VERTX || library == FUNCTION
        ? library.title() + ", 256 in flight"
        : library.title().replaceFirst("(virtual )?threads", "256 $0");
  }

  private static BenchmarkRow rates(Workload ours, Workload peer) {
    return BenchmarkRow.rate(all(ours), all(peer), "k/s");
  }

  private Comparison plain(BenchmarkRow row, Side ours, Side peer) {
    return new Comparison(row, CHECKED_MEANWHILE, ours, peer, 0, rounds);
  }

  private Comparison judged(BenchmarkRow row, Side ours, Side peer) {
    return new Comparison(row, CHECKED_MEANWHILE, ours, peer, 1, judgedRounds);
  }

  private Comparison judged(BenchmarkRow row, Workload ours, Workload peer) {
    return judged(row, rate(ours), rate(peer));
  }

  private Comparison interleaved(BenchmarkRow row, InterleavedSamples samples) {
    return samples.comparison(row, CHECKED_MEANWHILE, 6, judgedRounds);
  }

  private Comparison pgbench(BenchmarkRow row, Side ours, Comparison.Sampler peer) {
    return new Comparison(row, pgbench::check, ours, Side.of(peer), 0, rounds);
  }

  private static boolean isPgbench(BenchmarkRow row) {
    return row.peer() != null && row.peer().startsWith("pgbench");
  }

  private Comparison away(Workload ours, Workload peer) {
    BenchmarkRow row = BenchmarkRow.rate(all(ours) + ", 1 ms away", all(peer), "k/s");
    return plain(row, Side.of(() -> away(ours, 1).rate()), Side.of(() -> away(peer, 1).rate()));
  }

  private Side rate(Workload library) {
    return Side.of(() -> near(library, MANY).rate());
  }

  /** Returns a side that measures the rate of a library in short samples. */
  private Side shortRate(Workload library) {
    return Side.of(() -> near(library, CONNECTIONS, MANY, 0).rate());
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
        best.sweep("calls in flight, to choose the best", THROUGHPUT, ASYNC.title(), VERTX.title()),
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
            "names per call",
            "",
            List.of(1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0),
            List.of(THROUGHPUT),
            List.of(
                Series.of("helloAll()", true, names -> bulk(Workload.ALL, names)),
                Series.of(ONE_BY_ONE, false, names -> bulk(Workload.JDBC_LOOP, names))
                    .upTo(1_000))),
        new Sweep(
            "names streamed",
            "",
            Stream.of(1e3, 1e4, 1e5, 1e6).filter(names -> names <= streamedNames).toList(),
            List.of(new Metric("heap", "MB", BenchmarkRow.Better.LOWER)),
            Stream.of(StreamingGreeting.Way.values())
                .map(way -> Series.of(way.title(), true, names -> heap(way, names)))
                .toList()));
  }

  private interface Loaded {
    Response at(Workload library, double point) throws IOException;
  }

  /** Returns the series of all libraries that greet one name per call. */
  private List<Series> everyone(Loaded loaded) {
    return Stream.of(ASYNC, VIRTUAL, THREADS, VERTX, R2DBC, JDBC_VIRTUAL, JDBC_THREADS)
        .filter(library -> virtual || !library.title().contains("virtual"))
        .map(
            library ->
                new Series(
                    library.title(),
                    library.title().startsWith("hello"),
                    point -> true,
                    point -> loaded.at(library, point).all()))
        .toList();
  }

  private double bulk(Workload library, double names) throws IOException {
    return near(library, CONNECTIONS, names, 0).thousandsPerSecond();
  }

  private Response near(Workload library, int calls) throws IOException {
    return measure(library, address.port(), CONNECTIONS, calls, 0, millis);
  }

  private Response near(Workload library, int connections, double calls, int nameBytes)
      throws IOException {
    return measure(library, address.port(), connections, (int) calls, nameBytes, sweepMillis);
  }

  private Response away(Workload library, double delayMillis) throws IOException {
    proxy.delay(Duration.ofNanos((long) (delayMillis * 1e6)));
    return measure(library, proxy.port(), CONNECTIONS, MANY, 0, sweepMillis);
  }

  /** Sends a request to the JVM of a library. The first request starts the JVM and warms it up. */
  private Response measure(
      Workload library, int port, int connections, int calls, int nameBytes, long time)
      throws IOException {
    LoadProcess process = libraries.get(library);
    if (process == null) {
      process = closing(new LoadProcess(library, address, CONNECTIONS, serverPid));
      libraries.put(library, process);
    }
    return process.measure(new LoadProcess.Request(port, connections, calls, nameBytes, time));
  }

  @Override
  public List<String> notRun() {
    return Stream.of(
            virtual ? "" : all(VIRTUAL) + ": not run, needs JDK 21 or newer",
            pgbench.isInstalled()
                ? ""
                : "pgbench: not run, not installed (Debian package: postgresql)")
        .filter(reason -> !reason.isEmpty())
        .toList();
  }
}
