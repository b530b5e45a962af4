// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Json;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Printable;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pghello logs}. */
@Command(
    name = "logs",
    description = {
      "Finds in a server's log what concerns the extension: its errors by SQLSTATE and message, missing privileges,",
      "functions and files. What users have written into a statement or a value does not count. Needs no connection.",
      "JSON is a line for each, and a last one that sums up."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 if there is nothing, 1 if programs use the extension wrong, 2 if the extension is missing or broken,",
      "  3 if a file cannot be read, or has messages that are not understood, as those of another language",
      "",
      "Example:",
      "  pghello logs --summary /var/log/postgresql/postgresql-15-main.log",
      "  tail -n 0 -F /var/log/postgresql/postgresql-15-main.log | pghello logs -"
    })
public final class LogsCommand implements Callable<Integer> {
  private static final Path STANDARD_INPUT = Path.of("-");

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description =
          "Logs, also such that are compressed (.gz), and folders of logs (.log, .csv, .json); - is standard input.")
  private List<Path> paths = List.of();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "stderr, csv or json. Default: what the log looks like.")
  private @Nullable LogFormat format;

  @Option(names = "--summary", description = "Print how many there are, and not each of them.")
  private boolean summary;

  @Mixin private Output output = new Output();

  /** A message of the log. */
  private record Found(
      LogEvent event,
      Status status,
      @Nullable String sqlstate,
      String severity,
      String prefix,
      String message) {}

  /** Number of messages of an event. */
  private record Count(Status status, LogEvent event, int count, String remedy) {}

  /** The last line of JSON. */
  private record Summary(Status status, List<Count> events, long notUnderstood) {}

  private final Map<LogEvent, Integer> counts = new EnumMap<>(LogEvent.class);
  private boolean unread;
  private boolean withoutState;
  private long notUnderstood;

  @Override
  public Integer call() {
    for (Path path : paths) {
      attempt(path, this::readAll);
    }
    Status status =
        counts.keySet().stream()
            .map(LogEvent::status)
            .reduce(notUnderstood == 0 && !unread ? Status.OK : Status.UNKNOWN, Status::or);
    end(status);
    return status.exitCode();
  }

  /** Reads a path. */
  private interface Reading {
    void of(Path path) throws IOException;
  }

  /** Names what cannot be read, and lets the others be read. */
  private void attempt(Path path, Reading reading) {
    try {
      reading.of(path);
    } catch (IOException e) {
      unread = true;
      output.say("%s cannot be read: %s", path.toString(), Failure.reason(e));
    }
  }

  private void readAll(Path path) throws IOException {
    for (Path file : Files.isDirectory(path) ? logs(path) : List.of(path)) {
      attempt(file, this::read);
    }
  }

  private static List<Path> logs(Path folder) throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      List<Path> files =
          paths
              .filter(
                  file ->
                      file.getFileName()
                          .toString()
                          .matches(".*\\.(log|csv|json)(\\.[0-9]+)?(\\.gz)?"))
              .sorted(
                  Comparator.comparingLong((Path file) -> file.toFile().lastModified())
                      .thenComparing(file -> file))
              .toList();
      if (files.isEmpty()) {
        throw new IOException("it has no logs: name the folder or the files that have them");
      }
      return files;
    }
  }

  private void read(Path file) throws IOException {
    var scanner = new LogScanner(format, this::found);
    InputStream raw = file.equals(STANDARD_INPUT) ? System.in : Files.newInputStream(file);
    try (InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
      scanner.read(in);
    } finally {
      raw.close();
    }
    notUnderstood += scanner.end();
  }

  private void found(LogEvent event, @Nullable String state, LogFormat.Entry entry) {
    counts.merge(event, 1, Integer::sum);
    withoutState |= state == null;
    if (summary) {
      return;
    }
    var found =
        new Found(
            event,
            event.status(),
            state,
            entry.severity(),
            decoded(entry.prefix()).strip(),
            decoded(entry.message()));
    if (output.isJson()) {
      output.out().println(Json.line(found));
    } else {
      String code = entry.state() == null ? "" : entry.state() + " ";
      String line = found.prefix() + " " + code + entry.severity() + ": " + found.message();
      output.out().println(event.status().coloured() + " " + Printable.line(line));
    }
    output.flush();
  }

  private static String decoded(String bytes) {
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  private void end(Status status) {
    var events = new ArrayList<Count>();
    counts.forEach(
        (event, count) -> events.add(new Count(event.status(), event, count, event.remedy())));
    PrintWriter out = output.out();
    if (output.isJson()) {
      out.println(Json.line(new Summary(status, events, notUnderstood)));
    } else if (!events.isEmpty()) {
      out.println((summary ? "" : System.lineSeparator()) + Table.of(Count.class, events));
    } else if (notUnderstood == 0 && !unread) {
      out.println("Nothing of the extension");
    }
    if (notUnderstood > 0) {
      output.say(
          "%d messages are not understood: have the server write English (lc_messages = 'C'), or name the --format",
          notUnderstood);
    }
    if (withoutState) {
      output.say(
          "The lines have no SQLSTATE, so messages alone decide: add %%e to log_line_prefix");
    }
    out.flush();
  }
}
