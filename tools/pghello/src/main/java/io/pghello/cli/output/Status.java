// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.util.Locale;
import picocli.CommandLine.Help.Ansi;

/** Exit status of a check, as monitoring plugins define it. */
public enum Status {
  OK(0, 0, "green"),
  WARNING(1, 1, "yellow"),
  CRITICAL(2, 3, "red"),
  UNKNOWN(3, 2, "magenta");

  private final int exitCode;
  private final int gravity;
  private final String colour;

  Status(int exitCode, int gravity, String colour) {
    this.exitCode = exitCode;
    this.gravity = gravity;
    this.colour = colour;
  }

  public int exitCode() {
    return exitCode;
  }

  /** Returns its name in eight columns, in colour on a terminal. */
  public String coloured() {
    return Ansi.AUTO.string(String.format(Locale.ROOT, "@|%s %-8s|@", colour, this));
  }

  /** Returns the graver of two; what is not known is graver than a warning only. */
  public Status or(Status other) {
    return gravity >= other.gravity ? this : other;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
