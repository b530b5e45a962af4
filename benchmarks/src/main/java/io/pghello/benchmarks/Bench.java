// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.ChildJvm;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Sweep;
import io.pghello.benchmarks.report.Report;
import io.pghello.benchmarks.report.TextTable;
import io.pghello.benchmarks.suites.ClientBenchmark;
import io.pghello.benchmarks.suites.ExtensionBenchmark;
import io.pghello.benchmarks.suites.HibernateBenchmark;
import io.pghello.benchmarks.suites.JooqBenchmark;
import io.pghello.benchmarks.suites.PluginBenchmark;
import io.pghello.benchmarks.suites.ServiceBenchmark;
import io.pghello.benchmarks.suites.SpringBenchmark;
import io.pghello.benchmarks.suites.StartBenchmark;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** Compares this project with other libraries. {@code ./dev bench} runs this program. */
@Command(
    name = "bench",
    description = {
      "Measures this project and a peer alternately. Shows both medians, the median",
      "of the ratios (ours to the peer's), and the quartiles of the judged figure.",
      "A row is ok if the less favourable quartile is within \"must\", and * if",
      "within \"goal\"."
    },
    customSynopsis = "./dev bench [OPTIONS] [NAME...]",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all rows were measured",
      "1:an error; with --check also if a row is a MISS or no row was judged",
      "2:the command line is wrong"
    })
public final class Bench implements Callable<Integer> {
  static final Map<String, Benchmark.Factory> BENCHMARKS = new LinkedHashMap<>();

  static {
    BENCHMARKS.put("extension", ExtensionBenchmark::new);
    BENCHMARKS.put("client", ClientBenchmark::new);
    BENCHMARKS.put("start", StartBenchmark::new);
    BENCHMARKS.put("hibernate", HibernateBenchmark::new);
    BENCHMARKS.put("jooq", JooqBenchmark::new);
    BENCHMARKS.put("spring", SpringBenchmark::new);
    BENCHMARKS.put("plugin", PluginBenchmark::new);
    BENCHMARKS.put("service", ServiceBenchmark::new);
  }

  private final CommandLine command;
  private final PrintStream out;
  private final PrintStream err;
  private final boolean progress;

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description =
          "Benchmarks to run: extension, client, start, hibernate, jooq, spring, plugin, service."
              + " Default: all.")
  private List<String> names = List.of();

  @Option(names = "--check", description = "Exit with code 1 if a row is a MISS.")
  private boolean check;

  @Option(names = "--quick", description = "Run fewer and smaller rounds; takes a few minutes.")
  private boolean quick;

  @Option(
      names = "--guard",
      description = {
        "Measure only rows that are stable on a busy machine, with wide limits (for CI).",
        "Repeats a MISS once. Implies --quick and --check."
      })
  private boolean guard;

  @Option(
      names = "--forks",
      paramLabel = "N",
      description = "Number of JVMs that measure one after the other. Default: 3; with --quick 1.")
  private @Nullable Integer forks;

  @Option(names = "--fork", hidden = true, description = "Run one fork of the benchmark NAME.")
  private @Nullable String fork;

  @Option(
      names = "--row",
      paramLabel = "TEXT",
      description = {
        "Measure only rows with this text in the name of a side, and",
        "curves with this text in the name of their axis."
      })
  private String text = "";

  // ./dev reads this option and puts the server with that major version on the class path
  @Option(
      names = "--major",
      paramLabel = "N",
      description = "PostgreSQL major version: 15, 17 (the default), 18 or 19.")
  private @Nullable Integer major;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description =
          "Write all figures to a file. Results of other benchmarks in this file are kept.")
  private @Nullable Path json;

  @Option(
      names = "--handicap",
      paramLabel = "F",
      description =
          "Do our side's work F times, to test that slow rows are reported as MISS. Default: 1.")
  private int handicap = 1;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this text.")
  @SuppressWarnings("UnusedVariable") // picocli evaluates this option
  private boolean help;

  private Bench(PrintStream out, PrintStream err, boolean progress) {
    this.out = out;
    this.err = err;
    this.progress = progress;
    command = new CommandLine(this);
  }

  /** Runs the benchmarks, and exits with the resulting exit code; see {@code --help}. */
  public static void main(String[] args) {
    var out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    var err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    // Java cannot detect whether standard error is a terminal, but ./dev can
    System.exit(run(args, out, err, System.getenv("PG_HELLO_PROGRESS") != null));
  }

  /** Runs the command with the given streams and returns the exit code. */
  public static int run(String[] args, PrintStream out, PrintStream err, boolean progress) {
    return new Bench(out, err, progress)
        .command
        .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
        .setExpandAtFiles(false)
        .setParameterExceptionHandler(
            (e, arguments) -> {
              err.println("bench: " + e.getMessage() + " (see ./dev bench --help)");
              return ExitCode.USAGE;
            })
        .setExecutionExceptionHandler(
            (e, command, result) -> {
              err.println("bench: failed:");
              e.printStackTrace(err);
              return ExitCode.SOFTWARE;
            })
        .execute(args);
  }

  @Override
  public Integer call() throws Exception {
    for (String name : names) {
      if (!BENCHMARKS.containsKey(name)) {
        throw usage(
            "no such benchmark: "
                + name
                + "; the benchmarks are "
                + String.join(", ", BENCHMARKS.keySet()));
      }
    }
    var chosen = new LinkedHashMap<>(BENCHMARKS);
    if (!names.isEmpty()) {
      chosen.keySet().retainAll(names);
    }
    if (forks != null && forks < 1) {
      throw usage("--forks must be 1 or more, but is " + forks);
    }
    if (handicap < 1) {
      throw usage("--handicap must be 1 or more, but is " + handicap);
    }
    if (fork != null) {
      ChildJvm.endWithParent();
      try (Benchmark benchmark = Objects.requireNonNull(BENCHMARKS.get(fork)).open(isShort())) {
        measure(benchmark);
      }
      return ExitCode.OK;
    }
    Environment environment = Environment.now();
    out.print(TextTable.environment(environment));
    List<Report.Section> sections = new ArrayList<>();
    int count = forks != null ? forks : isShort() ? 1 : 3;
    for (String name : chosen.keySet()) {
      String place =
          chosen.size() == 1
              ? name
              : "%s (%d of %d)".formatted(name, sections.size() + 1, chosen.size());
      var all = new ForkedRun(name, place, count, out, err, progress);
      int status = all.run(forkArguments(name));
      if (status != ExitCode.OK) {
        return status;
      }
      sections.add(all.section());
    }
    var result = new Report(environment, isShort(), guard, text, count, handicap, sections);
    if (json != null) {
      Files.writeString(
          json,
          (names.isEmpty() || !Files.exists(json)
                  ? result
                  : result.withOthersOf(Report.fromJson(Files.readString(json))))
              .toJson());
    }
    return (check || guard) && !passes(sections) ? ExitCode.SOFTWARE : ExitCode.OK;
  }

  private boolean isShort() {
    return quick || guard;
  }

  /** Returns the command-line arguments for a forked JVM, which runs one benchmark. */
  private List<String> forkArguments(String name) {
    List<String> arguments = new ArrayList<>(List.of("--fork", name));
    arguments.addAll(command.getParseResult().originalArgs());
    return arguments;
  }

  private boolean passes(List<Report.Section> sections) {
    List<Result.Verdict> verdicts =
        sections.stream()
            .flatMap(section -> section.results().stream())
            .map(Result::verdict)
            .filter(Objects::nonNull)
            .toList();
    if (verdicts.isEmpty()) {
      err.println("bench: no row was judged, so nothing was checked");
    }
    boolean measured = quick || !verdicts.contains(Result.Verdict.UNMEASURED);
    return !verdicts.isEmpty() && measured && !verdicts.contains(Result.Verdict.MISS);
  }

  /** Runs the measurements in this JVM, and sends the results to the parent JVM. */
  private void measure(Benchmark benchmark) throws Exception {
    Environment.Server server = benchmark.server();
    if (major != null && server.major() != major) {
      throw usage(
          "--major is " + major + ", but the class path has PostgreSQL " + server.version());
    }
    List<Comparison> comparisons =
        benchmark.comparisons().stream()
            .filter(c -> isChosen(c.row().name()) || isChosen(String.valueOf(c.row().peer())))
            .filter(c -> !guard || c.row().guard() != null)
            .map(c -> guard ? c.withRow(c.row().asGuard()) : c)
            .toList();
    List<Sweep> sweeps =
        guard
            ? List.of()
            : benchmark.sweeps().stream().filter(sweep -> isChosen(sweep.name())).toList();
    List<String> notRun = guard ? List.of() : benchmark.notRun();
    int steps =
        comparisons.stream().mapToInt(Comparison::steps).sum()
            + sweeps.stream().mapToInt(Sweep::steps).sum();
    List<BenchmarkRow> rows = comparisons.stream().map(Comparison::row).toList();
    send(
        "plan",
        new ForkMessage.Plan(server, rows, notRun.stream().filter(this::isChosen).toList(), steps));
    Consumer<String> progress = what -> send("step", what);
    for (Comparison comparison : comparisons) {
      send("result", comparison.measure(handicap, guard, progress));
    }
    for (Sweep sweep : sweeps) {
      send("curves", sweep.measure(progress));
    }
  }

  private boolean isChosen(String name) {
    return name.contains(text);
  }

  /** Sends the parent JVM a {@link ForkMessage} with one part. */
  private void send(String part, Object message) {
    ChildJvm.sendToParent(out, Map.of(part, message));
  }

  private ParameterException usage(String message) {
    return new ParameterException(command, message);
  }
}
