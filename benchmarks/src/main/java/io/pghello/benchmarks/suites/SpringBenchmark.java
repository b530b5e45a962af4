// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static io.pghello.benchmarks.harness.Comparison.CHECKED_MEANWHILE;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.ChildJvm;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.FreshJvm;
import io.pghello.benchmarks.harness.InterleavedSamples;
import io.pghello.benchmarks.load.ApplicationProcess;
import io.pghello.benchmarks.load.ClientController;
import io.pghello.benchmarks.load.HttpLoad;
import io.pghello.benchmarks.load.Workload;
import io.pghello.benchmarks.peers.JdbcTemplateController;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Compares a Spring Boot application that uses the starter's client in its controller with the same
 * application using {@code JdbcTemplate}. Both use the same kind of pool and virtual threads, and
 * are called over HTTP. Each runs in its own JVM.
 */
public final class SpringBenchmark implements Benchmark {
  private static final int CONNECTIONS = 10;
  private static final int IN_FLIGHT = 256;
  private static final Duration AWAY = Duration.ofMillis(1);
  private static final String OURS = "controller with PgHelloClient, 256 virtual threads";
  private static final String PEER = "the same with JdbcTemplate";

  private final ExtensionServer server;
  private final TestDatabase database;
  private final WireProxy proxy;
  private final Address address;
  private final long serverPid;
  private final boolean virtual = Workload.virtualThreads() != null;
  private final Map<Place, ApplicationProcess> applications = new HashMap<>();
  private final int rounds;
  private final int millis;
  private final int starts;

  /** An application, with or without a proxy in front of its database. */
  private record Place(Class<?> controller, boolean away) {}

  public SpringBenchmark(boolean quick) throws SQLException {
    rounds = quick ? 2 : 4;
    millis = quick ? 500 : 800;
    starts = quick ? 2 : 4;
    server = ExtensionServer.start("pg_hello");
    database = server.createDatabase();
    proxy = WireProxy.to(server.port());
    address = Address.of(database.jdbcUrl());
    try (Connection connection = database.dataSource().getConnection()) {
      serverPid = CpuTime.serverPid(connection);
    }
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
            requests(
                BenchmarkRow.rate(OURS + ", 1 ms away", PEER, "k/s").target(2.5, 5).lessCpu(1.2),
                rate(ClientController.class, true),
                rate(JdbcTemplateController.class, true)),
            requests(
                BenchmarkRow.rate(OURS, PEER, "k/s").target(1.2, 1.8).lessCpu(1.1),
                rate(ClientController.class, false),
                rate(JdbcTemplateController.class, false)),
            requests(
                BenchmarkRow.plain("database CPU per request, 256 virtual threads", PEER, "us CPU")
                    .target(0.35, 0.1),
                work(ClientController.class),
                work(JdbcTemplateController.class)),
            new InterleavedSamples(
                    BenchmarkRow.Better.LOWER,
                    InterleavedSamples.Statistic.BEST,
                    starts,
                    () -> startCpuMillis(true),
                    () -> startCpuMillis(false))
                .comparison(
                    BenchmarkRow.plain(
                            "CPU to start a context, with the starter",
                            "without the starter",
                            "ms CPU")
                        .target(1.1, 1.02),
                    CHECKED_MEANWHILE,
                    0,
                    rounds))
        .filter(comparison -> virtual || !comparison.row().name().contains("virtual"))
        .toList();
  }

  private Comparison requests(BenchmarkRow row, Side ours, Side peer) {
    return new Comparison(row, CHECKED_MEANWHILE, ours, peer, 1, rounds);
  }

  private Side rate(Class<?> controller, boolean away) {
    return Side.of(() -> measure(new Place(controller, away)).rate());
  }

  private Side work(Class<?> controller) {
    return () -> measure(new Place(controller, false)).databaseMicros();
  }

  private HttpLoad.Response measure(Place place) throws IOException, InterruptedException {
    ApplicationProcess application = applications.get(place);
    if (application == null) {
      Address where = place.away ? address.via(proxy.host(), proxy.port()) : address;
      application =
          new ApplicationProcess(
              place.controller,
              place.controller == ClientController.class,
              where,
              CONNECTIONS,
              IN_FLIGHT,
              ChildJvm.measuring());
      applications.put(place, application);
      // warm up without the delay, because with a remote database this would take too long
      proxy.delay(Duration.ZERO);
      application.requests().warmUp();
      proxy.delay(AWAY);
    }
    return application.requests().measure(serverPid, millis);
  }

  private double startCpuMillis(boolean starter) throws IOException {
    try (var application =
        new ApplicationProcess(
            JdbcTemplateController.class,
            starter,
            address,
            CONNECTIONS,
            IN_FLIGHT,
            FreshJvm.startFast())) {
      return application.startCpuMillis();
    }
  }

  @Override
  public List<String> notRun() {
    return virtual ? List.of() : List.of(OURS + ": not run, needs JDK 21 or newer");
  }

  @Override
  public void close() throws IOException, SQLException {
    for (ApplicationProcess application : applications.values()) {
      application.close();
    }
    try (server;
        database;
        proxy) {
      // close the resources in reverse order
    }
  }
}
