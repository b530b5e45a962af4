// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import io.pghello.cli.output.Durations;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Json;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pghello logs}. */
@Command(
    name = "logs",
    description = {
      "Finds in a server's log what concerns the extension: its errors by SQLSTATE and message, missing privileges,",
      "functions and files. What users have written into a statement or a value does not count. Needs no connection."
    },
    sortOptions = false,
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 if there is nothing, 1 if programs use the extension wrong, 2 if the extension is missing or broken,",
      "  3 if a file cannot be read",
      "",
      "Example:",
      "  pghello logs --follow /var/log/postgresql/postgresql-15-main.log"
    })
public final class LogsCommand implements Callable<Integer> {
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** The forms of a log by name. */
  enum Form {
    STDERR,
    CSV,
    JSON
  }

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description =
          "Logs, also such that are compressed (.gz), and folders of logs (.log, .csv, .json).")
  private List<Path> paths = List.of();

  @Option(
      names = "--follow",
      description =
          "Go on with what is written to it from now on, also when it is rotated: to the same name, or in a folder to a"
              + " new one. In a folder several servers may write. For one file or folder.")
  private boolean follow;

  @Option(
      names = "--for",
      paramLabel = "TIME",
      converter = Durations.class,
      description = "Follow for so long, as in 5m. Default: until the program is told to end.")
  private @Nullable Duration time;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "stderr, csv or json. Default: what the log looks like.")
  private @Nullable Form form;

  @Option(names = "--summary", description = "Print how many there are, and not each of them.")
  private boolean summary;

  @Option(
      names = "--json",
      description = "Print JSON: a line for each, then what there was in all.")
  private boolean json;

  private final Map<LogEvent, Integer> counts = new EnumMap<>(LogEvent.class);
  private boolean withoutState;

  @Override
  public Integer call() {
    if (follow && paths.size() > 1) {
      throw new ParameterException(spec.commandLine(), "--follow is for one file or folder");
    }
    if (time != null && !follow) {
      throw new ParameterException(spec.commandLine(), "--for goes with --follow");
    }
    try {
      if (follow) {
        follow(paths.get(0));
      } else {
        for (Path path : paths) {
          for (Path file : Files.isDirectory(path) ? logs(path) : List.of(path)) {
            read(file);
          }
        }
      }
    } catch (NoSuchFileException e) {
      throw Failure.unknown("there is no file " + e.getFile());
    } catch (IOException e) {
      throw Failure.unknown("cannot be read: " + e.getMessage());
    }
    end();
    return counts.keySet().stream().map(LogEvent::status).reduce(Status.OK, Status::or).exitCode();
  }

  private static List<Path> logs(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(
              file ->
                  file.getFileName().toString().matches(".*\\.(log|csv|json)(\\.[0-9]+)?(\\.gz)?"))
          .sorted(
              Comparator.comparingLong((Path file) -> file.toFile().lastModified())
                  .thenComparing(file -> file))
          .toList();
    }
  }

  private LogScanner scanner() {
    return new LogScanner(form == null ? null : LogFormat.valueOf(form.name()), this::found);
  }

  private void read(Path file) throws IOException {
    LogScanner scanner = scanner();
    InputStream raw = Files.newInputStream(file);
    try (InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
      scanner.read(in);
    } finally {
      raw.close();
    }
    scanner.end();
  }

  private void follow(Path path) throws IOException {
    long end = time == null ? Long.MAX_VALUE : System.nanoTime() + time.toNanos();
    String ending = Files.isDirectory(path) ? ending(path) : "";
    var positions = new HashMap<@Nullable Object, Long>();
    Path file = null;
    for (Path one : candidates(path, ending)) {
      positions.put(key(one), size(one));
      file = one;
    }
    if (file == null) {
      throw new NoSuchFileException(path.toString());
    }
    while (file != null && System.nanoTime() < end) {
      Path now = file;
      file = null;
      Object key = key(now);
      LogScanner scanner = scanner();
      try (InputStream in = Files.newInputStream(now)) {
        long position = in.skip(positions.getOrDefault(key, 0L));
        while (file == null) {
          Path next = next(candidates(path, ending), positions, now);
          Object nextKey = next == null ? null : key(next);
          position += scanner.read(in);
          if (nextKey != null && (!now.equals(next) || !nextKey.equals(key))) {
            // who wrote the old one may not have noticed yet
            LockSupport.parkNanos(POLL_NANOS);
            positions.put(key, position + scanner.read(in));
            file = next;
          } else if (nextKey != null && size(now) < position) {
            positions.put(key, 0L);
            file = now;
          } else if (System.nanoTime() >= end) {
            break;
          } else {
            LockSupport.parkNanos(POLL_NANOS);
          }
        }
      }
      scanner.end();
    }
  }

  /**
   * Returns how the names of logs end that are followed in a folder, where there may be several
   * forms.
   */
  private String ending(Path folder) throws IOException {
    if (form != null) {
      return form == Form.STDERR ? ".log" : "." + form.name().toLowerCase(Locale.ROOT);
    }
    List<Path> all = candidates(folder, "");
    String name = all.isEmpty() ? ".log" : all.get(all.size() - 1).toString();
    return name.substring(name.lastIndexOf('.'));
  }

  /** Returns the files that may be followed, the newest last. */
  private static List<Path> candidates(Path path, String ending) throws IOException {
    if (Files.isDirectory(path)) {
      return logs(path).stream()
          .filter(file -> !file.toString().endsWith(".gz") && file.toString().endsWith(ending))
          .toList();
    }
    return Files.exists(path) ? List.of(path) : List.of();
  }

  /** Returns the first but this one that has not been read to its end, or else this one. */
  private static @Nullable Path next(
      List<Path> candidates, Map<@Nullable Object, Long> positions, Path now) throws IOException {
    Path next = null;
    for (Path file : candidates) {
      if (file.equals(now)) {
        next = next == null ? now : next;
      } else {
        long size = size(file);
        long position = positions.getOrDefault(key(file), 0L);
        if (size < position) {
          // emptied
          positions.put(key(file), 0L);
        }
        if (size != position && (next == null || next.equals(now))) {
          next = file;
        }
      }
    }
    return next;
  }

  private static @Nullable Object key(Path file) throws IOException {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private static long size(Path file) throws IOException {
    try {
      return Files.size(file);
    } catch (NoSuchFileException e) {
      return 0;
    }
  }

  private void found(LogEvent event, @Nullable String state, LogFormat.Entry entry) {
    counts.merge(event, 1, Integer::sum);
    withoutState |= state == null;
    if (summary) {
      return;
    }
    PrintWriter out = spec.commandLine().getOut();
    String message = decoded(entry.message());
    if (json) {
      var map = new LinkedHashMap<String, @Nullable Object>();
      map.put("event", event.toString());
      map.put("status", event.status().toString());
      map.put("sqlstate", state);
      map.put("severity", entry.severity());
      map.put("prefix", decoded(entry.prefix()).strip());
      map.put("message", message);
      out.println(Json.write(map).replace("\n", ""));
    } else {
      out.println(
          Ansi.AUTO.string(
                  String.format(
                      Locale.ROOT, "@|%s %-8s|@", event.status().colour(), event.status()))
              + decoded(entry.prefix()).strip()
              + " "
              + (entry.state() == null ? "" : entry.state() + " ")
              + entry.severity()
              + ": "
              + message);
    }
    if (follow) {
      out.flush();
    }
  }

  private static String decoded(String bytes) {
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  private void end() {
    var rows = new ArrayList<List<@Nullable Object>>();
    counts.forEach(
        (event, count) ->
            rows.add(List.of(event.status().toString(), event.toString(), count, event.remedy())));
    var table = new Table(List.of("status", "event", "count", "remedy"), rows);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.write(table.toMaps()));
    } else if (rows.isEmpty()) {
      out.println("Nothing of the extension");
    } else {
      out.println((summary ? "" : System.lineSeparator()) + table);
    }
    if (withoutState) {
      spec.commandLine()
          .getErr()
          .printf(
              "The lines have no SQLSTATE, so messages alone decide: add %%e to log_line_prefix%n");
    }
    out.flush();
  }
}
