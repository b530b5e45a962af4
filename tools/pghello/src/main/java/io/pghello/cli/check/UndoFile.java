// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static java.util.stream.Collectors.joining;

import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Printable;
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
 * File of the user who ran {@code harden}, with what takes it back in one database of the server at
 * one address: its physical copies and standbys have the same identifiers.
 */
record UndoFile(Path folder, String ofCopies, Path path) {
  private static final String DATABASE =
      """
      SELECT format('harden-%s-%s-', s.system_identifier, d.oid)
      FROM pg_control_system() s CROSS JOIN pg_database d
      WHERE d.datname = current_database()
      """;

  private static final Pattern IDENTIFIERS = Pattern.compile("harden-[0-9]{1,20}-[0-9]{1,10}-");

  /** Returns the file of the database of a session, which need not be there. */
  static UndoFile of(Connection session, Target target) throws SQLException {
    String state = System.getenv("XDG_STATE_HOME");
    Path folder =
        (state != null && state.startsWith("/")
                ? Path.of(state)
                : Path.of(System.getProperty("user.home"), ".local", "state"))
            .resolve("pghello");
    return of(folder, String.valueOf(Query.value(session, DATABASE)), target.address());
  }

  /** Fails if the identifiers would lead to another directory: the server chooses its answer. */
  static UndoFile of(Path folder, String ofCopies, String address) {
    Failure.refuseIf(
        !IDENTIFIERS.matcher(ofCopies).matches(),
        "the server answered with invalid identifiers: " + Printable.line(ofCopies));
    String encoded = URLEncoder.encode(address, StandardCharsets.UTF_8);
    return new UndoFile(folder, ofCopies, folder.resolve(ofCopies + encoded + ".sql"));
  }

  /** Returns where it may be looked for; nothing where there is no other file. */
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
          : "; " + others + " is of another address, at which a copy of this server may be";
    }
  }

  /** Returns whether it is there: harden has changed the database. */
  boolean isThere() {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  /** Returns its lines; none where there is no file. Refuses what others could have written. */
  List<String> lines() throws IOException {
    if (!isThere()) {
      return List.of();
    }
    mustBeOurs(folder);
    mustBeOurs(path);
    try {
      return Files.readAllLines(path).stream().map(line -> line.replaceFirst(";$", "")).toList();
    } catch (IOException e) {
      throw Failure.unknown(path + " cannot be read: " + Failure.reason(e));
    }
  }

  private static void mustBeOurs(Path path) throws IOException {
    Path mine = Files.createTempFile("pghello", null);
    var attributes =
        Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    boolean isOurs = attributes.owner().equals(Files.getOwner(mine));
    Files.delete(mine);
    if (!isOurs
        || attributes.isSymbolicLink()
        || attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
        || attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
      throw Failure.unknown(
          path
              + " is not used: others than you have written it, or could have; look at it, and remove it");
    }
  }

  /** Replaces what is in it by lines, and what takes steps back; without any there is no file. */
  void write(List<String> before, List<Hardening.Step> steps) throws IOException {
    var lines = new LinkedHashSet<>(before);
    steps.forEach(step -> lines.add(Printable.line(step.undo())));
    if (lines.isEmpty()) {
      Files.deleteIfExists(path);
      return;
    }
    Files.createDirectories(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    mustBeOurs(folder);
    Replacement.write(path, "rw-------", String.join(";\n", lines) + ";\n");
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
