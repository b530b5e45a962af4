// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The findings of all checks of a database, in the order of the checks. Not thread-safe. */
public final class Findings {
  private final List<Finding> findings = new ArrayList<>();

  public void add(Finding finding) {
    findings.add(finding);
  }

  public void ok(String check, String text) {
    findings.add(Finding.ok(check, text));
  }

  public void add(Status status, String check, String text, @Nullable String remedy) {
    findings.add(new Finding(status, check, text, remedy));
  }

  /** Adds a finding for a failed or lost connection. */
  public void lost(SQLException e) {
    add(
        SqlErrors.isRejection(e) ? Status.UNKNOWN : Status.CRITICAL,
        "connection",
        SqlErrors.message(e),
        SqlErrors.remedy(e));
  }

  public boolean isEmpty() {
    return findings.isEmpty();
  }

  public Status status() {
    return findings.stream().map(Finding::status).reduce(Status.OK, Status::or);
  }

  public List<String> texts(Status status) {
    return findings.stream().filter(f -> f.status() == status).map(Finding::text).toList();
  }

  /** Returns the first of the most severe findings; the last finding if all are OK. */
  private Finding mostSevere() {
    Status status = status();
    return status == Status.OK
        ? findings.get(findings.size() - 1)
        : findings.stream().filter(f -> f.status() == status).findFirst().orElseThrow();
  }

  /**
   * Returns the findings as text. The first line follows the monitoring plugin format, with
   * performance data after a bar. The other lines contain the findings, each followed by its remedy
   * if there is one.
   */
  String toText(String database, String figures) {
    var text = new StringBuilder();
    text.append(status().name())
        .append(" - ")
        .append(line(database + ": " + mostSevere().text()))
        .append(figures)
        .append(System.lineSeparator());
    for (Finding finding : findings) {
      text.append(finding.status().coloured());
      text.append(
          String.format(Locale.ROOT, "  %-12s  %s%n", finding.check(), line(finding.text())));
      if (finding.remedy() != null) {
        text.append(String.format(Locale.ROOT, "%-24s%s%n", "", line(finding.remedy())));
      }
    }
    return text.toString();
  }

  /**
   * Returns a single line without a bar, because the monitoring plugin format reserves the bar for
   * performance data.
   */
  private static String line(String text) {
    return TerminalText.line(text).replace("|", "\\u007c");
  }

  Map<String, @Nullable Object> toMap(String database, Map<String, @Nullable Object> more) {
    var map = new LinkedHashMap<String, @Nullable Object>();
    map.put("status", status());
    map.put("database", database);
    map.putAll(more);
    map.put("findings", findings);
    return map;
  }
}
