// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.pgbackrest;

import io.pghello.cli.backup.folder.Backup;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Printable;
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
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/**
 * The program pgBackRest for one server, which it calls a stanza.
 *
 * @param config its file; null for the usual one
 */
public record PgBackRest(String stanza, @Nullable Path config) {
  private static final Pattern LABEL =
      Pattern.compile("[0-9]{8}-[0-9]{6}F(?:_[0-9]{8}-[0-9]{6}[DI])?");
  private static final Pattern SEGMENT = Pattern.compile("[0-9A-F]{24}");

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

  /** Returns the variables by which it may be configured. */
  private static Map<String, String> variables() {
    var variables = new HashMap<>(System.getenv());
    variables.keySet().removeIf(name -> !name.startsWith("PGBACKREST_"));
    return variables;
  }

  /**
   * Returns the environment of a server that reads the archive, whose spool directory would be the
   * original's.
   */
  static Map<String, String> serverEnvironment() {
    Map<String, String> variables = variables();
    variables.put("PGBACKREST_ARCHIVE_ASYNC", "n");
    return variables;
  }

  /** Asks for the contents of the repository. */
  public Repository repository(Undo undo) throws IOException {
    Path file = Files.createTempFile("pghello", ".json");
    try {
      run(undo, Map.of(), Redirect.to(file.toFile()), "info", List.of("--output=json"));
      return repository(Files.readString(file));
    } finally {
      Files.delete(file);
    }
  }

  // what is read of pgBackRest's answer, by its names
  private record Stanza(@Nullable List<Label> backup, @Nullable List<Archive> archive) {}

  private record Label(String label) {}

  private record Archive(@Nullable String max) {}

  /** Reads what pgBackRest says of a stanza. */
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
      throw Failure.critical("cannot read what pgBackRest says: " + e.getOriginalMessage());
    }
    return new Repository(labels, segment);
  }

  private static String checked(Pattern pattern, String value) {
    if (value == null || !pattern.matcher(value).matches()) {
      throw Failure.critical("cannot read what pgBackRest says: " + Printable.line("" + value));
    }
    return value;
  }
}
