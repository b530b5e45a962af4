// SPDX-License-Identifier: MIT
package io.pghello.cli.logs;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The reason why a log line is not understood, with the fix. */
enum NotUnderstood {
  LANGUAGE("set lc_messages = 'C', so that the server logs in English, or pass --format"),
  MALFORMED("these lines are damaged, or from another program: pass only the server's log"),
  NAME(
      "a user, database, application or host name in log_line_prefix may have faked them:"
          + " set log_destination = 'jsonlog' or 'csvlog' and read those files"),
  COMPOSE(
      "docker compose puts the service's name before each line:"
          + " use docker compose logs --no-log-prefix SERVICE"),
  SYSLOG(
      "syslog puts a header before each line: add jsonlog or csvlog to log_destination, set"
          + " logging_collector = on and read those files, or use journalctl -o cat"),
  TIMESTAMPS("docker or kubectl puts a time before each line: omit --timestamps"),
  POD("kubectl puts the pod's name before each line: omit --prefix"),
  DOCKER_FILE(
      "this is Docker's log file of a container: pass the output of docker logs CONTAINER instead"),
  GOOGLE(
      "these are records of Google Cloud: pass the server's lines,"
          + " e.g. jq -r .textPayload FILE | pghello logs -"),
  AZURE(
      "these are records of Azure: pass the server's lines,"
          + " e.g. jq -r .properties.message FILE | pghello logs -"),
  RECORDS(
      "these are JSON records of another program: pass the member that contains the server's line,"
          + " e.g. jq -r .message FILE | pghello logs -");

  // syslog lines begin with an abbreviated month or a priority, or with an ISO 8601 time and a
  // program.
  private static final Pattern WRAPPED =
      Pattern.compile(
          "(?:\\x1b\\[[0-9;]*m)*(?:(?<compose>[\\w.@-]+ {2,}\\| )"
              + "|(?<syslog><[0-9]{1,3}>|[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} "
              + "|[0-9]{4}-[0-9]{2}-[0-9]{2}T\\S+ \\S+ [^\\s:]+\\[[0-9]+\\]: )"
              + "|(?<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+\\S* )"
              + "|(?<pod>\\[pod/)"
              + "|(?<docker>\\{\"log\":\"))");

  private static final Pattern TEXT_PAYLOAD = Pattern.compile("\"textPayload\"\\s*:");
  private static final Pattern PROPERTIES = Pattern.compile("\"properties\"\\s*:\\s*\\{");

  private final String remedy;

  NotUnderstood(String remedy) {
    this.remedy = remedy;
  }

  String remedy() {
    return remedy;
  }

  /** Returns the reason if another program has added a prefix to the line; null otherwise. */
  static @Nullable NotUnderstood wrapperOf(String line) {
    if (beginsWithTime(line)) {
      return null;
    }
    var wrapped = WRAPPED.matcher(line);
    if (!wrapped.lookingAt()) {
      return null;
    }
    return wrapped.group("compose") != null
        ? COMPOSE
        : wrapped.group("syslog") != null
            ? SYSLOG
            : wrapped.group("time") != null
                ? TIMESTAMPS
                : wrapped.group("pod") != null ? POD : DOCKER_FILE;
  }

  /** Returns the reason if a line is JSON, but not of the server; null otherwise. */
  static @Nullable NotUnderstood recordOf(String line) {
    if (!line.startsWith("{") && !line.startsWith("[")) {
      return null;
    }
    return TEXT_PAYLOAD.matcher(line).find()
        ? GOOGLE
        : PROPERTIES.matcher(line).find() ? AZURE : RECORDS;
  }

  /** Returns whether a line begins with a date and a time, as most lines do. */
  private static boolean beginsWithTime(String line) {
    return line.length() > 13
        && line.charAt(4) == '-'
        && line.charAt(10) == ' '
        && line.charAt(13) == ':'
        && line.charAt(0) == '2';
  }
}
