// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.util.Locale;
import picocli.CommandLine.Help.Ansi;

/** Exit status of a check, as defined by the monitoring plugin format. */
public enum Status {
  OK(0, 0, "green"),
  WARNING(1, 1, "yellow"),
  CRITICAL(2, 3, "red"),
  UNKNOWN(3, 2, "magenta");

  private final int exitCode;
  private final int severity;
  private final String colour;

  Status(int exitCode, int severity, String colour) {
    this.exitCode = exitCode;
    this.severity = severity;
    this.colour = colour;
  }

  public int exitCode() {
    return exitCode;
  }

  /** Returns the name padded to eight columns, in colour on a terminal. */
  public String coloured() {
    return Ansi.AUTO.string(String.format(Locale.ROOT, "@|%s %-8s|@", colour, this));
  }

  /**
   * Returns the more severe of two statuses. UNKNOWN is more severe than WARNING, but less severe
   * than CRITICAL.
   */
  public Status or(Status other) {
    return severity >= other.severity ? this : other;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
