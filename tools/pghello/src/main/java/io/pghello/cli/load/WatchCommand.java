// SPDX-License-Identifier: MIT
package io.pghello.cli.load;

import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.ExtensionFunctions;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Plot;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code pghello watch}. */
@Command(
    name = "watch",
    description = {
      "Continuously shows how often functions are called, how long they take, and the "
          + "activity of sessions. On a terminal, updates the table in place and adds plots. "
          + "Otherwise, prints one table after the other. Changes nothing."
    },
    footerHeading = "%nExample:%n",
    footer = {
      "  pghello watch -h db.example.com -U watcher -d app --interval 5s",
      "",
      "Calls of C functions are counted only if track_functions is 'all'."
    })
public final class WatchCommand implements Callable<Integer> {
  private static final String FUNCTIONS =
      """
      SELECT f.oid::text, f.name, coalesce(s.calls, 0), coalesce(s.total_time, 0)
      FROM (%s) f
        LEFT JOIN pg_stat_user_functions s ON s.funcid = f.oid
      WHERE f.foreigner IS NULL
      ORDER BY 2
      """
          .formatted(ExtensionFunctions.PG_HELLO.query());

  private static final String SESSIONS =
      """
      SELECT count(*), count(*) FILTER (WHERE state = 'active'), count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
        count(*) FILTER (WHERE cardinality(pg_blocking_pids(pid)) > 0), current_setting('track_functions')
      FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
      """;

  private static final int WIDTH = 40;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--interval",
      paramLabel = "TIME",
      defaultValue = "2s",
      converter = Durations.class,
      description = "Time between samples, at least 1s. Default: 2s.")
  private Duration interval = Duration.ZERO;

  @Option(
      names = "--count",
      paramLabel = "NUMBER",
      description = "Number of samples after which to stop. Default: run until interrupted.")
  private @Nullable Integer count;

  @Mixin private Output output = new Output();

  /** The counters of a function in a sample. */
  private record Counter(String name, long calls, double millis) {}

  /** A function's total number of calls, and its call rate and mean time since the last sample. */
  private record Called(
      String function, long calls, double callsPerSecond, @Nullable Double meanUs) {}

  /** The result to print as JSON. It contains everything except plots. */
  private record Result(
      String database,
      List<Called> functions,
      long sessions,
      long active,
      long idleInTransaction,
      long waitingForLocks,
      String trackFunctions) {}

  private final Map<String, List<Double>> rates = new HashMap<>();

  @Override
  public Integer call() throws SQLException {
    if (interval.compareTo(Duration.ofSeconds(1)) < 0) {
      // Sessions report their counters only once a second.
      throw Failure.unknown("--interval must be at least 1s");
    }
    Failure.throwIf(count != null && count < 1, "--count must be at least 1");
    Target target = connection.target();
    try (Connection session = target.connect();
        PreparedStatement functions = session.prepareStatement(FUNCTIONS);
        PreparedStatement sessions = session.prepareStatement(SESSIONS)) {
      Map<String, Counter> before = read(functions);
      long beforeNanos = System.nanoTime();
      Failure.throwIf(
          before.isEmpty(),
          "pg_hello does not exist in this database; run CREATE EXTENSION pg_hello");
      for (int i = 0; count == null || i < count; i++) {
        long due = beforeNanos + interval.toNanos();
        for (long wait; (wait = due - System.nanoTime()) > 0; ) {
          LockSupport.parkNanos(wait);
        }
        Map<String, Counter> now = read(functions);
        long nanos = System.nanoTime();
        List<Called> called = called(before, now, (nanos - beforeNanos) / 1e9);
        List<String> plots =
            now.keySet().stream().map(id -> Plot.line(rates.getOrDefault(id, List.of()))).toList();
        try (ResultSet row = sessions.executeQuery()) {
          show(target.name(), called, plots, row);
        }
        before = now;
        beforeNanos = nanos;
      }
    }
    return Status.OK.exitCode();
  }

  private static Map<String, Counter> read(PreparedStatement statement) throws SQLException {
    var counters = new LinkedHashMap<String, Counter>();
    try (ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        counters.put(
            rows.getString(1), new Counter(rows.getString(2), rows.getLong(3), rows.getDouble(4)));
      }
    }
    return counters;
  }

  private List<Called> called(
      Map<String, Counter> before, Map<String, Counter> now, double seconds) {
    var rows = new ArrayList<Called>();
    now.forEach(
        (id, counter) -> {
          Counter old = before.get(id);
          // If a counter has decreased, it was reset and counts from 0 again.
          Counter from =
              old == null || old.calls() > counter.calls() || old.millis() > counter.millis()
                  ? new Counter(counter.name(), 0, 0)
                  : old;
          long calls = counter.calls() - from.calls();
          double rate = calls / seconds;
          List<Double> past = rates.computeIfAbsent(id, any -> new ArrayList<>());
          past.add(rate);
          if (past.size() > WIDTH) {
            past.remove(0);
          }
          rows.add(
              new Called(
                  counter.name(),
                  counter.calls(),
                  rounded(rate, 1),
                  calls == 0
                      ? null
                      : rounded((counter.millis() - from.millis()) * 1000 / calls, 3)));
        });
    return rows;
  }

  private static double rounded(double value, int digits) {
    double factor = Math.pow(10, digits);
    return Math.rint(value * factor) / factor;
  }

  private void show(String database, List<Called> called, List<String> plots, ResultSet now)
      throws SQLException {
    now.next();
    var result =
        new Result(
            database,
            called,
            now.getLong(1),
            now.getLong(2),
            now.getLong(3),
            now.getLong(4),
            now.getString(5));
    output.print(
        result,
        out -> {
          if (Ansi.AUTO.enabled()) {
            // Move the cursor to the upper left, and clear the screen below.
            out.print("\u001b[H\u001b[J");
          }
          Table table = Table.of(Called.class, called).with("", plots);
          out.printf(
              Locale.ROOT, "%s, every %s%n%s%n", database, Durations.inWords(interval), table);
          out.printf(
              "sessions %s, active %s, idle in transaction %s, waiting for locks %s%n%s",
              result.sessions(),
              result.active(),
              result.idleInTransaction(),
              result.waitingForLocks(),
              result.trackFunctions().equals("all")
                  ? ""
                  : "track_functions is %s here: calls of C functions are not counted\n"
                      .formatted(result.trackFunctions()));
        });
    output.flush();
  }
}
