// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.List;

/** The median and the quartiles of some values. */
public record Spread(double lower, double median, double upper) {

  static Spread of(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return new Spread(quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75));
  }

  /** Interpolates between the two nearest values, as spreadsheets do. */
  private static double quantile(List<Double> sorted, double share) {
    double position = share * (sorted.size() - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.size() - 1);
    return sorted.get(below) + (position - below) * (sorted.get(above) - sorted.get(below));
  }
}
