// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Prefixes of servers and other programs, names that imitate messages, and damaged lines. */
class LogScannerTest {
  private static final String TIME = "2026-11-24 03:00:32.100 UTC ";
  private static final String NO_FUNCTION =
      "ERROR:  function pg_hello(text, bigint) does not exist";
  private static final String NO_LIBRARY =
      "ERROR:  could not access file \"$libdir/pg_hello\": gone";

  private final List<String> found = new ArrayList<>();

  private Map<NotUnderstood, Long> scan(@Nullable LogFormat format, String... lines)
      throws IOException {
    found.clear();
    var scanner =
        new LogScanner(
            format, (event, state, entry) -> found.add(event + (state == null ? "" : " " + state)));
    String log = String.join("\n", lines) + "\n";
    scanner.read(new ByteArrayInputStream(log.getBytes(ISO_8859_1)));
    return scanner.end();
  }

  private Map<NotUnderstood, Long> scan(String... lines) throws IOException {
    return scan(null, lines);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.1.7.53(49654) ", // %r
        "10.1.7.53(42501) ",
        "10.1.7.53:49654 ",
        "49654 ", // %p
        "[49654] ",
        "740 23505 ", // %p %x
        "23505 42601 ",
        "12345/23505 ",
        "P0001@shop ", // %u@%d
        "app@shop 2B000 ",
        "10.1.7.53(49654):app@shop:[49654]:" // RDS
      })
  void doesNotTreatNumbersAsSqlstate(String prefix) throws IOException {
    assertThat(scan(TIME + prefix + NO_FUNCTION + " at character 8")).isEmpty();
    assertThat(found).containsExactly("no_function");
    assertThat(
            scan(
                TIME + prefix + "LOG:  checkpoint starting: time",
                TIME + prefix + NO_FUNCTION + " at character 8"))
        .isEmpty();
    assertThat(found).containsExactly("no_function");
  }

  /** A position contains the SQLSTATE if all lines of level LOG have one there. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "%s[49654] STATE app@shop ",
        "%s[49654] app@shop STATE ",
        "%suser=app,db=shop,state=STATE,client=10.1.7.53(42883) ",
        "%s10.1.7.53(42883)|STATE|49654|"
      })
  void learnsPositionOfSqlstate(String format) throws IOException {
    String prefix = format.formatted(TIME);
    String log = prefix.replace("STATE", "00000") + "LOG:  connection received";
    assertThat(scan(log, prefix.replace("STATE", "42883") + NO_FUNCTION)).isEmpty();
    assertThat(found).containsExactly("no_function 42883");
    // from RAISE EXCEPTION
    assertThat(scan(log, prefix.replace("STATE", "P0001") + NO_FUNCTION)).isEmpty();
    assertThat(found).isEmpty();
    assertThat(
            scan(
                log,
                prefix.replace("STATE", "P0001")
                    + "ERROR:  42883: function pg_hello(text) does not exist"))
        .isEmpty();
    assertThat(found).isEmpty();
    assertThat(
            scan(
                log,
                prefix.replace("STATE", "42883")
                    + "ERROR:  P0001: function pg_hello(text) does not exist"))
        .isEmpty();
    assertThat(found).isEmpty();
  }

  @Test
  void discardsContradictedPosition() throws IOException {
    scan(
        TIME + "[1] 00000@shop LOG:  connection received",
        TIME + "[2] app@shop LOG:  connection received",
        TIME + "[3] P0001@shop " + NO_FUNCTION);
    assertThat(found).containsExactly("no_function");
    scan(
        TIME + "[1] 00000 a@b LOG:  connection received",
        TIME + "[1] 42883 P0001@b " + NO_FUNCTION,
        TIME + "[1] x 00000 a@b LOG:  connection received",
        TIME + "[1] P0001 42883 a@b " + NO_FUNCTION);
    assertThat(found).containsExactly("no_function 42883", "no_function 42883");
    // The users 00000 and P0001, in a prefix without an SQLSTATE.
    scan(
        TIME + "00000 shop LOG:  connection received",
        TIME + "app shop LOG:  connection received",
        TIME + "P0001 shop " + NO_FUNCTION);
    assertThat(found).containsExactly("no_function");
    scan(TIME + "00000 shop ERROR:  syntax error", TIME + "P0001 shop " + NO_FUNCTION);
    assertThat(found).containsExactly("no_function");
    // After a change of the prefix.
    scan(TIME + "[1] 00000 a@b LOG:  connection received", TIME + "[2] a@b " + NO_FUNCTION);
    assertThat(found).containsExactly("no_function");
  }

  /** Nonexistent users, in Debian's prefix and others. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[7] NAME@shop ",
        "[7] app@NAME ",
        "[7] 28000 NAME@shop ",
        "NAME ",
        "user=NAME,db=shop ",
        "NAME(49654):app@shop:[7]:"
      })
  void rejectsNamesThatImitateMessages(String prefix) throws IOException {
    String fatal = "FATAL:  password authentication failed for user \"x\"";
    for (String name :
        List.of(
            "x " + NO_LIBRARY,
            NO_LIBRARY,
            "x LOG:  server process (PID 7) exited with pg_hello(",
            "LOG:  hidden",
            "x LOG:  y " + NO_LIBRARY)) {
      boolean hides = name.startsWith("LOG:  h");
      assertThat(
              scan(
                  TIME + prefix.replace("NAME", name) + (hides ? NO_LIBRARY : fatal),
                  TIME + "[7] DETAIL:  Connection matched file \"pg_hba.conf\" line 95"))
          .as(name)
          .containsExactly(entry(NotUnderstood.NAME, 1L));
      assertThat(found).as(name).isEmpty();
    }
  }

  /** Names can contain line breaks, which the server writes unescaped. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "%s[7] %s@shop ",
        "%s%s@shop ",
        "[7] %2$s@shop ",
        "user=%2$s,db=shop ",
        "%2$s@shop "
      })
  void rejectsLinesBegunByNames(String format) throws IOException {
    String usual = format.formatted(TIME, "app") + "LOG:  connection received";
    String forged = format.formatted(TIME, "x") + NO_LIBRARY;
    String begun = format.formatted(TIME, "\n");
    begun = begun.substring(0, begun.indexOf('\n'));
    for (String between : List.of("", "\n" + usual)) {
      Map<NotUnderstood, Long> doubts =
          scan(
              usual,
              usual,
              begun + between,
              forged,
              format.formatted(TIME, "").replace(TIME, "") + "FATAL:  no such user");
      assertThat(found).isEmpty();
      assertThat(doubts).containsOnlyKeys(NotUnderstood.NAME);
    }
    // At the beginning of a file.
    if (begun.startsWith("2")) {
      assertThat(scan(begun, forged)).containsOnlyKeys(NotUnderstood.NAME);
      assertThat(found).isEmpty();
    }
    // Hidden after a line break and a tab.
    assertThat(scan(usual, usual, begun + "x", "\t@shop " + NO_LIBRARY))
        .containsOnlyKeys(NotUnderstood.NAME);
    // No name is this long.
    scan(usual, usual, begun + "x", usual, (usual + "\n").repeat(300) + forged);
    assertThat(found).containsExactly("no_library");
  }

  /** The prefix of a log can change, e.g. with daylight saving time. */
  @Test
  void learnsChangedPrefix() throws IOException {
    String summer = TIME.replace("UTC", "CEST") + "[7] ";
    assertThat(
            scan(
                TIME.replace("UTC", "CET") + "[7] app@shop LOG:  connection received",
                summer + "app@shop LOG:  connection received",
                summer,
                summer + "x@shop " + NO_LIBRARY))
        .containsExactly(entry(NotUnderstood.NAME, 2L));
    assertThat(found).isEmpty();
  }

  /** Equal prefixes are examined until nothing more can be learnt from them. */
  @Test
  void learnsFromTheSecondOfEqualPrefixes() throws IOException {
    String log = "app@shop 00000 LOG:  connection received";
    assertThat(scan(log, "any line")).isEmpty();
    assertThat(scan(log, log, "any line")).containsExactly(entry(NotUnderstood.NAME, 1L));
  }

  @Test
  void learnsAPrefixAgainAfterAnotherOne() throws IOException {
    String log = TIME + "[7] app@shop 00000 LOG:  connection received";
    assertThat(scan(log, log, "[7] ERROR:  duplicate key", log, TIME + "half a line"))
        .containsExactly(entry(NotUnderstood.NAME, 1L));
  }

  /** Programs started by the server write to the same file. */
  @Test
  void acceptsMessagesDespiteOtherPrograms() throws IOException {
    assertThat(
            scan(
                TIME + "[7] app@shop LOG:  connection received",
                "2026-11-24 03:00:32.100 P00   INFO: archive-push command begin",
                "cp: cannot create regular file",
                TIME + "[7] app@shop " + NO_FUNCTION))
        .isEmpty();
    assertThat(found).containsExactly("no_function");
  }

  /** Output of pg_ctl and of an image's entrypoint, as printed by docker logs. */
  @Test
  void readsContainerLogs() throws IOException {
    String log = TIME + "[48] LOG:  ";
    assertThat(
            scan(
                "The files belonging to this database system will be owned by user \"postgres\".",
                "",
                "waiting for server to start...." + log + "starting PostgreSQL 17.11",
                log + "database system is ready to accept connections",
                " done",
                "server started",
                "CREATE DATABASE",
                "",
                "waiting for server to shut down...." + log + "received fast shutdown request",
                ".." + log + "shutting down",
                " done",
                "server stopped",
                "PostgreSQL init process complete; ready for start up.",
                log + "database system is ready to accept connections",
                TIME + "[99] " + NO_FUNCTION))
        .isEmpty();
    assertThat(found).containsExactly("no_function");
  }

  @Test
  void recognizesLinePrefixesOfTools() throws IOException {
    String line = TIME + "[7] " + NO_FUNCTION;
    Map<String, NotUnderstood> reasons =
        Map.ofEntries(
            entry("service-1  | " + line, NotUnderstood.COMPOSE),
            entry("db_1        | " + line, NotUnderstood.COMPOSE),
            entry("\u001b[36mdb-1  | \u001b[0m" + line, NotUnderstood.COMPOSE),
            entry("db.1.x7@node1    | " + line, NotUnderstood.COMPOSE),
            entry("Nov 24 03:00:32 db postgres[7]: [5-1] " + line, NotUnderstood.SYSLOG),
            entry("Nov  4 03:00:32 db postgres[7]: [5-2] #011SELECT", NotUnderstood.SYSLOG),
            entry("<131>Nov 24 03:00:32 db postgres[7]: " + line, NotUnderstood.SYSLOG),
            entry("<131>1 2026-11-24T03:00:32Z db postgres 7 - - " + line, NotUnderstood.SYSLOG),
            entry(
                "2026-11-24T03:00:32.100+00:00 db postgres[7]: [5-1] " + line,
                NotUnderstood.SYSLOG),
            entry("2026-11-24T03:00:32.100000000Z " + line, NotUnderstood.TIMESTAMPS),
            entry("[pod/db-0/postgres] " + line, NotUnderstood.POD),
            entry(
                "{\"log\":\"" + line.replace("\"", "\\\"") + "\\n\",\"stream\":\"stderr\"}",
                NotUnderstood.DOCKER_FILE));
    for (Map.Entry<String, NotUnderstood> reason : reasons.entrySet()) {
      assertThat(scan(reason.getKey(), reason.getKey()))
          .as(reason.getKey())
          .containsExactly(entry(reason.getValue(), 2L));
      assertThat(found).isEmpty();
    }
    assertThat(scan("Attaching to db-1", TIME + "LOG:  ready", "db-1  | " + line))
        .containsOnlyKeys(NotUnderstood.COMPOSE);
  }

  /** The server's lines in these records are in English, so the language is not the problem. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "GOOGLE | {\"textPayload\":\"LINE\",\"insertId\":\"a\",\"severity\":\"ERROR\"}",
        "GOOGLE | { \"insertId\": \"a\", \"textPayload\" : \"LINE\" }",
        "AZURE | {\"category\":\"PostgreSQLLogs\",\"properties\":{\"errorLevel\":\"ERROR\",\"message\":\"LINE\"}}",
        "RECORDS | {\"@timestamp\":\"2026-11-24\",\"log.level\":\"error\",\"message\":\"LINE\"}",
        "RECORDS | [{\"a\":\"\\\"textPayload\\\": LINE\"}]",
        "RECORDS | {",
        "LANGUAGE | Starting",
      })
  void recognizesRecordsOfOtherPrograms(NotUnderstood reason, String record) throws IOException {
    String line = TIME + "[7] ERROR: 22023: no";
    assertThat(scan(record.replace("LINE", line), record.replace("LINE", "x")))
        .containsExactly(entry(reason, 1L));
    assertThat(found).isEmpty();
    assertThat(
            scan(
                LogFormat.JSON,
                record.replace("LINE", line),
                "{\"error_severity\":\"LOG\",\"message\":\"ready\"}"))
        .doesNotContainKey(reason);
  }

  /** The recommended command passes the lines that the server has written. */
  @Test
  void remediesForRecordsNameTheirMembers() {
    assertThat(NotUnderstood.GOOGLE.remedy()).contains("jq -r .textPayload FILE | pghello logs -");
    assertThat(NotUnderstood.AZURE.remedy()).contains("jq -r .properties.message FILE");
  }

  @Test
  void readsRecordsOfCloudNativePg() throws IOException {
    String record =
        "{\"level\":\"info\",\"ts\":\"2026-11-24T03:00:32Z\",\"logger\":\"postgres\",\"msg\":\"record\","
            + "\"record\":{\"log_time\":\"2026-11-24 03:00:32.100 UTC\",\"user_name\":\"app\",\"process_id\":\"7\","
            + "\"error_severity\":\"ERROR\",\"sql_state_code\":\"42883\","
            + "\"message\":\"function pg_hello(unknown) does not exist\",\"query\":\"SELECT\"}}";
    String other = "{\"level\":\"info\",\"logger\":\"wal-archive\",\"msg\":\"Archived\"}";
    assertThat(scan(other, record, other)).isEmpty();
    assertThat(found).containsExactly("no_function 42883");
    assertThat(scan(other)).as("not a message of a server").isNotEmpty();
  }

  /** The server writes no state_code for success. */
  @Test
  void findsCrashInJson() throws IOException {
    assertThat(
            scan(
                "{\"timestamp\":\"2026-11-24 03:00:32.100 UTC\",\"pid\":7,\"error_severity\":\"LOG\","
                    + "\"message\":\"server process (PID 8) was terminated by signal 11: Segmentation fault\","
                    + "\"detail\":\"Failed process was running: SELECT pg_hello('x')\",\"query_id\":0}"))
        .isEmpty();
    assertThat(found).containsExactly("crash 00000");
  }

  @Test
  void countsDamagedRecords() throws IOException {
    String good = PlantedLog.line(LogFormat.JSON, true, PlantedLog.MESSAGES.get(0)).stripTrailing();
    for (String damaged :
        List.of(
            good.replace("repeat", "\\uZZZZ"),
            good.replace("repeat", "\\u12"),
            good.replace("repeat", "\\u-123"),
            good.replace("\"message\":", "\"massage\":"),
            good.replace("22023", "2202"),
            good.substring(0, 40),
            "damaged")) {
      assertThat(scan(LogFormat.JSON, good, damaged, good))
          .as(damaged)
          .containsExactly(entry(NotUnderstood.MALFORMED, 1L));
      assertThat(found).containsExactly("refused_argument 22023", "refused_argument 22023");
    }
  }

  @Test
  void countsLinesOfOtherFormats() throws IOException {
    PlantedLog.Message ours = PlantedLog.MESSAGES.get(0);
    assertThat(
            scan(
                TIME + "LOG:  ready",
                PlantedLog.line(LogFormat.CSV, true, ours)
                    + PlantedLog.line(LogFormat.JSON, true, ours)))
        .containsExactly(entry(NotUnderstood.LANGUAGE, 2L));
    assertThat(
            scan(
                PlantedLog.line(LogFormat.JSON, true, ours)
                    + PlantedLog.line(LogFormat.STDERR, true, ours)))
        .containsExactly(entry(NotUnderstood.MALFORMED, 1L));
  }

  /** All other lines are read, whatever one contains. */
  @ParameterizedTest
  @EnumSource(LogFormat.class)
  void survivesDamagedInput(LogFormat format) throws IOException {
    var random = new Random(43);
    var good = new StringBuilder();
    PlantedLog.MESSAGES.forEach(message -> good.append(PlantedLog.line(format, true, message)));
    String alphabet = "\\u\"',:{}[]()\t\r\n 0Z|<>\u001b\u00ff\0";
    for (int i = 0; i < 300; i++) {
      var damaged = new StringBuilder(good);
      for (int n = random.nextInt(1, 60); n > 0; n--) {
        int at = random.nextInt(damaged.length());
        char c = alphabet.charAt(random.nextInt(alphabet.length()));
        switch (random.nextInt(4)) {
          case 0 -> damaged.insert(at, c);
          case 1 -> damaged.setCharAt(at, c);
          case 2 -> damaged.deleteCharAt(at);
          default -> damaged.delete(at, Math.min(damaged.length(), at + random.nextInt(200)));
        }
      }
      scan(format, damaged + "\n" + PlantedLog.line(format, true, PlantedLog.MESSAGES.get(0)));
    }
  }
}
