// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.pgbackrest;

import io.pghello.cli.backup.directory.Backup;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.TerminalText;
import io.pghello.cli.system.CleanupStack;
import io.pghello.cli.system.Programs;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/**
 * Runs the program pgBackRest for one stanza, which is pgBackRest's term for a server.
 *
 * @param config pgBackRest's configuration file; null for the default
 */
public record PgBackRest(String stanza, @Nullable Path config) {
  private static final Pattern LABEL =
      Pattern.compile("[0-9]{8}-[0-9]{6}F(?:_[0-9]{8}-[0-9]{6}[DI])?");
  private static final Pattern SEGMENT = Pattern.compile("[0-9A-F]{24}");

  /**
   * The contents of a repository.
   *
   * @param labels the labels of complete backups, oldest first
   * @param lastSegment the file name of the last WAL segment; null if there is none
   */
  public record Repository(List<String> labels, @Nullable String lastSegment) {}

  /** Returns the pgBackRest program for the stanza of a backup. */
  public static PgBackRest of(Backup backup) {
    String config = backup.config();
    return new PgBackRest(backup.stanza(), config == null ? null : Path.of(config));
  }

  /** Throws if pgBackRest is not installed on this machine. */
  public void check() {
    Failure.throwIf(
        !Programs.output("pgbackrest", "version").startsWith("pgBackRest"),
        "pgbackrest is not installed on this machine; install the package pgbackrest");
  }

  /**
   * Runs a command and waits for it.
   *
   * @param environment libpq's connection variables
   * @throws Failure if the command fails; the failure's message contains the command's error
   *     messages
   */
  public void run(
      CleanupStack undo,
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
    Map<String, String> variables = variables();
    variables.putAll(environment);
    try {
      undo.run(whole, variables, out);
    } catch (Failure e) {
      throw e.status() == Status.UNKNOWN
          ? e
          : Failure.critical("pgBackRest, stanza " + stanza + ": " + e.getMessage());
    }
  }

  /** Returns the environment variables that configure pgBackRest. */
  private static Map<String, String> variables() {
    var variables = new HashMap<>(System.getenv());
    variables.keySet().removeIf(name -> !name.startsWith("PGBACKREST_"));
    return variables;
  }

  /**
   * Returns the environment for a server that reads the archive. Asynchronous reads are disabled,
   * because they would use the spool directory of the original server.
   */
  static Map<String, String> serverEnvironment() {
    Map<String, String> variables = variables();
    variables.put("PGBACKREST_ARCHIVE_ASYNC", "n");
    return variables;
  }

  /** Queries the contents of the repository. */
  public Repository repository(CleanupStack undo) throws IOException {
    Path file = Files.createTempFile("pghello", ".json");
    try {
      run(undo, Map.of(), Redirect.to(file.toFile()), "info", List.of("--output=json"));
      return repository(Files.readString(file));
    } finally {
      Files.delete(file);
    }
  }

  // The fields that this class reads from pgBackRest's JSON.
  private record Stanza(@Nullable List<Label> backup, @Nullable List<Archive> archive) {}

  private record Label(String label) {}

  private record Archive(@Nullable String max) {}

  /** Parses the output of {@code pgbackrest info}. */
  static Repository repository(String info) {
    var labels = new ArrayList<String>();
    String segment = null;
    try {
      for (Stanza stanza : JSON.std.listOfFrom(Stanza.class, info)) {
        for (Label one : Objects.requireNonNullElse(stanza.backup(), List.<Label>of())) {
          labels.add(checked(LABEL, one.label()));
        }
        for (Archive one : Objects.requireNonNullElse(stanza.archive(), List.<Archive>of())) {
          segment = one.max() == null ? segment : checked(SEGMENT, one.max());
        }
      }
    } catch (JacksonException e) {
      throw Failure.critical("cannot parse the output of pgBackRest: " + e.getOriginalMessage());
    }
    return new Repository(labels, segment);
  }

  private static String checked(Pattern pattern, String value) {
    if (value == null || !pattern.matcher(value).matches()) {
      throw Failure.critical(
          "cannot parse the output of pgBackRest: " + TerminalText.line("" + value));
    }
    return value;
  }
}
