// SPDX-License-Identifier: MIT
package io.pghello.cli.backup;

import io.pghello.cli.output.Failure;
import io.pghello.cli.system.Replacement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The file that tells node_exporter's textfile collector which backup can be restored. */
record VerifiedMetric(Path file) {
  private static final String NAME = "pg_hello_backup_verified_timestamp_seconds";
  private static final Pattern VALUE = Pattern.compile("(?m)^" + NAME + " ([0-9.]+)$");

  /** Refuses a file that could not be written, or that the collector would not read. */
  static VerifiedMetric in(Path named) {
    Path file = named.toAbsolutePath();
    Path folder = file.getParent();
    if (!file.toString().endsWith(".prom")) {
      throw Failure.unknown("the collector reads files whose name ends in .prom, and not " + named);
    }
    if (folder == null || !Files.isWritable(folder) || Files.isDirectory(file)) {
      throw Failure.unknown("cannot write " + named + ": its folder is not there or not writable");
    }
    return new VerifiedMetric(file);
  }

  /** Writes when a backup was made, unless a newer one is noted there. */
  void write(Instant time) throws IOException {
    double seconds = time.toEpochMilli() / 1e3;
    if (Files.exists(file)) {
      Matcher value = VALUE.matcher(Files.readString(file));
      if (value.find() && Double.parseDouble(value.group(1)) >= seconds) {
        return;
      }
    }
    String text =
        String.format(
            Locale.ROOT,
            """
            # HELP %1$s When the newest backup was made that pghello verify has restored and found right.
            # TYPE %1$s gauge
            %1$s %2$.3f
            """,
            NAME,
            seconds);
    Replacement.write(file, "rw-r--r--", text);
  }
}
