// SPDX-License-Identifier: MIT
package io.pghello.cli.report;

import io.pghello.cli.connect.OpsExtension;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Html;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.Table;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A report of the extension pg_hello_ops.
 *
 * @param since the length of the reported period, in the syntax of PostgreSQL intervals
 * @param label the label of the baseline to compare with
 */
public record Report(Kind kind, String since, String label) {
  /** The kind of a report. */
  public enum Kind {
    PERFORMANCE("SELECT * FROM hello_ops.pg_hello_performance_report(?::interval)"),
    BASELINE(
        "SELECT * FROM hello_ops.compare_with_baseline(label => ?::text, since => ?::interval)"),
    COMPLIANCE("SELECT * FROM hello_ops.compliance_report()");

    private final String sql;

    Kind(String sql) {
      this.sql = sql;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final String PLOTS =
      """
      SELECT function, seconds, coalesce(
        (calls - lag(calls) OVER w) / (seconds - lag(seconds) OVER w),
        (lead(calls) OVER w - calls) / (lead(seconds) OVER w - seconds))
      FROM (
        SELECT function, extract(epoch FROM max(taken_at)) AS seconds, max(counted_calls) AS calls
        FROM hello_ops.snapshot
        WHERE taken_at >= now() - ?::interval
        GROUP BY function, floor(extract(epoch FROM taken_at) / greatest(extract(epoch FROM ?::interval) / 200, 1))
      ) v
      WINDOW w AS (PARTITION BY function ORDER BY seconds)
      ORDER BY 1, 2
      """;

  /** Prints the report. Returns UNKNOWN if there is no data, and WARNING if there are warnings. */
  public Status print(Target target, boolean html, Output output) {
    PrintWriter out = output.out();
    try (Connection session = target.connect();
        PreparedStatement statement = session.prepareStatement(kind.sql)) {
      OpsExtension.check(session);
      List<String> parameters =
          switch (kind) {
            case PERFORMANCE -> List.of(since);
            case BASELINE -> List.of(label, since);
            case COMPLIANCE -> List.of();
          };
      for (int i = 0; i < parameters.size(); i++) {
        statement.setString(i + 1, parameters.get(i));
      }
      Table table;
      try (ResultSet rows = statement.executeQuery()) {
        table = Table.of(rows);
      }
      if (html) {
        String about =
            target.name()
                + (kind == Kind.COMPLIANCE ? "" : ", last " + since)
                + ", "
                + Instant.now();
        out.print(Html.page("pg_hello: " + kind, about, table, plots(session)));
      } else {
        output.print(table.toMaps(), text -> text.println(table));
      }
      out.flush();
      return status(table);
    } catch (SQLException e) {
      throw Failure.unknown(OpsExtension.explain(e));
    }
  }

  /** Returns the calls per second of each function over time, in up to about 200 steps. */
  private Map<String, List<Html.Point>> plots(Connection session) throws SQLException {
    var plots = new LinkedHashMap<String, List<Html.Point>>();
    if (kind != Kind.PERFORMANCE) {
      return plots;
    }
    try (PreparedStatement statement = session.prepareStatement(PLOTS)) {
      statement.setString(1, since);
      statement.setString(2, since);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          plots
              .computeIfAbsent(rows.getString(1), name -> new ArrayList<>())
              .add(new Html.Point(rows.getDouble(2), rows.getDouble(3)));
        }
      }
    }
    return plots;
  }

  private Status status(Table table) {
    return switch (kind) {
      case PERFORMANCE -> table.isEmptyIn("total_calls") ? Status.UNKNOWN : Status.OK;
      case BASELINE ->
          table.isEmptyIn("baseline_calls_per_second") || table.isEmptyIn("calls_per_second")
              ? Status.UNKNOWN
              : Status.OK;
      case COMPLIANCE -> table.contains("status", "warning") ? Status.WARNING : Status.OK;
    };
  }
}
