// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static java.util.stream.Collectors.joining;

import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.TerminalText;
import io.pghello.cli.system.Replacement;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A file with the statements that revert {@code harden} in one database. It belongs to the user who
 * ran {@code harden}. It applies to only one server address, because physical copies and standbys
 * have the same identifiers as the original.
 */
record UndoFile(Path folder, String ofCopies, Path path) {
  private static final String DATABASE =
      """
      SELECT format('harden-%s-%s-', s.system_identifier, d.oid)
      FROM pg_control_system() s CROSS JOIN pg_database d
      WHERE d.datname = current_database()
      """;

  private static final Pattern IDENTIFIERS = Pattern.compile("harden-[0-9]{1,20}-[0-9]{1,10}-");

  /** Returns the file for the database of a session. The file may not exist. */
  static UndoFile of(Connection session, Target target) throws SQLException {
    String state = System.getenv("XDG_STATE_HOME");
    Path folder =
        (state != null && state.startsWith("/")
                ? Path.of(state)
                : Path.of(System.getProperty("user.home"), ".local", "state"))
            .resolve("pghello");
    return of(folder, String.valueOf(Query.value(session, DATABASE)), target.address());
  }

  /**
   * Returns the file with the given identifiers in its name. Rejects identifiers that would lead to
   * another directory, because the server may be hostile.
   */
  static UndoFile of(Path folder, String ofCopies, String address) {
    Failure.throwIf(
        !IDENTIFIERS.matcher(ofCopies).matches(),
        "the server returned invalid identifiers: " + TerminalText.line(ofCopies));
    String encoded = URLEncoder.encode(address, StandardCharsets.UTF_8);
    return new UndoFile(folder, ofCopies, folder.resolve(ofCopies + encoded + ".sql"));
  }

  /** Returns a note about files for other addresses; empty if there are none. */
  String ofOtherAddresses() throws IOException {
    if (!Files.isDirectory(folder)) {
      return "";
    }
    try (Stream<Path> files = Files.list(folder)) {
      String others =
          files
              .filter(file -> file.getFileName().toString().startsWith(ofCopies))
              .map(file -> file.toString())
              .sorted()
              .collect(joining(", "));
      return others.isEmpty()
          ? ""
          : "; " + others + " is for another address, possibly of a copy of this server";
    }
  }

  /** Returns whether the file exists, that is, whether harden has changed the database. */
  boolean isThere() {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * Returns the lines of the file; empty if there is no file. Rejects a file that other users can
   * write to.
   */
  List<String> lines() throws IOException {
    if (!isThere()) {
      return List.of();
    }
    checkOwner(folder);
    checkOwner(path);
    try {
      return Files.readAllLines(path).stream().map(line -> line.replaceFirst(";$", "")).toList();
    } catch (IOException e) {
      throw Failure.unknown(path + " cannot be read: " + Failure.reason(e));
    }
  }

  private static void checkOwner(Path path) throws IOException {
    Path own = Files.createTempFile("pghello", null);
    var attributes =
        Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    boolean isOwn = attributes.owner().equals(Files.getOwner(own));
    Files.delete(own);
    if (!isOwn
        || attributes.isSymbolicLink()
        || attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
        || attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
      throw Failure.unknown(
          path
              + " is not used, because another user owns it or can write to it: check its "
              + "contents, and remove it");
    }
  }

  /**
   * Replaces the contents with these lines and the statements that revert the steps. Deletes the
   * file if there are neither lines nor steps.
   */
  void write(List<String> before, List<Hardening.Step> steps) throws IOException {
    var lines = new LinkedHashSet<>(before);
    steps.forEach(step -> lines.add(TerminalText.line(step.undo())));
    if (lines.isEmpty()) {
      Files.deleteIfExists(path);
      return;
    }
    Files.createDirectories(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    checkOwner(folder);
    Replacement.write(path, "rw-------", String.join(";\n", lines) + ";\n");
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
