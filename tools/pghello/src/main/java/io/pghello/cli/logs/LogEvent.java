// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import io.pghello.cli.connect.ExtensionFunctions;
import io.pghello.cli.output.Status;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Events of the extension that a server's log can report. */
public enum LogEvent {
  REFUSED_ARGUMENT(
      Status.WARNING,
      "22023",
      "repeat count must be between \\d+ and \\d+, but is -?\\d+"
          + "|argument \"(?:names|repeats)\" must have one dimension"
          + "|arguments \"names\" and \"repeats\" must have the same length",
      "the program passes an invalid count or invalid arrays"),
  REFUSED_SETTING(
      Status.WARNING,
      "22023 42602 42704 42501",
      "-?\\d+ is outside the valid range for parameter \"pg_hello\\..*"
          + "|invalid value for parameter \"pg_hello\\..*"
          + "|parameter \"pg_hello\\..*"
          + "|(?:invalid|unrecognized) configuration parameter(?: name)? \"pg_hello\\..*"
          + "|permission denied to set parameter \"pg_hello\\..*",
      "pg_hello.repeat must be between 1 and 10, and is the only setting"),
  TOO_LARGE(
      Status.WARNING,
      "54000",
      "greetings? exceeds? the maximum size of a value",
      "the program passes names that are too long, or too many of them in one call"),
  NO_PRIVILEGE(
      Status.WARNING,
      "42501",
      "permission denied for (?:function "
          + ExtensionFunctions.PG_HELLO_NAMES
          + "|schema hello_ops)"
          + "|must be owner of extension \"?pg_hello(?:_ops)?\"?",
      "grant hello_user to the role, or hello_monitor for hello_ops"),
  NO_FUNCTION(
      Status.CRITICAL,
      "42883",
      "function (?:\\S+\\.)?" + ExtensionFunctions.PG_HELLO_NAMES + "\\(.*\\) does not exist",
      "the extension does not exist in the database, is not on the search_path, or is too "
          + "old: run pghello health"),
  NO_LIBRARY(
      Status.CRITICAL,
      "58P01 XX000 42501 0A000 22023",
      "could not (?:access file|load library|find library|read file) \"[^\"]*\\bpg_hello(?:\\.so)?\".*"
          + "|incompatible library \"[^\"]*\\bpg_hello(?:\\.so)?\".*",
      "the library is missing, or was built for another server: reinstall the extension's files"),
  OLD_LIBRARY(
      Status.CRITICAL,
      "42883",
      "could not find function \"[^\"]*\" in file \"[^\"]*\\bpg_hello(?:\\.so)?\"",
      "the library is older than the extension: install the extension's files, then "
          + "recycle connection pools"),
  EXTENSION(
      Status.CRITICAL,
      "42704 42710 0A000 22023 55000 2BP01 42P07 42723",
      "(?:(?:required )?extension \"pg_hello(?:_ops)?\" .*"
          + "|could not open extension control file \"[^\"]*/pg_hello(?:_ops)?\\.control\".*"
          + "|cannot (?:drop|alter) .*extension pg_hello(?:_ops)? .*)",
      "a change of the extension failed"),
  NO_CONTROL_FILE(
      Status.CRITICAL,
      "58P01",
      "could not (?:open|access) (?:extension control )?file "
          + "\"[^\"]*/pg_hello(?:_ops)?(?:--[^\"]*)?\\.(?:control|sql)\".*",
      "reinstall the extension's files"),
  CRASH(
      Status.CRITICAL,
      "00000",
      "server process \\(PID [0-9]+\\) (?:was terminated by|exited with) .*",
      "a server process ended while it called the extension: keep its core file and "
          + "this part of the log (signal 9 means that an administrator killed the process, or "
          + "that the machine ran out of memory)"),
  SNAPSHOT(
      Status.WARNING,
      "22023 55000",
      "retention must be greater than zero, but is .*|the newest snapshot is of .*, and it is .*",
      "check the callers of take_snapshot(), and the server's clock");

  /** Matches a call of one of the extension's functions in a statement. */
  static final Pattern CALL =
      Pattern.compile("\\b" + ExtensionFunctions.PG_HELLO_NAMES + "\\s*\\(");

  // Each message about the extension contains one of these words. Most messages contain none, and
  // searching for words is faster than matching a pattern.
  private static final List<String> WORDS =
      List.of(
          "hello",
          "now_ms",
          "spi_version",
          "repeat",
          "names",
          "greeting",
          "process",
          "retention",
          "snapshot");

  private static final Pattern ANY = any();

  private final Status status;

  @SuppressWarnings("ImmutableEnumChecker") // Immutable, because Set.of created it.
  private final Set<String> states;

  private final Pattern message;
  private final String remedy;

  LogEvent(Status status, String states, String pattern, String fix) {
    this.status = status;
    this.states = Set.of(states.split(" "));
    // In stderr logs, the error's position in the statement follows the message. With DOTALL, a
    // value can contain characters that Java treats as line ends.
    this.message = Pattern.compile("(?:" + pattern + ")(?: at character [0-9]+)?", Pattern.DOTALL);
    this.remedy = fix;
  }

  private static Pattern any() {
    var any = new StringJoiner("|");
    for (LogEvent event : values()) {
      any.add(event.message.pattern());
    }
    return Pattern.compile(any.toString(), Pattern.DOTALL);
  }

  /**
   * Returns the event that a log message reports; null if the message is not about the extension.
   *
   * @param state the SQLSTATE; null if it is not in the log
   */
  public static @Nullable LogEvent of(@Nullable String state, String message) {
    if (!hasWord(message) || !ANY.matcher(message).matches()) {
      return null;
    }
    for (LogEvent event : values()) {
      if ((state == null || event.states.contains(state)) && event.isIn(message)) {
        return event;
      }
    }
    return null;
  }

  private static boolean hasWord(String message) {
    for (String word : WORDS) {
      if (message.contains(word)) {
        return true;
      }
    }
    return false;
  }

  boolean isIn(String text) {
    return message.matcher(text).matches();
  }

  Status status() {
    return status;
  }

  String remedy() {
    return remedy;
  }

  /** Returns the lower-case name, e.g. no_library. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
