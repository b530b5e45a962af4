// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static io.pghello.benchmarks.harness.Comparison.CHECKED_MEANWHILE;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.load.Requests;
import io.pghello.benchmarks.load.ServiceProcess;
import io.pghello.benchmarks.peers.GuidePrograms;
import io.pghello.benchmarks.peers.JdbcTemplateTwin;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import io.pghello.testkit.WireProxy;
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
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.jspecify.annotations.Nullable;

/**
 * The greeting service beside the same with {@code JdbcTemplate}, and beside the programs of the
 * integration guide, each as a process of its own that is asked over HTTP.
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
  private static final Duration AWAY = Duration.ofMillis(1);
  private static final int AOT_CACHE_SINCE = 25;
  private static final int TRAINING_SECONDS = 300;
  private static final String TWIN_NAME = "the same service with JdbcTemplate";
  private static final String AOT_ROW = "CPU until the service's first answer, AOT cache";

  private final PgHelloServer server;
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
  private @Nullable String jars;

  private enum Program {
    SERVICE,
    TWIN,
    EXPRESS,
    MICROSERVICE,
    FLASK
  }

  /** Which program, and whether its database is behind the proxy. */
  private record Place(Program program, boolean away) {}

  public ServiceBenchmark(boolean quick) throws SQLException, IOException {
    rounds = quick ? 2 : 4;
    millis = quick ? 500 : 1_500;
    // those that are there: where a run is interrupted, nobody closes this
    FileUtils.forceDeleteOnExit(folder.toFile());
    server = PgHelloServer.start();
    database = server.createDatabase();
    proxy = WireProxy.to(server);
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
    String ours = "greeting service, requests a CPU second, 256 in flight";
    return Stream.of(
            requests(Row.rate(ours, TWIN_NAME, "k/CPU s").target(1.3, 2), Program.TWIN),
            requests(
                Row.rate(ours, "the guide's Express program", "k/CPU s").target(3, 6),
                Program.EXPRESS),
            requests(
                Row.rate(ours, "the guide's Flask program, 2 workers", "k/CPU s").target(6, 15),
                Program.FLASK),
            new Comparison(
                Row.rate("greeting service, 1,000 names", "the guide's microservice", "k/s")
                    .target(30, 100),
                this::warmUpBatches,
                batches(Program.SERVICE),
                batches(Program.MICROSERVICE),
                1,
                rounds),
            new Comparison(
                Row.plain(
                        "p99 of the greeting service, 80% of the peer's capacity, 1 ms away",
                        TWIN_NAME, "ms")
                    .target(0.8, 0.3),
                this::findCapacity,
                p99(Program.SERVICE),
                p99(Program.TWIN),
                1,
                rounds),
            new Comparison(
                Row.plain(AOT_ROW, "without the AOT cache", "ms CPU").target(0.5, 0.3),
                this::trainAotCache,
                () -> startCpuMillis(true),
                () -> startCpuMillis(false),
                0,
                rounds))
        .filter(comparison -> aot || !comparison.row().name().equals(AOT_ROW))
        .toList();
  }

  private Comparison requests(Row row, Program peer) {
    return new Comparison(
        row, CHECKED_MEANWHILE, requests(Program.SERVICE), requests(peer), 1, rounds);
  }

  /** In thousands of requests for each second of CPU time. */
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
    return () ->
        // long enough that no single pause of either side is the 99th part of it
        at(program, true).requests(IN_FLIGHT).p99Millis(capacity * PART_OF_CAPACITY, 4L * millis);
  }

  /** Finds what the twin can do when it is as warm as it gets, as ours is then. */
  private void findCapacity() throws Exception {
    at(Program.SERVICE, true).requests(IN_FLIGHT).warmUp();
    Requests twin = at(Program.TWIN, true).requests(IN_FLIGHT);
    twin.warmUp();
    capacity = 1e3 * twin.measure(serverPid, 2L * millis).rate().figure();
  }

  private ServiceProcess at(Program program, boolean away) throws Exception {
    var place = new Place(program, away);
    ServiceProcess process = programs.get(place);
    if (process == null) {
      process = start(place);
      programs.put(place, process);
      if (program != Program.MICROSERVICE) {
        // from afar it would take too long
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
    Map<String, String> all = new HashMap<>(variables);
    all.put("GREETING_RATE_LIMIT_ENABLED", "false");
    all.put("LOGGING_LEVEL_ROOT", "warn");
    // the first requests wait until the program is warm
    all.put("SPRING_DATASOURCE_HIKARI_CONNECTIONTIMEOUT", MOST_MILLIS);
    all.put("PGHELLO_CALLTIMEOUT", MOST_MILLIS + "ms");
    all.put("SERVER_ADDRESS", "127.0.0.1");
    // a connection is for as many requests as there are
    all.put("SERVER_TOMCAT_MAX_KEEP_ALIVE_REQUESTS", "-1");
    return new ServiceProcess(command, all, GREETING);
  }

  /** Returns the class path of the service, which has other libraries than this program. */
  private static String classPath() {
    return Objects.requireNonNull(
        System.getProperty("pghello.bench.service"),
        "the class path of the service is not known; run ./dev bench");
  }

  /** Returns where the classes of this program are. */
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
    return java(List.of(), classPath, arguments);
  }

  private static List<String> java(List<String> options, String classPath, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", classPath));
    command.addAll(List.of(arguments));
    return command;
  }

  private Path aotCache() {
    return folder.resolve("service.aot");
  }

  /** Lets a start of the service tell what the next ones will need. */
  private void trainAotCache() throws IOException, InterruptedException {
    if (jars != null) {
      return;
    }
    jars = jars();
    List<String> training =
        java(
            List.of("-XX:AOTCacheOutput=" + aotCache(), "-Dspring.context.exit=onRefresh"),
            jars,
            MAIN);
    GuidePrograms.run(training, ServiceProcess.variables(address), TRAINING_SECONDS);
  }

  /** Returns the class path with jars in place of folders, which an AOT cache does not take. */
  private String jars() throws IOException {
    ToolProvider jar = ToolProvider.findFirst("jar").orElseThrow();
    List<String> parts = new ArrayList<>();
    for (String part : classPath().split(File.pathSeparator, -1)) {
      if (Files.isDirectory(Path.of(part))) {
        String file = folder.resolve(parts.size() + ".jar").toString();
        if (jar.run(System.out, System.err, "-c", "-f", file, "-C", part, ".") != 0) {
          throw new IOException("no jar of " + part);
        }
        parts.add(file);
      } else {
        parts.add(part);
      }
    }
    return String.join(File.pathSeparator, parts);
  }

  private double startCpuMillis(boolean cached) throws IOException, InterruptedException {
    List<String> options = cached ? List.of("-XX:AOTCache=" + aotCache()) : List.of();
    try (ServiceProcess service =
        service(
            ServiceProcess.variables(address), java(options, Objects.requireNonNull(jars), MAIN))) {
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
      // in this order, backwards
    }
  }
}
