// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.util.List;

/** Plots values with text characters. */
public final class Plot {
  private static final String LEVELS = " ▁▂▃▄▅▆▇█";
  private static final String PARTS = " ▏▎▍▌▋▊▉█";

  private Plot() {}

  /** Returns a line with one character for each value. The highest value is a full block. */
  public static String line(List<Double> values) {
    double highest = values.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    var line = new StringBuilder();
    for (double value : values) {
      int level = highest > 0 ? (int) Math.ceil(Math.max(0, value) / highest * 8) : 0;
      line.append(LEVELS.charAt(level));
    }
    return line.toString();
  }

  /**
   * Returns a bar whose length is proportional to the value. The highest value has the full width.
   */
  public static String bar(double value, double highest, int width) {
    int eighths = highest > 0 ? (int) Math.round(value / highest * width * 8) : 0;
    String whole = "█".repeat(eighths / 8);
    return eighths % 8 == 0 ? whole : whole + PARTS.charAt(eighths % 8);
  }
}
