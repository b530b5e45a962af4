// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Owners' code in objects of all kinds, which logs its rights when it runs during a restore. */
class OwnersCodeIT {
  private static final Pattern RAN =
      Pattern.compile("ran <([^>]*)> as a superuser: ([tf])$", Pattern.MULTILINE);
  private static final Pattern PLACE =
      Pattern.compile("(?:ran\\(|one\\(|superuser: %', )'{1,2}([^'(]*)'{1,2}[,)]");

  @TempDir private Path folder;

  @Test
  void neverHasASuperusersRights() throws Exception {
    Path marks = Files.createDirectory(folder.resolve("marks"));
    Path backups = folder.resolve("backups");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(marks, PosixFilePermissions.fromString("rwxrwxrwx"));
    String script = Files.readString(Path.of("src/test/resources/owners-code.sql"));
    var places = new TreeSet<String>();
    PLACE.matcher(script).results().map(place -> place.group(1)).forEach(places::add);
    places.removeIf(place -> place.startsWith("not: "));
    assertThat(places).hasSizeGreaterThan(30);
    try (var server = new RestoreFixture()) {
      server.execute("maintenance", "CREATE DATABASE shop");
      server.execute("shop", script.replace("@MARKS@", marks.toString()));
      server.execute("shop", "SET application_name = pghello", "SELECT m.ran('superuser')");
      assertThat(names(marks)).as("in a superuser's session").containsExactly("superuser");
      Files.delete(marks.resolve("superuser"));
      server.execute("shop", "ALTER ROLE mallory NOCREATEROLE", "DROP TABLE m.planted");

      Path backup = server.backup(backups, "shop");
      long before = Files.size(server.logFile());
      Run restore = server.pghello("restore", "--from", backups.toString(), "--as", "copy", "shop");
      assertThat(restore.status()).as(restore.err()).isZero();
      Map<String, String> ran = ran(server.logFile(), before);
      assertThat(ran.keySet()).containsExactlyElementsOf(places);
      assertThat(ran).allSatisfy((place, asSuperuser) -> assertThat(asSuperuser).isEqualTo("f"));
      assertThat(names(marks)).isEmpty();
      assertThat(
              server.value(
                  "copy",
                  "SELECT rolcreaterole OR to_regclass('m.planted') IS NOT NULL FROM pg_roles WHERE rolname = 'mallory'"))
          .isEqualTo("f");
      if (server.hasServer()) {
        Run verify = server.verify(backups, backup, "shop");
        assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
        assertThat(names(marks)).isEmpty();
      }
    }
  }

  /** Returns the code that ran since a position in the log, with "t" if it ran as a superuser. */
  private static Map<String, String> ran(Path log, long since) throws Exception {
    byte[] all = Files.readAllBytes(log);
    var ran = new TreeMap<String, String>();
    Matcher line =
        RAN.matcher(
            new String(all, (int) since, (int) (all.length - since), StandardCharsets.UTF_8));
    while (line.find()) {
      ran.merge(line.group(1), line.group(2), (one, other) -> one.equals("t") ? one : other);
    }
    return ran;
  }

  private static List<String> names(Path folder) throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
