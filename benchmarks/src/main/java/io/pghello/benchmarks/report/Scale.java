// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The scale of a chart's axis, from low at its beginning to high at its end. */
record Scale(boolean logarithmic, double low, double high) {
  private static final double MARGIN = 0.04;

  /**
   * A mark of an axis.
   *
   * @param at where, as SVG says it
   * @param always whether a phone has room for its label
   * @param special whether its line is not one of the grid, but has the style {@code line}
   */
  record Tick(String at, String label, boolean always, boolean special, String line) {
    String style() {
      return always ? "tick" : "tick wide";
    }

    String grid() {
      return special ? line : "grid";
    }
  }

  /** A logarithmic scale on which all of these are seen; they must be positive. */
  static Scale logarithmic(List<Double> values) {
    double low = Math.log(min(values));
    double high = Math.log(max(values));
    double margin = MARGIN * Math.max(high - low, 0.1);
    return new Scale(true, Math.exp(low - margin), Math.exp(high + margin));
  }

  /** A scale on which all of these are seen: from zero, unless they lie powers of ten apart. */
  static Scale fitting(List<Double> values) {
    double min = min(values);
    double max = max(values);
    if (min > 0 && max >= 10 * min) {
      return logarithmic(values);
    }
    double low = Math.min(min, 0);
    double high = Math.max(max, 0);
    double margin = high > low ? MARGIN * (high - low) : 1;
    return new Scale(false, low < 0 ? low - margin : 0, high + margin);
  }

  private static double min(List<Double> values) {
    return values.stream().mapToDouble(value -> value).min().orElse(1);
  }

  private static double max(List<Double> values) {
    return values.stream().mapToDouble(value -> value).max().orElse(1);
  }

  /** Returns the place of a value, from 0 at the beginning of the axis to 1 at its end. */
  double at(double value) {
    return logarithmic
        ? Math.log(value / low) / Math.log(high / low)
        : (value - low) / (high - low);
  }

  Tick tick(double value, String label, boolean always, boolean special, String line) {
    return new Tick(percent(value), label, always, special, line);
  }

  /** Returns the place of a value as a percentage of the axis, as SVG writes it. */
  String percent(double value) {
    return percentOf(at(value));
  }

  /** A share of the width or height, from 0 to 1, as SVG says it. */
  static String percentOf(double share) {
    return String.format(Locale.ROOT, "%.2f%%", 100 * share);
  }

  /** Round values along the axis, as many as there may be. */
  List<Double> ticks(int most) {
    return logarithmic ? powers(most) : steps(most);
  }

  private List<Double> steps(int most) {
    double size = Math.pow(10, Math.floor(Math.log10((high - low) / most)));
    double step =
        List.of(1.0, 2.0, 5.0, 10.0).stream()
            .map(factor -> factor * size)
            .filter(each -> (high - low) / each <= most)
            .findFirst()
            .orElseThrow();
    return IntStream.rangeClosed((int) Math.ceil(low / step), (int) Math.floor(high / step))
        .mapToObj(i -> i * step)
        .toList();
  }

  private List<Double> powers(int most) {
    Stream<List<Double>> fewer =
        IntStream.rangeClosed(1, Double.MAX_EXPONENT).mapToObj(i -> powers(List.of(1), i));
    return Stream.concat(Stream.of(powers(List.of(1, 2, 5), 1)), fewer)
        .filter(ticks -> ticks.size() <= most)
        .findFirst()
        .orElseThrow();
  }

  /** Powers of ten, times the digits; 1 is always one of them, if the axis reaches it. */
  private List<Double> powers(List<Integer> digits, int every) {
    List<Double> ticks = new ArrayList<>();
    int first = (int) Math.floor(Math.log10(low));
    int last = (int) Math.floor(Math.log10(high));
    for (int power = first; power <= last; power++) {
      if (power % every == 0) {
        for (int digit : digits) {
          double tick = power < 0 ? digit / Math.pow(10, -power) : digit * Math.pow(10, power);
          if (tick >= low && tick <= high) {
            ticks.add(tick);
          }
        }
      }
    }
    return ticks;
  }
}
