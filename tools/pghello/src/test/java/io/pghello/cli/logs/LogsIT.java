// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Logs with planted messages, and logs of a real server. */
class LogsIT {
  @TempDir private Path folder;

  @Tag("slow")
  @ParameterizedTest
  @EnumSource(LogFormat.class)
  void findsExactlyPlantedMessagesInAMillionLines(LogFormat format) throws IOException {
    Path log = folder.resolve("million.log");
    PlantedLog.write(log, format, true);
    try (Stream<String> lines = Files.lines(log)) {
      assertThat(lines.count()).isGreaterThan(1_000_000);
    }
    assertThat(LogFormat.of(Files.newBufferedReader(log).readLine())).isEqualTo(format);
    Map<LogEvent, Long> found = new EnumMap<>(LogEvent.class);
    var wrong = new ArrayList<String>();
    var scanner =
        new LogScanner(
            null,
            (event, state, entry) -> {
              found.merge(event, 1L, Long::sum);
              if (state == null || LogEvent.of(state, entry.message()) != event) {
                wrong.add(event + " " + state);
              }
            });
    try (var in = Files.newInputStream(log)) {
      assertThat(scanner.read(in)).isEqualTo(Files.size(log));
    }
    scanner.end();
    assertThat(wrong).isEmpty();
    assertPlanted(found);
  }

  /** The file is read in parts of different sizes. */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 100, 1 << 16})
  void findsMessagesAcrossReads(int size) throws IOException {
    for (LogFormat format : LogFormat.values()) {
      Path log = folder.resolve(format + ".log");
      PlantedLog.write(log, format, true, 1);
      byte[] all = Files.readAllBytes(log);
      Map<LogEvent, Long> found = new EnumMap<>(LogEvent.class);
      var scanner =
          new LogScanner(format, (event, state, entry) -> found.merge(event, 1L, Long::sum));
      for (int i = 0; i < all.length; i += size) {
        scanner.read(new ByteArrayInputStream(all, i, size));
      }
      scanner.end();
      assertPlanted(found);
    }
  }

  /** Lines begin at every position in the buffer, also after a line that fills it. */
  @Test
  void findsMessagesAcrossBufferEnd() throws IOException {
    byte[] ours =
        PlantedLog.line(LogFormat.STDERR, true, PlantedLog.MESSAGES.get(0)).getBytes(UTF_8);
    for (int i = -3; i <= ours.length; i++) {
      byte[] log = new byte[LogFormat.LINE_BYTES - i + ours.length];
      Arrays.fill(log, (byte) '.');
      log[log.length - ours.length - 1] = '\n';
      System.arraycopy(ours, 0, log, log.length - ours.length, ours.length);
      var found = new ArrayList<String>();
      var scanner = new LogScanner(null, (event, state, entry) -> found.add(entry.prefix()));
      scanner.read(new ByteArrayInputStream(log));
      scanner.end();
      assertThat(found)
          .as("%d", i)
          .containsExactly("2026-11-21 20:00:00.000 UTC [12345] 22023 app@shop ");
    }
  }

  @Test
  void usesLittleMemoryForLongLines() throws IOException {
    String setting =
        "2026-11-21 20:00:00.000 UTC [12345] 22023 app@shop ERROR:  invalid value for parameter"
            + " \"pg_hello.repeat\": \"";
    Path log = folder.resolve("long.log");
    try (var file = new RandomAccessFile(log.toFile(), "rw")) {
      file.writeBytes(setting + "x\"\n" + setting);
      file.seek(1 << 30);
      file.writeBytes("ERROR:  greeting exceeds the maximum size of a value\n" + setting + "x\"\n");
    }
    Run run =
        Run.pghello(Map.of("JDK_JAVA_OPTIONS", "-Xmx24m"), "logs", log.toString(), "--summary");
    assertThat(run.out())
        .as(run.err())
        .containsPattern("refused_setting +3 ")
        .doesNotContain("too_large");
  }

  /** Line endings of other systems, positions, and bytes that are not UTF-8. */
  @ParameterizedTest
  @EnumSource(LogFormat.class)
  void toleratesLineEndingsAndEncodings(LogFormat format) throws IOException {
    Path log = folder.resolve("a.log");
    var ours =
        List.of(
            new PlantedLog.Message(
                "ERROR", "42883", "function pg_hello(unknown) does not exist at character 8", null),
            new PlantedLog.Message(
                "ERROR",
                "22023",
                "invalid value for parameter \"pg_hello.repeat\": \"\u00c5\n\"",
                null));
    String lines =
        ours.stream().map(message -> PlantedLog.line(format, true, message)).collect(joining());
    Files.write(log, lines.replaceAll("\n(?!\t)", "\r\n").getBytes(UTF_8));
    assertThat(logs("--json", log.toString()).out())
        .contains("no_function", "refused_setting", "\u00c5");
    Files.write(log, lines.getBytes(ISO_8859_1));
    assertThat(logs("--json", log.toString()).out())
        .contains("no_function", "refused_setting", "\ufffd");
  }

  /** A role or a database can have any name. */
  @ParameterizedTest
  @EnumSource(LogFormat.class)
  void doesNotTreatNamesAsSeverity(LogFormat format) throws IOException {
    Path log = folder.resolve("a.log");
    String line = PlantedLog.line(format, true, PlantedLog.MESSAGES.get(0));
    Files.writeString(
        log, line.replace("app", "ERROR") + line.replace("app", ",ERROR,42501,") + line);
    assertThat(logs("--summary", log.toString()).out())
        .startsWith("WARNING - 3 messages about the extension")
        .containsPattern("refused_argument +3 ")
        .hasLineCount(3);
    Files.writeString(
        log,
        line.replace("app", "ERROR")
            .replace("ERROR:  ", "LOG:  ")
            .replaceAll("(\\W)ERROR(\\W{1,3}(?:state_code\\W{3})?22023)", "$1LOG$2"));
    assertThat(logs(log.toString()).status()).isZero();
  }

  private static void assertPlanted(Map<LogEvent, Long> found) {
    for (LogEvent event : LogEvent.values()) {
      assertThat(found.getOrDefault(event, 0L))
          .as(event.toString())
          .isEqualTo(PlantedLog.expected(event));
    }
  }

  @Test
  void exitStatusReflectsSeverity() throws IOException {
    Path log = folder.resolve("a.log");
    PlantedLog.write(log, LogFormat.STDERR, true, 1);
    Run run = logs("--summary", log.toString());
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .startsWith("CRITICAL - 26 messages about the extension" + System.lineSeparator())
        .containsPattern("critical +no_library +4 ")
        .hasLineCount(2 + LogEvent.values().length);

    String none = folder.resolve("none").toString();
    run = logs("--summary", none, log.toString());
    assertThat(run.status()).as("critical is not hidden by missing files").isEqualTo(2);
    assertThat(run.out()).containsPattern("critical +no_library +4 ");
    assertThat(run.err()).contains(none, "no such file").hasLineCount(1);

    Files.writeString(
        log, PlantedLog.line(LogFormat.STDERR, true, PlantedLog.MESSAGES.get(0)).repeat(2));
    run = logs(log.toString(), none);
    assertThat(run.status()).as("more severe than a warning").isEqualTo(3);
    assertThat(run.out()).containsPattern("refused_argument +2 ");
    run = logs(log.toString());
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out())
        .startsWith(
            "warning  2026-11-21 20:00:00.000 UTC [12345] 22023 app@shop ERROR: repeat count must be");
    run = logs("--json", log.toString());
    assertThat(run.out().lines().findFirst().orElseThrow())
        .contains("\"sqlstate\": \"22023\"", "\"event\": \"refused_argument\"");

    Path packed = folder.resolve("b.log.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
      Files.copy(log, out);
    }
    assertThat(logs(folder.toString()).out()).contains(" 4 ");

    Files.writeString(log, "LOG:  nothing\nof ours, and no end of the line");
    run = logs(log.toString());
    assertThat(run.status()).isZero();
    assertThat(run.out()).isEqualToIgnoringNewLines("OK - no messages about the extension");
    run = logs(none);
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.out())
        .isEqualToIgnoringNewLines("UNKNOWN - no messages about the extension, 1 file not read");
    assertThat(run.err()).contains("no such file").hasLineCount(1);
    Path damaged = Files.writeString(folder.resolve("c.log.gz"), "no archive");
    run = logs(damaged.toString());
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains(damaged + " cannot be read: ").doesNotContain("Exception");
    Files.delete(damaged);
    Files.createDirectories(folder.resolve("above/pg_log"));
    run = logs(folder.resolve("above").toString());
    assertThat(run.status()).as("a wrong directory is an error").isEqualTo(3);
    assertThat(run.err()).contains("no files with .log, .csv or .json").hasLineCount(1);
  }

  @Test
  void matchesByMessageWithoutSqlstate() throws IOException {
    Path log = folder.resolve("a.log");
    Files.writeString(log, PlantedLog.line(LogFormat.STDERR, false, PlantedLog.MESSAGES.get(0)));
    Run run = logs(log.toString());
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("add %e to log_line_prefix");
    Files.writeString(
        log,
        success()
            + PlantedLog.line(LogFormat.STDERR, true, PlantedLog.MESSAGES.get(0))
                .replace(" 22023 ", " P0001 "));
    assertThat(logs(log.toString()).status()).isZero();
  }

  /** A line that reveals the position of the SQLSTATE. */
  private static String success() {
    return PlantedLog.line(
        LogFormat.STDERR,
        true,
        new PlantedLog.Message("LOG", "00000", "connection received", null));
  }

  /** With log_error_verbosity = verbose, the SQLSTATE is in the message. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void readsVerboseMessages(boolean state) throws IOException {
    Path log = folder.resolve("a.log");
    String line = PlantedLog.line(LogFormat.STDERR, state, PlantedLog.MESSAGES.get(0));
    Files.writeString(
        log,
        line.replace("ERROR:  ", "ERROR:  22023: ")
            + "2026-11-21 20:00:00.000 UTC [12345] LOCATION:  pg_hello, pg_hello.c:42\n");
    Run run = logs(log.toString());
    assertThat(run.out()).contains("22023 ERROR: repeat count must be");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).isEmpty();
    Files.writeString(
        log, line.replace("ERROR:  ", "ERROR:  P0001: ").replace(" 22023 ", " P0001 "));
    assertThat(logs(log.toString()).status()).isZero();
    // RAISE EXCEPTION '22023: ...'
    Files.writeString(
        log,
        success()
            + PlantedLog.line(LogFormat.STDERR, true, PlantedLog.MESSAGES.get(0))
                .replace("ERROR:  ", "ERROR:  22023: ")
                .replace(" 22023 ", " P0001 "));
    assertThat(logs(log.toString()).status()).isZero();
  }

  @ParameterizedTest
  @EnumSource(LogFormat.class)
  void reportsUnknownMessages(LogFormat format) throws IOException {
    Path log = folder.resolve("a.log");
    var foreign =
        new PlantedLog.Message(
            "FEHLER", "42501", "keine Berechtigung f\u00fcr Funktion pg_hello", null);
    String line = PlantedLog.line(format, true, foreign);
    Files.writeString(log, line.repeat(2));
    Run run = logs("--format", format.toString(), log.toString());
    assertThat(run.status()).as(run.out()).isEqualTo(3);
    assertThat(run.out())
        .isEqualToIgnoringNewLines("UNKNOWN - no messages about the extension, 2 not understood");
    assertThat(run.err()).startsWith(log + ": 2 messages are not understood: ").hasLineCount(1);
    Files.writeString(log, line.replace("FEHLER", "\u041e\u0428\u0418\u0411\u041a\u0410"));
    assertThat(logs(log.toString()).status()).isEqualTo(3);
    Files.writeString(log, line + PlantedLog.line(format, true, PlantedLog.MESSAGES.get(0)));
    run = logs("--json", log.toString());
    assertThat(run.status()).as("more severe than a warning").isEqualTo(3);
    assertThat(run.out()).contains("\"not_understood\": 1").hasLineCount(2);
    Files.writeString(log, "this is\nno log\n");
    assertThat(logs("--format", format.toString(), log.toString()).status()).isEqualTo(3);
    Files.writeString(log, "");
    assertThat(logs(log.toString()).status()).isZero();
  }

  /** Names created by logrotate, RDS and log_filename. */
  @Test
  void readsOrReportsRotatedLogs() throws IOException {
    String line = PlantedLog.line(LogFormat.STDERR, true, PlantedLog.MESSAGES.get(0));
    List<String> read =
        List.of(
            "a.log",
            "a.log.1",
            "a.log-20261124",
            "a.log-20261124-1732417232",
            "postgresql.log.2026-11-24-10",
            "postgresql.log.2026-11-24-1000.csv",
            "a.csv.3",
            "a.log.old",
            "a.json-20261124");
    for (String name : read) {
      Files.writeString(folder.resolve(name), line);
    }
    try (OutputStream out =
        new GZIPOutputStream(Files.newOutputStream(folder.resolve("a.log-20261123.gz")))) {
      out.write(line.getBytes(UTF_8));
    }
    Run run = logs("--summary", folder.toString());
    assertThat(run.status()).as(run.err()).isEqualTo(1);
    assertThat(run.out()).containsPattern("refused_argument +10 ");
    assertThat(run.err()).isEmpty();

    Path other = Files.writeString(folder.resolve("postgresql-2026-11-24"), line);
    Path above = Files.createDirectory(folder.resolve("old.log"));
    run = logs("--summary", folder.toString());
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.out()).startsWith("UNKNOWN - 10 messages about the extension, 2 files not read");
    assertThat(run.err()).contains(other.toString(), above.toString()).hasLineCount(1);
  }

  /** The first bytes decide, because a rotated log can have any name. */
  @Test
  void readsGzipAndSuggestsToolsForOtherFormats() throws IOException {
    String line = PlantedLog.line(LogFormat.STDERR, true, PlantedLog.MESSAGES.get(0));
    Path packed = folder.resolve("a.log.1");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
      out.write(line.getBytes(UTF_8));
    }
    assertThat(logs(packed.toString()).status()).isEqualTo(1);
    Files.write(packed, new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, 0, 0});
    Run run = logs(packed.toString());
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("zstdcat " + packed + " | pghello logs -").hasLineCount(1);
    Files.write(packed, new byte[] {(byte) 0xfd, '7', 'z', 'X', 'Z', 0, 0});
    assertThat(logs(packed.toString()).err()).contains("xzcat " + packed);
  }

  /** Other files of a run are read, even if one is damaged. */
  @Test
  void reportsDamagedFile() throws IOException {
    String line = PlantedLog.line(LogFormat.JSON, true, PlantedLog.MESSAGES.get(11));
    Path damaged =
        Files.writeString(folder.resolve("a.json"), line.replace("pg_hello(", "\\uZZZZ("));
    Files.writeString(folder.resolve("b.json"), line);
    Run run = logs("--summary", folder.toString());
    assertThat(run.status()).as("critical is more severe").isEqualTo(2);
    assertThat(run.out()).startsWith("CRITICAL - 1 message about the extension, 1 not understood");
    assertThat(run.err()).startsWith(damaged + ": 1 message is not understood: ").hasLineCount(1);
  }

  /** Messages cannot control the terminal. */
  @Test
  void escapesControlCharacters() throws IOException {
    Path log = folder.resolve("a.log");
    String setting =
        "invalid value for parameter \"pg_hello.repeat\": \"\u001b]0;x\u0007\u001b[2J\"";
    Files.writeString(
        log,
        PlantedLog.line(
            LogFormat.STDERR, true, new PlantedLog.Message("ERROR", "22023", setting, null)));
    assertThat(logs(log.toString()).out())
        .contains("\\u001b]0;x\\u0007\\u001b[2J")
        .doesNotContain("\u001b", "\u0007");
  }

  @Test
  void streamsStandardInput() throws Exception {
    Run.Running running = Run.start(Map.of(), "logs", "--json", "-");
    try (OutputStream log = running.process().getOutputStream()) {
      for (int i : new int[] {0, 7}) {
        String line = PlantedLog.line(LogFormat.STDERR, true, PlantedLog.MESSAGES.get(i));
        log.write(line.getBytes(UTF_8));
        log.flush();
        String event = i == 0 ? "refused_argument" : "too_large";
        Run.await(event, () -> running.printed().contains(event));
      }
    }
    Run run = running.end();
    assertThat(run.status()).as(run.err()).isEqualTo(1);
    assertThat(run.out()).contains("\"remedy\"");
  }

  /** The actual output of a server of this version, also in a directory with several log files. */
  @Test
  void readsLogsOfRealServer() throws Exception {
    Path logs = Files.createDirectory(folder.resolve("logs"));
    // The server may run as another user.
    logs.toFile().setWritable(true, false);
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension("pg_hello")
                .setting("logging_collector", "on")
                .setting("log_destination", "stderr,csvlog,jsonlog")
                .setting("log_directory", logs.toString())
                .setting("log_filename", "server-%H%M%S.log")
                .setting("log_line_prefix", "%m [%p] %e %q%u@%d ")
                .start();
        TestDatabase database = server.createDatabase();
        Connection connection = database.superuserDataSource().getConnection()) {
      fails(connection, "SELECT pg_hello('x', 11)");
      fails(connection, "SELECT pg_hello_all('{a,b}', '{1}')");
      fails(connection, "SET pg_hello.repeat = 11");
      fails(
          connection, "SELECT 1/0 AS \"ERROR:  repeat count must be between 1 and 10, but is 11\"");
      fails(
          connection,
          "DO $$BEGIN RAISE EXCEPTION 'repeat count must be between 1 and 10, but is 11'; END$$");
      fails(connection, "SELECT nothing.pg_hello('x')");
      fails(connection, "SELECT pg_hello('x', 'y', 'z')");
      fails(connection, "CREATE EXTENSION pg_hello");
      fails(connection, "ALTER EXTENSION pg_hello UPDATE TO '9'");
      fails(
          connection,
          "CREATE FUNCTION f() RETURNS void LANGUAGE c AS '$libdir/pg_hello', 'unheard_of'");
      Run.execute(
          connection,
          "REVOKE EXECUTE ON FUNCTION now_ms() FROM PUBLIC",
          "SET SESSION AUTHORIZATION app");
      fails(connection, "SELECT now_ms()");
      for (String ending : List.of("log", "csv", "json")) {
        List<String> files;
        try (Stream<Path> paths = Files.list(logs)) {
          files = paths.map(Path::toString).filter(name -> name.endsWith("." + ending)).toList();
        }
        assertThat(files).isNotEmpty();
        var arguments = new ArrayList<>(List.of("--summary"));
        arguments.addAll(files);
        Run.await(
            "the log is written",
            () -> logs(arguments.toArray(String[]::new)).out().contains("no_privilege"));
        Run run = logs(arguments.toArray(String[]::new));
        assertThat(run.out())
            .as(ending)
            .containsPattern("refused_argument +2 ")
            .containsPattern("refused_setting +1 ")
            .containsPattern("no_privilege +1 ")
            .containsPattern("no_function +1 ")
            .containsPattern("old_library +1 ")
            .containsPattern(" extension +2 ");
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err()).isEmpty();
      }
    }
  }

  private static void fails(Connection connection, String sql) {
    try {
      Run.execute(connection, sql);
    } catch (SQLException e) {
      return;
    }
    throw new AssertionError("does not fail: " + sql);
  }

  private static Run logs(String... arguments) {
    var all = new ArrayList<>(List.of("logs"));
    all.addAll(List.of(arguments));
    return Run.pghello(Map.of(), all.toArray(String[]::new));
  }
}
