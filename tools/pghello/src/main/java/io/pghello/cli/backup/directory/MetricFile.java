// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.directory;

import io.pghello.cli.output.Failure;
import io.pghello.cli.system.Replacement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file for node_exporter's textfile collector with the times of the last verified backups and of
 * the last successful maintenance. Updates keep the metrics of other databases.
 */
public record MetricFile(Path file) {
  private static final String VERIFIED = "pg_hello_backup_verified_timestamp_seconds";
  private static final String RESTORE = "pg_hello_restore_seconds";
  private static final String BASE = "pg_hello_base_backup_verified_timestamp_seconds";
  private static final String MAINTAINED = "pg_hello_maintain_success_timestamp_seconds";
  private static final Map<String, String> HELP =
      new TreeMap<>(
          Map.of(
              VERIFIED,
              "Creation time of the newest backup of a database that pghello verify "
                  + "has restored and compared successfully; with pgBackRest, the recovery point.",
              RESTORE,
              "Time that pghello verify took to restore the newest verified backup of a database.",
              BASE,
              "Creation time of the newest backup of the whole server that pghello "
                  + "verify has restored and read successfully.",
              MAINTAINED,
              "Time of the last successful pghello maintain."));
  // Only \n ends a line, because names may contain all other characters.
  private static final Pattern SAMPLE =
      Pattern.compile(
          "(?md)^((?:(?:%s|%s|%s)\\{.+}|%s)) ([0-9]+\\.[0-9]{3})$"
              .formatted(VERIFIED, RESTORE, MAINTAINED, BASE));

  /**
   * Returns the metric file; null if no file is named. Throws if the file cannot be written, or if
   * the collector would not read it.
   */
  public static @Nullable MetricFile in(@Nullable Path named) {
    if (named == null || named.toString().isEmpty()) {
      return null;
    }
    Path file = named.toAbsolutePath();
    Path folder = file.getParent();
    Failure.throwIf(
        !file.toString().endsWith(".prom"),
        "the collector only reads files with names ending in .prom, not " + named);
    Failure.throwIf(
        folder == null || !Files.isWritable(folder) || Files.isDirectory(file),
        "cannot write " + named + ": its directory does not exist or is not writable");
    return new MetricFile(file);
  }

  /** Records the time of a verified backup of a database, unless a newer one is recorded. */
  public void verified(String database, Instant made, Duration restore) throws IOException {
    Map<String, Double> samples = read();
    String labels = labels("database", database);
    if (put(samples, VERIFIED + labels, made)) {
      samples.put(RESTORE + labels, restore.toMillis() / 1e3);
      write(samples);
    }
  }

  /** Records the time of a verified backup of the whole server, unless a newer one is recorded. */
  public void baseBackupVerified(Instant made) throws IOException {
    Map<String, Double> samples = read();
    if (put(samples, BASE, made)) {
      write(samples);
    }
  }

  /**
   * Records a successful maintenance at the current time.
   *
   * @param rhythm the schedule, e.g. {@code daily}
   */
  public void maintained(String rhythm) throws IOException {
    Map<String, Double> samples = read();
    samples.put(MAINTAINED + labels("rhythm", rhythm), seconds(Instant.now()));
    write(samples);
  }

  /**
   * Records a time. If a newer time is already recorded, and this newer time is not in the future,
   * changes nothing and returns false.
   */
  private static boolean put(Map<String, Double> samples, String series, Instant time) {
    double there = samples.getOrDefault(series, 0.0);
    if (there > seconds(time) && there <= seconds(Instant.now())) {
      return false;
    }
    samples.put(series, seconds(time));
    return true;
  }

  private static double seconds(Instant time) {
    return time.toEpochMilli() / 1e3;
  }

  private static String labels(String name, String value) {
    String escaped = value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    return "{" + name + "=\"" + escaped + "\"}";
  }

  private Map<String, Double> read() throws IOException {
    var samples = new TreeMap<String, Double>();
    if (Files.exists(file)) {
      Matcher sample = SAMPLE.matcher(Files.readString(file));
      while (sample.find()) {
        samples.put(sample.group(1), Double.valueOf(sample.group(2)));
      }
    }
    return samples;
  }

  private void write(Map<String, Double> samples) throws IOException {
    var text = new StringBuilder();
    HELP.forEach(
        (name, help) -> {
          String head = "# HELP " + name + " " + help + "\n# TYPE " + name + " gauge\n";
          for (Map.Entry<String, Double> sample : samples.entrySet()) {
            if (sample.getKey().replaceFirst("\\{(?s:.*)", "").equals(name)) {
              text.append(head)
                  .append(
                      String.format(Locale.ROOT, "%s %.3f\n", sample.getKey(), sample.getValue()));
              head = "";
            }
          }
        });
    Replacement.write(file, "rw-r--r--", text.toString());
  }
}
