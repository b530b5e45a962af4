// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes a report as a self-contained page, without scripts or external resources. */
public final class Html {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 160;

  /** A value and its time, in seconds. */
  public record Point(double seconds, double value) {}

  private Html() {}

  public static String page(
      String title, String about, Table table, Map<String, List<Point>> plots) {
    var body = new StringBuilder();
    table(body, table);
    plots.forEach((name, points) -> plot(body, name, points));
    return String.format(
        Locale.ROOT,
        """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <title>%1$s</title>
      <style>
      body { font: 14px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 1100px; padding: 0 1em; color: #222 }
      table { border-collapse: collapse } th, td { padding: .3em .8em; text-align: left; border-bottom: 1px solid #ddd }
      td.n { text-align: right; font-variant-numeric: tabular-nums } tr.warning td { background: #fff4d6 }
      svg { width: 100%%; height: auto; background: #f7f7f7 } polyline { fill: none; stroke: #1a66b0; stroke-width: 1.5 }
      </style>
      </head>
      <body>
      <h1>%1$s</h1>
      <p>%2$s</p>
      %3$s
      </body>
      </html>
      """,
        escaped(title),
        escaped(about),
        body);
  }

  private static void table(StringBuilder body, Table table) {
    body.append("<table>\n<tr>");
    table.columns().forEach(name -> body.append("<th>").append(escaped(name)).append("</th>"));
    body.append("</tr>\n");
    for (List<@Nullable Object> row : table.rows()) {
      body.append(row.contains("warning") ? "<tr class=\"warning\">" : "<tr>");
      for (Object value : row) {
        body.append(value instanceof Number ? "<td class=\"n\">" : "<td>")
            .append(value == null ? "" : escaped(value.toString()))
            .append("</td>");
      }
      body.append("</tr>\n");
    }
    body.append("</table>\n");
  }

  private static void plot(StringBuilder body, String name, List<Point> points) {
    if (points.size() < 2) {
      return;
    }
    double first = points.get(0).seconds();
    double span = points.get(points.size() - 1).seconds() - first;
    double highest = points.stream().mapToDouble(Point::value).max().orElse(0);
    var line = new ArrayList<String>();
    for (Point point : points) {
      line.add(
          String.format(
              Locale.ROOT,
              "%.1f,%.1f",
              (point.seconds() - first) / span * WIDTH,
              HEIGHT - (highest > 0 ? point.value() / highest * (HEIGHT - 10) : 0)));
    }
    body.append(
        String.format(
            Locale.ROOT,
            "<h2>%s</h2>%n<p>calls per second, maximum %.1f</p>%n<svg viewBox=\"0 0 "
                + "%d %d\" role=\"img\"><polyline points=\"%s\"/></svg>%n",
            escaped(name),
            highest,
            WIDTH,
            HEIGHT,
            String.join(" ", line)));
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
