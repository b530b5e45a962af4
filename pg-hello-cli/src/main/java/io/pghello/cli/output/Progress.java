// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/** How commands that take a while, and change something, say what they do. */
public final class Progress {
  private final CommandLine command;

  public Progress(CommandLine command) {
    this.command = command;
  }

  /** Says what is being done, to people only. */
  public void progress(String format, Object... arguments) {
    if (Ansi.AUTO.enabled()) {
      PrintWriter err = command.getErr();
      err.printf(Locale.ROOT, format + "%n", arguments);
      err.flush();
    }
  }

  public static double seconds(Duration duration) {
    return duration.toMillis() / 1e3;
  }

  /** Returns a duration in words, as in 1 h 5 min. */
  public static String inWords(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds < 120) {
      return String.format(Locale.ROOT, "%.1f s", seconds(duration));
    }
    long minutes = duration.toMinutes();
    if (minutes < 120) {
      return minutes + " min";
    }
    long hours = duration.toHours();
    return hours < 48
        ? hours + " h " + minutes % 60 + " min"
        : hours / 24 + " d " + hours % 24 + " h";
  }
}
