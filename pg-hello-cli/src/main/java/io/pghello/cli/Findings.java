// SPDX-License-Identifier: MIT
package io.pghello.cli;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help.Ansi;

/** What the checks of one database have found, in their order. Not thread-safe. */
final class Findings {
  private final List<Finding> findings = new ArrayList<>();

  void add(Finding finding) {
    findings.add(finding);
  }

  void ok(String check, String text) {
    findings.add(Finding.ok(check, text));
  }

  /** Says why there is no connection, or none any more. */
  void lost(SQLException e) {
    boolean logIn = isLogIn(state(e));
    add(
        new Finding(
            refusesUs(e) ? Status.UNKNOWN : Status.CRITICAL,
            "connection",
            message(e),
            logIn
                ? "check the role, and its password in ~/.pgpass, PGPASSWORD or the service"
                : null));
  }

  /** Returns whether the server answers, but does not let this role in, or do this. */
  static boolean refusesUs(SQLException e) {
    String state = state(e);
    return isLogIn(state) || state.equals("42501") || state.equals("3D000");
  }

  private static boolean isLogIn(String state) {
    // 08004 is the driver's, as where the server asks for a password and there is none
    return state.startsWith("28") || state.equals("08004");
  }

  private static String state(SQLException e) {
    return e.getSQLState() == null ? "" : e.getSQLState();
  }

  /** Returns the first line of the server's or driver's message, with the SQLSTATE. */
  static String message(SQLException e) {
    String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
    return state(e).isEmpty() ? line : line + " (SQLSTATE " + state(e) + ")";
  }

  boolean isEmpty() {
    return findings.isEmpty();
  }

  Status status() {
    return findings.stream().map(Finding::status).reduce(Status.OK, Status::or);
  }

  List<String> texts(Status status) {
    return findings.stream().filter(f -> f.status() == status).map(Finding::text).toList();
  }

  /** Returns the first of the gravest findings, or if all is well the last. */
  private Finding gravest() {
    Status status = status();
    return status == Status.OK
        ? findings.get(findings.size() - 1)
        : findings.stream().filter(f -> f.status() == status).findFirst().orElseThrow();
  }

  /** Returns a line for monitoring plugins, whose figures are after a bar, and one for each. */
  String toText(Target target, String figures) {
    var text = new StringBuilder();
    text.append(status().name())
        .append(" - ")
        .append((target.name() + ": " + gravest().text()).replace('|', '/'))
        .append(figures)
        .append(System.lineSeparator());
    for (Finding finding : findings) {
      text.append(
          Ansi.AUTO.string(
              String.format(
                  Locale.ROOT, "@|%s %-8s|@", finding.status().colour(), finding.status())));
      text.append(String.format(Locale.ROOT, "  %-12s  %s%n", finding.check(), finding.text()));
      if (finding.remedy() != null) {
        text.append(String.format(Locale.ROOT, "%-24s%s%n", "", finding.remedy()));
      }
    }
    return text.toString();
  }

  String toJson(Target target, Map<String, @Nullable Object> more) {
    var map = new LinkedHashMap<String, @Nullable Object>();
    map.put("status", status().toString());
    map.put("database", target.name());
    map.putAll(more);
    map.put("findings", findings.stream().map(Finding::toMap).toList());
    return Json.write(map);
  }
}
