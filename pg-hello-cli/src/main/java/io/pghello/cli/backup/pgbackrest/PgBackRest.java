// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.pgbackrest;

import io.pghello.cli.backup.folder.Backup;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Status;
import io.pghello.cli.system.Programs;
import io.pghello.cli.system.Undo;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The program pgBackRest for one server, which it calls a stanza.
 *
 * @param config its file; null for the usual one
 */
public record PgBackRest(String stanza, @Nullable Path config) {
  private static final Pattern LABEL =
      Pattern.compile("\"label\" *: *\"([0-9]{8}-[0-9]{6}F(?:_[0-9]{8}-[0-9]{6}[DI])?)\"");
  private static final Pattern LAST_SEGMENT = Pattern.compile("\"max\" *: *\"([0-9A-F]{24})\"");

  /**
   * The contents of a repository.
   *
   * @param labels of complete backups, the oldest first
   * @param lastSegment the file name of the last segment of WAL; null if there is none
   */
  public record Repository(List<String> labels, @Nullable String lastSegment) {}

  /** Returns the program for the server that a backup is of. */
  public static PgBackRest of(Backup backup) {
    String config = backup.config();
    return new PgBackRest(backup.stanza(), config == null ? null : Path.of(config));
  }

  /** Fails if the program is not on this machine. */
  public void check() {
    Failure.refuseIf(
        !Programs.output("pgbackrest", "version").startsWith("pgBackRest"),
        "needs pgbackrest on this machine: install it");
  }

  /**
   * Runs one of its commands to the end.
   *
   * @param environment how libpq connects
   * @throws Failure with its messages if it fails
   */
  public void run(
      Undo undo,
      Map<String, String> environment,
      Redirect out,
      String command,
      List<String> options) {
    var whole = new ArrayList<>(List.of("pgbackrest", "--stanza=" + stanza));
    if (config != null) {
      whole.add("--config=" + config);
    }
    whole.addAll(
        List.of("--log-level-console=off", "--log-level-stderr=error", "--no-log-timestamp"));
    whole.addAll(options);
    whole.add(command);
    var variables = new HashMap<>(environment);
    System.getenv()
        .forEach(
            (name, value) -> {
              if (name.startsWith("PGBACKREST_")) {
                variables.put(name, value);
              }
            });
    try {
      undo.run(whole, variables, out);
    } catch (Failure e) {
      throw e.status() == Status.UNKNOWN
          ? e
          : Failure.critical("pgBackRest, stanza " + stanza + ": " + e.getMessage());
    }
  }

  public Repository repository(Undo undo) throws IOException {
    Path file = Files.createTempFile("pghello", ".json");
    try {
      run(undo, Map.of(), Redirect.to(file.toFile()), "info", List.of("--output=json"));
      String info = Files.readString(file);
      List<String> segments = found(LAST_SEGMENT, info);
      return new Repository(
          found(LABEL, info), segments.isEmpty() ? null : segments.get(segments.size() - 1));
    } finally {
      Files.delete(file);
    }
  }

  private static List<String> found(Pattern pattern, String info) {
    return pattern.matcher(info).results().map((MatchResult result) -> result.group(1)).toList();
  }
}
