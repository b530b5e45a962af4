// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static io.pghello.benchmarks.harness.Comparison.CHECKED_MEANWHILE;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.InterleavedSamples;
import io.pghello.benchmarks.harness.InterleavedSamples.Statistic;
import io.pghello.benchmarks.load.HttpLoad;
import io.pghello.benchmarks.load.ServiceProcess;
import io.pghello.benchmarks.peers.GuidePrograms;
import io.pghello.benchmarks.peers.JdbcTemplateTwin;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;

/**
 * Compares the greeting service with a variant that uses {@code JdbcTemplate}, and with the
 * programs from the integration guide. Each program is a separate process that is called over HTTP.
 */
public final class ServiceBenchmark implements Benchmark {
  private static final String MAIN = "io.pghello.examples.service.GreetingServiceApplication";
  private static final String GREETING = "/api/greeting/Ada";
  private static final String HEALTH = "/health";
  private static final int IN_FLIGHT = 256;
  private static final int NAMES = 1_000;
  private static final int FAR_CONNECTIONS = 10;
  private static final String MOST_MILLIS = "60000";
  private static final double PART_OF_CAPACITY = 0.8;
  private static final int PAIRS = 5;
  private static final Duration AWAY = Duration.ofMillis(1);
  private static final int AOT_CACHE_SINCE = 25;
  private static final int TRAINING_SECONDS = 300;
  private static final String TWIN_NAME = "the same service with JdbcTemplate";
  private static final String AOT_ROW = "CPU until the service's first answer, with the AOT cache";

  private final ExtensionServer server;
  private final TestDatabase database;
  private final WireProxy proxy;
  private final Address address;
  private final long serverPid;
  private final Path folder = Files.createTempDirectory("bench-service");
  private final Map<Place, ServiceProcess> programs = new HashMap<>();
  private final boolean aot = Runtime.version().feature() >= AOT_CACHE_SINCE;
  private final int rounds;
  private final int millis;
  private double capacity;
  private int p99Samples;

  private enum Program {
    SERVICE,
    TWIN,
    EXPRESS,
    MICROSERVICE,
    FLASK
  }

  /** A program, with or without a proxy in front of its database. */
  private record Place(Program program, boolean away) {}

  public ServiceBenchmark(boolean quick) throws SQLException, IOException {
    rounds = quick ? 2 : 4;
    millis = quick ? 500 : 1_500;
    // if a run is interrupted, this object is not closed, so delete its files when the JVM exits
    FileUtils.forceDeleteOnExit(folder.toFile());
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
    String ours = "greeting service, requests per CPU second, 256 in flight";
    return Stream.of(
            requests(BenchmarkRow.rate(ours, TWIN_NAME, "k/CPU s").target(1.1, 2), Program.TWIN),
            requests(
                BenchmarkRow.rate(ours, "the guide's Express program", "k/CPU s").target(2.5, 6),
                Program.EXPRESS),
            requests(
                BenchmarkRow.rate(ours, "the guide's Flask program, 2 workers", "k/CPU s")
                    .target(6, 15),
                Program.FLASK),
            new Comparison(
                BenchmarkRow.rate(
                        "greeting service, 1,000 names", "the guide's microservice", "k/s")
                    .target(30, 100),
                this::warmUpBatches,
                batches(Program.SERVICE),
                batches(Program.MICROSERVICE),
                1,
                rounds),
            new InterleavedSamples(
                    BenchmarkRow.Better.LOWER,
                    Statistic.MEDIAN,
                    PAIRS,
                    p99(Program.SERVICE),
                    p99(Program.TWIN))
                .comparison(
                    BenchmarkRow.plain(
                            "p99 of the greeting service, 80% of the alternative's capacity, 1 ms away",
                            TWIN_NAME, "ms")
                        .target(0.8, 0.3),
                    this::warmUpAway,
                    1,
                    rounds),
            new Comparison(
                BenchmarkRow.plain(AOT_ROW, "without the AOT cache", "ms CPU").target(0.55, 0.3),
                this::trainAotCache,
                () -> startCpuMillis(true),
                () -> startCpuMillis(false),
                0,
                rounds))
        .filter(comparison -> aot || !comparison.row().name().equals(AOT_ROW))
        .toList();
  }

  private Comparison requests(BenchmarkRow row, Program peer) {
    return new Comparison(
        row, CHECKED_MEANWHILE, requests(Program.SERVICE), requests(peer), 1, rounds);
  }

  /** Returns a side that measures thousands of requests per second of CPU time. */
  private Side requests(Program program) {
    return () ->
        1e3 / at(program, false).requests(IN_FLIGHT).measure(serverPid, millis).rate().cpuMicros();
  }

  private void warmUpBatches() throws Exception {
    for (Program program : List.of(Program.SERVICE, Program.MICROSERVICE)) {
      at(program, false).warmUpBatches(NAMES, serverPid);
    }
  }

  private Side batches(Program program) {
    return Side.of(() -> at(program, false).batches(NAMES, serverPid, millis));
  }

  private Side p99(Program program) {
    return () -> {
      if (p99Samples++ % 2 == 0) {
        // measure the twin's throughput again, because on a shared machine, 80 % of an older figure
        // may be enough to saturate the twin
        HttpLoad twin = at(Program.TWIN, true).requests(IN_FLIGHT);
        capacity = 1e3 * twin.measure(serverPid, millis).rate().figure();
      }
      return at(program, true).requests(IN_FLIGHT).p99Millis(capacity * PART_OF_CAPACITY, millis);
    };
  }

  private void warmUpAway() throws Exception {
    at(Program.SERVICE, true).requests(IN_FLIGHT).warmUp();
    at(Program.TWIN, true).requests(IN_FLIGHT).warmUp();
  }

  private ServiceProcess at(Program program, boolean away) throws Exception {
    var place = new Place(program, away);
    ServiceProcess process = programs.get(place);
    if (process == null) {
      process = start(place);
      programs.put(place, process);
      if (program != Program.MICROSERVICE) {
        // warm up without the delay, because with a remote database this would take too long
        proxy.delay(Duration.ZERO);
        process.requests(IN_FLIGHT).warmUpWholly(serverPid);
        proxy.delay(AWAY);
      }
    }
    return process;
  }

  private ServiceProcess start(Place place) throws IOException, InterruptedException {
    Map<String, String> variables =
        new HashMap<>(
            ServiceProcess.variables(
                place.away ? address.via(proxy.host(), proxy.port()) : address));
    if (place.away) {
      variables.put("SPRING_DATASOURCE_HIKARI_MAXIMUMPOOLSIZE", Integer.toString(FAR_CONNECTIONS));
    }
    return switch (place.program) {
      case SERVICE -> service(variables, java(classPath(), MAIN));
      case TWIN ->
          service(
              variables,
              java(
                  classPath() + File.pathSeparator + own(),
                  JdbcTemplateTwin.class.getName(),
                  MAIN));
      case EXPRESS ->
          new ServiceProcess(GuidePrograms.node(folder, "express.js"), variables, GREETING);
      case MICROSERVICE ->
          new ServiceProcess(GuidePrograms.node(folder, "microservice.js"), variables, HEALTH);
      case FLASK ->
          new ServiceProcess(GuidePrograms.gunicorn(folder, "flask_app"), variables, GREETING);
    };
  }

  private static ServiceProcess service(Map<String, String> variables, List<String> command)
      throws IOException, InterruptedException {
    return new ServiceProcess(command, settings(variables), GREETING);
  }

  private static Map<String, String> settings(Map<String, String> variables) {
    Map<String, String> all = new HashMap<>(variables);
    all.put("GREETING_RATE_LIMIT_ENABLED", "false");
    all.put("LOGGING_LEVEL_ROOT", "warn");
    // the first requests may wait a long time for a connection, because the program is not warmed
    // up yet
    all.put("SPRING_DATASOURCE_HIKARI_CONNECTIONTIMEOUT", MOST_MILLIS);
    all.put("PGHELLO_CALLTIMEOUT", MOST_MILLIS + "ms");
    all.put("SERVER_ADDRESS", "127.0.0.1");
    // the server keeps connections open for any number of requests
    all.put("SERVER_TOMCAT_MAX_KEEP_ALIVE_REQUESTS", "-1");
    return all;
  }

  /**
   * Returns the class path of the service. The libraries of the service differ from the libraries
   * of this program.
   */
  private static String classPath() {
    return given("pg-hello.bench.service");
  }

  private static String given(String property) {
    return Objects.requireNonNull(
        System.getProperty(property), property + " is not set; run ./dev bench");
  }

  /** Returns the location of this program's classes. */
  private static String own() throws IOException {
    try {
      return Path.of(
              ServiceBenchmark.class.getProtectionDomain().getCodeSource().getLocation().toURI())
          .toString();
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }

  private static List<String> java(String classPath, String... arguments) {
    List<String> command = new ArrayList<>(List.of(bin("java"), "-cp", classPath));
    command.addAll(List.of(arguments));
    return command;
  }

  private static String bin(String program) {
    return Path.of(System.getProperty("java.home"), "bin", program).toString();
  }

  private String application() {
    return folder.resolve("app").toString();
  }

  private List<String> inApplication(List<String> command) {
    return Stream.concat(Stream.of("env", "-C", application()), command.stream()).toList();
  }

  private Path aotCache() {
    return folder.resolve("app.aot");
  }

  /**
   * Extracts the service's application in the same way as in its container image, and creates the
   * AOT cache with a training run.
   */
  private void trainAotCache() throws IOException {
    if (Files.exists(aotCache())) {
      return;
    }
    Path jar = folder.resolve("app.jar");
    Files.copy(Path.of(given("pg-hello.bench.application")), jar);
    Map<String, String> settings = settings(ServiceProcess.variables(address));
    // 0 selects a free port
    settings.put("SERVER_PORT", "0");
    settings.put("PATH", bin("") + File.pathSeparator + System.getenv("PATH"));
    GuidePrograms.run(
        List.of(
            bin("java"),
            "-Djarmode=tools",
            "-jar",
            jar.toString(),
            "extract",
            "--destination",
            application()),
        settings,
        TRAINING_SECONDS);
    GuidePrograms.run(
        inApplication(List.of(given("pg-hello.bench.training"), aotCache().toString())),
        settings,
        TRAINING_SECONDS);
  }

  private double startCpuMillis(boolean cached) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(bin("java"), "-XX:MaxRAMPercentage=50"));
    if (cached) {
      // with these options, the service fails to start if the cache cannot be used
      command.addAll(List.of("-XX:AOTCache=" + aotCache(), "-XX:AOTMode=on"));
    }
    command.addAll(List.of("-jar", "app.jar"));
    try (ServiceProcess service =
        service(ServiceProcess.variables(address), inApplication(command))) {
      return service.startCpuMillis();
    }
  }

  @Override
  public List<String> notRun() {
    return aot ? List.of() : List.of(AOT_ROW + ": not run, needs JDK 25 or newer");
  }

  @Override
  public void close() throws IOException, SQLException {
    for (ServiceProcess program : programs.values()) {
      program.close();
    }
    FileUtils.deleteDirectory(folder.toFile());
    try (server;
        database;
        proxy) {
      // close the resources in reverse order
    }
  }
}
