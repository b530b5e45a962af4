// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A log of a busy server that includes some messages of the extension. */
final class PlantedLog {
  /** A message, and the event that it reports; null for none. */
  record Message(String severity, String state, String text, @Nullable LogEvent event) {}

  static final List<Message> MESSAGES =
      List.of(
          error(
              "22023",
              "repeat count must be between 1 and 10, but is 11",
              LogEvent.REFUSED_ARGUMENT),
          error(
              "22023",
              "repeat count must be between 1 and 10, but is -3",
              LogEvent.REFUSED_ARGUMENT),
          error("22023", "argument \"names\" must have one dimension", LogEvent.REFUSED_ARGUMENT),
          error(
              "22023",
              "arguments \"names\" and \"repeats\" must have the same length",
              LogEvent.REFUSED_ARGUMENT),
          error(
              "22023",
              "11 is outside the valid range for parameter \"pg_hello.repeat\" (1 .. 10)",
              LogEvent.REFUSED_SETTING),
          error(
              "22023",
              "invalid value for parameter \"pg_hello.repeat\": \"x\"",
              LogEvent.REFUSED_SETTING),
          warning(
              "42602",
              "invalid configuration parameter name \"pg_hello.repaet\", removing it",
              LogEvent.REFUSED_SETTING),
          error("54000", "greeting exceeds the maximum size of a value", LogEvent.TOO_LARGE),
          error("54000", "greetings exceed the maximum size of a value", LogEvent.TOO_LARGE),
          error("42501", "permission denied for function pg_hello_all", LogEvent.NO_PRIVILEGE),
          error("42501", "permission denied for schema hello_ops", LogEvent.NO_PRIVILEGE),
          error("42883", "function pg_hello(unknown) does not exist", LogEvent.NO_FUNCTION),
          error("42883", "function a.now_ms() does not exist", LogEvent.NO_FUNCTION),
          error("42883", "function spi_version() does not exist", LogEvent.NO_FUNCTION),
          error(
              "58P01",
              "could not access file \"$libdir/pg_hello\": No such file or directory",
              LogEvent.NO_LIBRARY),
          error(
              "58P01",
              "could not load library \"/usr/lib/postgresql/15/lib/pg_hello.so\": undefined symbol: x",
              LogEvent.NO_LIBRARY),
          fatal(
              "58P01",
              "could not access file \"pg_hello\": No such file or directory",
              LogEvent.NO_LIBRARY),
          error(
              "XX000",
              "incompatible library \"/usr/lib/postgresql/15/lib/pg_hello.so\": version mismatch",
              LogEvent.NO_LIBRARY),
          error(
              "42883",
              "could not find function \"pg_hello_all\" in file \"/usr/lib/postgresql/15/lib/pg_hello.so\"",
              LogEvent.OLD_LIBRARY),
          error("0A000", "extension \"pg_hello\" is not available", LogEvent.EXTENSION),
          error("42710", "extension \"pg_hello_ops\" already exists", LogEvent.EXTENSION),
          error(
              "22023",
              "extension \"pg_hello\" has no update path from version \"1.1\" to version \"9\"",
              LogEvent.EXTENSION),
          error("22023", "retention must be greater than zero, but is 00:00:00", LogEvent.SNAPSHOT),
          error(
              "55000",
              "the newest snapshot is of 2026-11-21 20:00:00+00, and it is 2026-11-21 19:00:00+00",
              LogEvent.SNAPSHOT),
          error(
              "58P01",
              "could not open extension control file \"/usr/share/postgresql/15/extension/pg_hello.control\": No such file or directory",
              LogEvent.NO_CONTROL_FILE),
          new Message(
              "LOG",
              "00000",
              "server process (PID 7) was terminated by signal 11: Segmentation fault",
              LogEvent.CRASH),
          // same SQLSTATE, other messages
          error("22023", "LIMIT must not be negative", null),
          error("22023", "invalid value for parameter \"work_mem\": \"pg_hello.repeat\"", null),
          error("42883", "function hello(pg_hello) does not exist", null),
          error("42501", "permission denied for function pg_hello_world", null),
          error("42501", "permission denied for table pg_hello", null),
          error(
              "58P01",
              "could not access file \"$libdir/pg_hello2\": No such file or directory",
              null),
          error(
              "58P01",
              "could not access file \"$libdir/xpg_hello\": No such file or directory",
              null),
          error("42704", "extension \"pg_hello_other\" does not exist", null),
          // Same messages with another SQLSTATE, e.g. from RAISE EXCEPTION.
          error("P0001", "repeat count must be between 1 and 10, but is 11", null),
          error("P0001", "function pg_hello(text) does not exist", null),
          // text supplied by users
          error("23505", "duplicate key value violates unique constraint \"pg_hello\"", null),
          error("22P02", "invalid input syntax for type integer: \"pg_hello\"", null),
          new Message(
              "LOG",
              "00000",
              "statement: SELECT pg_hello('ERROR:  repeat count must be between 1 and 10, but is 11')",
              null),
          new Message(
              "LOG",
              "00000",
              "statement: SELECT ',ERROR,22023,\"repeat count must be between 1 and 10, but is 11\"'",
              null),
          new Message("LOG", "00000", "statement: SELECT ',ERROR,22023,'", null),
          new Message(
              "LOG",
              "00000",
              "statement: SELECT '\"error_severity\":\"ERROR\",\"state_code\":\"22023\",\"message\":\"repeat count must be between 1 and 10, but is 11\"'",
              null),
          new Message(
              "LOG",
              "00000",
              "statement: SELECT $$\n2026-11-21 20:00:00.000 UTC [4711] 22023 a@b ERROR:  repeat count must be between 1 and 10, but is 11\n$$",
              null),
          error(
              "42601",
              "syntax error at or near \"repeat count must be between 1 and 10, but is 11\"",
              null));

  private static final int BETWEEN = 25_000;

  private PlantedLog() {}

  private static Message error(String state, String text, @Nullable LogEvent event) {
    return new Message("ERROR", state, text, event);
  }

  private static Message warning(String state, String text, @Nullable LogEvent event) {
    return new Message("WARNING", state, text, event);
  }

  private static Message fatal(String state, String text, @Nullable LogEvent event) {
    return new Message("FATAL", state, text, event);
  }

  static long expected(LogEvent event) {
    return MESSAGES.stream().filter(message -> message.event() == event).count();
  }

  /**
   * Writes a log of at least a million lines.
   *
   * @param state whether lines in stderr format contain the SQLSTATE
   */
  static void write(Path file, LogFormat format, boolean state) throws IOException {
    write(file, format, state, BETWEEN);
  }

  static void write(Path file, LogFormat format, boolean state, int between) throws IOException {
    String[] usual = new String[16];
    for (int i = 0; i < usual.length; i++) {
      usual[i] =
          i == 7
              ? line(
                  format,
                  state,
                  new Message(
                      "ERROR",
                      "23505",
                      "duplicate key value violates unique constraint \"people_pkey\"",
                      null))
              : line(
                  format,
                  state,
                  new Message(
                      "LOG",
                      "00000",
                      "duration: 0."
                          + i
                          + "42 ms  execute S_"
                          + i
                          + ": SELECT pg_hello($1, $2), name FROM people WHERE id = $3",
                      null));
    }
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
      byte[] many = String.join("", List.of(usual)).getBytes(StandardCharsets.UTF_8);
      for (Message message : MESSAGES) {
        for (int i = 0; i < between; i += usual.length) {
          out.write(many);
        }
        out.write(line(format, state, message).getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  static String line(LogFormat format, boolean state, Message message) {
    // The statement that another process ran. PostgreSQL writes both together.
    String ran =
        message.event() == LogEvent.CRASH
            ? "Failed process was running: SELECT\n  pg_hello('x')"
            : null;
    return switch (format) {
      case STDERR ->
          "2026-11-21 20:00:00.000 UTC [12345] %sapp@shop %s:  %s\n"
              .formatted(
                  state ? message.state() + " " : "",
                  message.severity(),
                  message.text().replace("\n", "\n\t")
                      + (ran == null
                          ? ""
                          : "\n2026-11-21 20:00:00.000 UTC [12345] 00000 DETAIL:  "
                              + ran.replace("\n", "\n\t")));
      case CSV ->
          "2026-11-21 20:00:00.000 UTC,\"app\",\"shop\",12345,\"127.0.0.1:5000\",65f0c0de.3039,7,\"SELECT\",2026-11-21 19:59:00 UTC,3/14,0,%s,%s,%s,%s,,,,,\"SELECT pg_hello($1)\",,,\"web\",\"client backend\",,0\n"
              .formatted(
                  message.severity(),
                  message.state(),
                  "\"" + message.text().replace("\"", "\"\"") + "\"",
                  ran == null ? "" : "\"" + ran + "\"");
      case JSON ->
          ("{\"timestamp\":\"2026-11-21 20:00:00.000 UTC\",\"user\":\"app\",\"dbname\":\"shop\",\"pid\":12345,\"session_id\":\"65f0c0de.3039\",\"line_num\":7,\"ps\":\"SELECT\","
                  + "\"error_severity\":\"%s\",\"state_code\":\"%s\",\"message\":%s%s,\"statement\":\"SELECT pg_hello($1)\",\"backend_type\":\"client backend\",\"query_id\":0}\n")
              .formatted(
                  message.severity(),
                  message.state(),
                  json(message.text()),
                  ran == null ? "" : ",\"detail\":" + json(ran));
    };
  }

  private static String json(String text) {
    return String.format(
        Locale.ROOT,
        "\"%s\"",
        text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n"));
  }
}
