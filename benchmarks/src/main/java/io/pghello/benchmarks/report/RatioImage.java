// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import com.samskivert.mustache.Template;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.harness.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The ratios that are judged as an image that stands alone, for pages that hosts render. */
final class RatioImage {
  private static final Template IMAGE = Templates.compile("ratios.svg");

  // those of ratios.svg
  private static final int TOP = 112;
  private static final int BAR = 44;
  private static final int HEADING = 34;
  private static final int BOTTOM = 40;

  /** The name of a benchmark, above its rows. */
  private record Heading(int y, String name) {}

  private record Line(int y, RatioChart.Bar bar) {}

  private RatioImage() {}

  /** Draws the rows of these benchmarks whose ratio has a target. */
  static String svg(Report report, List<String> benchmarks) {
    List<Heading> headings = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    List<Result> results = new ArrayList<>();
    int y = TOP;
    for (Report.Section section : report.benchmarks()) {
      if (benchmarks.contains(section.name())) {
        headings.add(new Heading(y, section.name()));
        y += HEADING;
        for (Result result : section.results().stream().filter(RatioImage::isShown).toList()) {
          results.add(result);
          places.add(y);
          y += BAR;
        }
      }
    }
    RatioChart chart = RatioChart.of("row", results);
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < places.size(); i++) {
      lines.add(new Line(places.get(i), chart.bars().get(i)));
    }
    return IMAGE.execute(
        Map.of(
            "chart", chart,
            "headings", headings,
            "lines", lines,
            "bottom", y,
            "height", y + BOTTOM,
            "description",
                lines.stream()
                    .map(line -> line.bar.row())
                    .map(row -> row.name() + " against " + row.peer())
                    .collect(Collectors.joining("; "))));
  }

  private static boolean isShown(Result result) {
    Row row = result.row();
    return row.target() != null && row.judged() == Row.Judged.RATIO && RatioChart.draws(result);
  }
}
