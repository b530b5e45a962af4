// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.partitioningBy;

import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Json;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import io.pghello.cli.output.TerminalText;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.PushbackInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code pghello logs}. */
@Command(
    name = "logs",
    description = {
      "Finds messages about the extension in a server's log: errors (by SQLSTATE and "
          + "message), missing privileges, functions and files. Text inside statements and "
          + "values is ignored. Needs no connection. Works best with log_destination = "
          + "'jsonlog' or 'csvlog'. In stderr logs, user and database names in "
          + "log_line_prefix can imitate a message; such lines count as not understood. "
          + "With --summary, the first line follows the monitoring plugin format. JSON "
          + "output has one line for each message, and a summary at the end."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 if no messages were found, 1 if programs use the extension incorrectly, 2 "
          + "if the extension is missing or broken,",
      "  3 if a file cannot be read, or contains messages that are not understood, "
          + "e.g. in another language",
      "",
      "Example:",
      "  pghello logs --summary /var/log/postgresql/postgresql-15-main.log",
      "  tail -n 0 -F /var/log/postgresql/postgresql-15-main.log | pghello logs -",
      "  docker compose logs --no-log-prefix db | pghello logs -"
    })
public final class LogsCommand implements Callable<Integer> {
  private static final Path STANDARD_INPUT = Path.of("-");

  // Includes logs rotated by logrotate (a.log.1.gz, a.log-20261124) and by RDS
  // (a.log.2026-11-24-10).
  private static final Pattern LOG = Pattern.compile("(?s).*\\.(?:log|csv|json)(?:[.-].*)?");

  // Programs that decompress a file, by the first bytes of the file.
  private static final Map<String, String> DECOMPRESSORS =
      Map.of(
          "28b52ffd",
          "zstdcat",
          "fd377a585a00",
          "xzcat",
          "425a68",
          "bzcat",
          "04224d18",
          "lz4cat",
          "504b0304",
          "unzip -p");
  private static final int MAGIC_BYTES = 6;

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description =
          "Log files (plain or .gz), or directories of log files. Use - for standard "
              + "input. In a directory, files with .log, .csv or .json in their names are "
              + "read, e.g. a.log.1 and a.log-20261124. The names of all other files are "
              + "printed.")
  private List<Path> paths = List.of();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "Log format: stderr, csv or json. Default: detected from the first line.")
  private @Nullable LogFormat format;

  @Option(names = "--summary", description = "Print totals only.")
  private boolean summary;

  @Mixin private Output output = new Output();

  /** A message found in the log. */
  private record Found(
      LogEvent event,
      Status status,
      @Nullable String sqlstate,
      String severity,
      String prefix,
      String message) {}

  /** The number of messages that report an event, with the fix. */
  private record Count(Status status, LogEvent event, int count, String remedy) {}

  /** The last line of the JSON output. */
  private record Summary(Status status, List<Count> events, long notUnderstood, int notRead) {}

  /** The number of messages in a file that are not understood for the same reason. */
  private record Doubt(Path file, NotUnderstood reason, long count) {}

  private final Map<LogEvent, Integer> counts = new EnumMap<>(LogEvent.class);
  private final List<Doubt> doubts = new ArrayList<>();
  private int unread;
  private boolean withoutState;

  @Override
  public Integer call() {
    for (Path path : paths) {
      attempt(path, this::readAll);
    }
    Status status =
        counts.keySet().stream()
            .map(LogEvent::status)
            .reduce(doubts.isEmpty() && unread == 0 ? Status.OK : Status.UNKNOWN, Status::or);
    end(status);
    return status.exitCode();
  }

  /** Reads a path. */
  private interface Reading {
    void of(Path path) throws IOException;
  }

  /** Reads a path. If the path cannot be read, reports the error and continues. */
  private void attempt(Path path, Reading reading) {
    try {
      reading.of(path);
    } catch (IOException e) {
      unread++;
      output.message("%s cannot be read: %s", path.toString(), Failure.reason(e));
    } catch (UncheckedIOException e) {
      unread++;
      output.message(
          "%s cannot be read: %s",
          path.toString(), Failure.reason(Objects.requireNonNull(e.getCause())));
    }
  }

  private void readAll(Path path) throws IOException {
    for (Path file : Files.isDirectory(path) ? logs(path) : List.of(path)) {
      attempt(file, this::read);
    }
  }

  private List<Path> logs(Path folder) throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      Map<Boolean, List<Path>> named =
          paths
              .filter(file -> !file.getFileName().toString().startsWith("."))
              .sorted(
                  Comparator.comparingLong((Path file) -> file.toFile().lastModified())
                      .thenComparing(file -> file))
              .collect(
                  partitioningBy(
                      file ->
                          LOG.matcher(file.getFileName().toString()).matches()
                              && !Files.isDirectory(file)));
      List<Path> files = Objects.requireNonNull(named.get(true));
      if (files.isEmpty()) {
        throw new IOException(
            "this directory has no files with .log, .csv or .json in their names: "
                + "pass the logs by name");
      }
      List<Path> others = Objects.requireNonNull(named.get(false));
      if (!others.isEmpty()) {
        unread += others.size();
        output.message(
            "Some files were not read, because their names do not contain .log, .csv or "
                + ".json; pass them by name if they are logs: %s",
            others.stream().map(Path::toString).collect(joining(", ")));
      }
      return files;
    }
  }

  private void read(Path file) throws IOException {
    var scanner = new LogScanner(format, this::found);
    InputStream raw = file.equals(STANDARD_INPUT) ? System.in : Files.newInputStream(file);
    try (InputStream in = decompressed(raw, file)) {
      scanner.read(in);
    } finally {
      raw.close();
    }
    scanner.end().forEach((reason, count) -> doubts.add(new Doubt(file, reason, count)));
  }

  private static InputStream decompressed(InputStream raw, Path file) throws IOException {
    byte[] beginning = raw.readNBytes(MAGIC_BYTES);
    var in = new PushbackInputStream(raw, MAGIC_BYTES);
    in.unread(beginning);
    String hex = HexFormat.of().formatHex(beginning);
    for (Map.Entry<String, String> program : DECOMPRESSORS.entrySet()) {
      if (hex.startsWith(program.getKey())) {
        throw new IOException(
            "the file is compressed: use %s %s | pghello logs -"
                .formatted(program.getValue(), file));
      }
    }
    return hex.startsWith("1f8b") || file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in;
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
      output.out().println(event.status().coloured() + " " + TerminalText.line(line));
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
    long notUnderstood = doubts.stream().mapToLong(Doubt::count).sum();
    String line = line(status, notUnderstood);
    PrintWriter out = output.out();
    if (output.isJson()) {
      out.println(Json.line(new Summary(status, events, notUnderstood, unread)));
    } else if (summary) {
      out.println(line);
      out.print(events.isEmpty() ? "" : Table.of(Count.class, events) + System.lineSeparator());
    } else {
      String table = System.lineSeparator() + Table.of(Count.class, events);
      out.print(events.isEmpty() ? "" : table + System.lineSeparator() + System.lineSeparator());
      out.println(line);
    }
    for (Doubt doubt : doubts) {
      output.message(
          "%s: %d %s not understood: %s",
          doubt.file().toString(),
          doubt.count(),
          doubt.count() == 1 ? "message is" : "messages are",
          doubt.reason().remedy());
    }
    if (withoutState) {
      output.message(
          "The lines have no SQLSTATE, so events were matched by message only: add "
              + "%%e to log_line_prefix");
    }
    out.flush();
  }

  /** Returns the summary line, in the monitoring plugin format. */
  private String line(Status status, long notUnderstood) {
    int found = counts.values().stream().mapToInt(Integer::intValue).sum();
    var line = new StringBuilder(status.name()).append(" - ");
    line.append(found == 0 ? "no" : found);
    line.append(found == 1 ? " message" : " messages").append(" about the extension");
    if (notUnderstood > 0) {
      line.append(", ").append(notUnderstood).append(" not understood");
    }
    if (unread > 0) {
      line.append(", ").append(unread).append(unread == 1 ? " file" : " files").append(" not read");
    }
    return line.toString();
  }
}
