// SPDX-License-Identifier: MIT
package io.pghello.cli.load;

import io.pghello.cli.check.Health;
import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.ExtensionFunctions.Own;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Plot;
import io.pghello.cli.output.Status;
import io.pghello.cli.system.PropertiesFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code pghello load}. */
@Command(
    name = "load",
    description = {
      "Calls pg_hello (with changing names and counts) and now_ms at a fixed rate, "
          + "independent of response times, and prints latencies. The latency of a call is "
          + "measured from its scheduled time. Stops after --time, or if the server cannot "
          + "keep up. Accesses no tables, and resets no statistics."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 if all calls succeeded, 1 if they were slower than the baseline and "
          + "--tolerance allow,",
      "  2 if calls failed or fell behind the schedule",
      "",
      "Example:",
      "  pghello load -h db.example.com -U watcher -d app --rate 2000 --time 30s "
          + "--baseline /var/lib/pghello/load"
    })
public final class LoadCommand implements Callable<Integer> {
  private static final double[] PERCENTILES = {50, 90, 95, 99, 99.9};
  private static final int BAR_WIDTH = 40;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--rate",
      paramLabel = "CALLS",
      defaultValue = "1000",
      description = "Calls per second. Default: 1000.")
  private double rate;

  @Option(
      names = "--time",
      paramLabel = "TIME",
      defaultValue = "10s",
      converter = Durations.class,
      description = "Duration of the load. Default: 10s.")
  private Duration time = Duration.ZERO;

  @Option(
      names = "--shares",
      paramLabel = "FUNCTION=NUMBER",
      split = ",",
      defaultValue = "pg_hello=9,now_ms=1",
      description = "Ratio of calls to the functions. Default: pg_hello=9,now_ms=1.")
  private Map<String, Integer> shares = Map.of();

  @Option(
      names = "--connections",
      paramLabel = "NUMBER",
      defaultValue = "4",
      description = "Number of connections. Each makes one call at a time. Default: 4.")
  private int connections;

  @Option(
      names = "--late",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Durations.class,
      description = "Stop if calls fall this far behind schedule. Default: 5s.")
  private Duration late = Duration.ZERO;

  @Option(
      names = "--baseline",
      paramLabel = "FILE",
      description = "Baseline file to compare with. Created from this run if it does not exist.")
  private @Nullable Path baseline;

  @Option(
      names = "--tolerance",
      paramLabel = "FACTOR",
      defaultValue = "1.5",
      description = "Maximum ratio of p95 and p99 to the baseline. Default: 1.5.")
  private double tolerance;

  @Mixin private Output output = new Output();

  @Override
  public Integer call() throws Exception {
    Failure.throwIf(
        !(rate > 0 && rate <= 1e6),
        "--rate must be greater than 0 and at most 1000000 calls per second");
    Failure.throwIf(
        time.isZero() || time.compareTo(Duration.ofDays(1)) > 0,
        "--time must be between 1ms and 1d");
    Failure.throwIf(
        connections < 1 || connections > 500, "--connections must be between 1 and 500");
    Failure.throwIf(late.isZero(), "--late must be greater than 0");
    Failure.throwIf(!(tolerance >= 1), "--tolerance must be at least 1");
    Failure.throwIf(
        !Set.of("pg_hello", "now_ms").containsAll(shares.keySet())
            || shares.values().stream().anyMatch(share -> share < 0 || share > 1000)
            || shares.values().stream().allMatch(share -> share == 0),
        "--shares must be numbers for pg_hello and now_ms, e.g. pg_hello=9,now_ms=1");
    Target target = connection.target();
    var findings = new Findings();
    var health = new Health(findings);
    try (Connection session = target.connect()) {
      health.checkInstallation(session);
    }
    var called = new ArrayList<Load.Called>();
    for (String function : List.of("pg_hello(text, integer)", "now_ms()")) {
      int share = shares.getOrDefault(function.substring(0, function.indexOf('(')), 0);
      Own own = health.answering(function);
      if (share > 0 && own == null) {
        List<String> wrong = findings.texts(Status.CRITICAL);
        throw Failure.unknown(
            wrong.isEmpty()
                ? "the extension has no %s, which was added in 1.1: ALTER EXTENSION pg_hello UPDATE"
                    .formatted(function)
                : String.join("; ", wrong));
      } else if (share > 0) {
        String parameters = function.startsWith("pg_hello") ? "?::text, ?::integer" : "";
        called.add(new Load.Called(Objects.requireNonNull(own), parameters, share));
      }
    }
    Properties before = before();
    var load = new Load(target, called, connections, rate, time, late);
    output.progress("%s at %.0f calls per second", target.name(), rate);
    load.run();
    Map<String, Double> values = values(load);
    Status status = load.isLate() || !load.errors().isEmpty() ? Status.CRITICAL : Status.OK;
    if (before != null) {
      status = status.or(compared(values, before));
    } else if (baseline != null && status == Status.OK) {
      store(values, baseline);
    }
    print(load, values, before, status);
    return status.exitCode();
  }

  private String turn() {
    return new TreeMap<>(shares).toString().replaceAll("[{} ]", "");
  }

  private static Map<String, Double> values(Load load) {
    Histogram latencies = load.latencies();
    var values = new LinkedHashMap<String, Double>();
    for (double percentile : PERCENTILES) {
      String name = "p" + String.valueOf(percentile).replace(".0", "");
      values.put(name, rounded(latencies.getValueAtPercentile(percentile) / 1e6));
    }
    values.put("max", rounded(latencies.getMaxValue() / 1e6));
    return values;
  }

  private static double rounded(double millis) {
    return Math.rint(millis * 1000) / 1000;
  }

  private void store(Map<String, Double> values, Path file) throws IOException {
    var properties = new Properties();
    properties.setProperty("recorded", Instant.now().toString());
    properties.setProperty("rate", String.valueOf(rate));
    properties.setProperty("connections", String.valueOf(connections));
    properties.setProperty("shares", turn());
    values.forEach((name, value) -> properties.setProperty(name, String.valueOf(value)));
    PropertiesFile.store(properties, file);
  }

  /** Returns the baseline to compare with; null if there is none yet. */
  private @Nullable Properties before() {
    if (baseline == null || !Files.exists(baseline)) {
      return null;
    }
    Properties before = PropertiesFile.load(baseline);
    for (String name : List.of("rate", "connections", "p95", "p99")) {
      Failure.throwIf(
          !before.getProperty(name, "").matches("[0-9]+(?:\\.[0-9]+)?(?:E-?[0-9]+)?"),
          "%s is not a baseline, because it has no %s: choose another file"
              .formatted(baseline, name));
    }
    Failure.throwIf(
        Double.parseDouble(before.getProperty("rate")) != rate
            || Double.parseDouble(before.getProperty("connections")) != connections
            || !turn().equals(before.getProperty("shares")),
        "the baseline was recorded with --rate %s --connections %s --shares %s; pass these options"
            .formatted(
                before.getProperty("rate"),
                before.getProperty("connections"),
                before.getProperty("shares")));
    return before;
  }

  private Status compared(Map<String, Double> values, Properties before) {
    boolean slower = false;
    for (String name : new String[] {"p95", "p99"}) {
      slower |=
          Objects.requireNonNull(values.get(name))
              > tolerance * Double.parseDouble(before.getProperty(name));
    }
    return slower ? Status.WARNING : Status.OK;
  }

  /** The result to print as JSON. */
  private record Result(
      Status status,
      long calls,
      double callsPerSecond,
      double askedPerSecond,
      boolean keptUp,
      Map<String, Integer> errors,
      Map<String, Double> milliseconds,
      @Nullable Properties baseline) {}

  private void print(
      Load load, Map<String, Double> values, @Nullable Properties before, Status status) {
    long calls = load.latencies().getTotalCount();
    output.print(
        new Result(
            status,
            calls,
            rounded(load.callsPerSecond()),
            rate,
            !load.isLate(),
            load.errors(),
            values,
            before),
        out -> {
          out.printf(
              Locale.ROOT,
              "%d calls, %.1f per second of %.1f requested%n",
              calls,
              load.callsPerSecond(),
              rate);
          if (load.isLate()) {
            out.println("Stopped: the server cannot keep up");
          }
          load.errors().forEach((error, count) -> out.printf("%d times: %s%n", count, error));
          double highest = Objects.requireNonNull(values.get("p99.9"));
          values.forEach(
              (name, value) ->
                  out.println(
                      String.format(
                              Locale.ROOT,
                              "%6s  %10.3f ms  %-10s  %s",
                              name,
                              value,
                              before == null ? "" : "(" + before.getProperty(name) + ")",
                              name.equals("max") ? "" : Plot.bar(value, highest, BAR_WIDTH))
                          .stripTrailing()));
          if (before != null) {
            out.printf(
                "The values of the baseline recorded at %s are in parentheses%s%n",
                before.getProperty("recorded"),
                status == Status.WARNING ? ". This run was slower than allowed." : "");
          }
        });
  }
}
