// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import java.io.PrintStream;
import java.util.Locale;

/** Shows the current measurement and the remaining time on a terminal. */
public final class ProgressLine {
  private static final int WIDTH = 79;

  private final PrintStream terminal;
  private final boolean shown;
  private final String name;
  private final int steps;
  private final long start = System.nanoTime();
  private int done;

  /** Creates a progress line for a number of steps. Prints nothing unless {@code shown} is true. */
  public ProgressLine(PrintStream terminal, boolean shown, String name, int steps) {
    this.terminal = terminal;
    this.shown = shown;
    this.name = name;
    this.steps = steps;
  }

  /** Shows the next step. */
  public void step(String what) {
    if (shown) {
      double seconds = (System.nanoTime() - start) / 1e9;
      String left =
          done == 0
              ? ""
              : String.format(Locale.ROOT, ", about %.0f s left", seconds / done * (steps - done));
      line(String.format(Locale.ROOT, "%s, %d of %d%s: %s", name, done + 1, steps, left, what));
    }
    done++;
  }

  /** Clears the line for other output. */
  public void clear() {
    if (shown) {
      line("");
      terminal.print("\r");
    }
  }

  private void line(String text) {
    String cut = text.length() > WIDTH ? text.substring(0, WIDTH) : text;
    terminal.print("\r" + cut + " ".repeat(WIDTH - cut.length()));
    terminal.flush();
  }
}
