// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.directory;

import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import io.pghello.cli.system.Directories;
import io.pghello.cli.system.PropertiesFile;
import io.pghello.cli.system.Replacement;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A backup directory. It contains either the dumps of several databases, the roles, and the
 * extension's files; or the extension's files and the label of a pgBackRest backup of the whole
 * server. Once the backup is complete and on disk, the directory is renamed to the backup's time.
 * After that, only the file that records a successful verification is added.
 */
public record Backup(Path directory, Instant time) {
  public static final String ROLES = "roles.sql";
  public static final String FILES = "extension";
  public static final String OF_DUMPS = "of dumps";
  public static final String OF_STANZA = "by pgBackRest of the stanza ";
  public static final String UNFINISHED = ".incomplete-";

  /** Query for the server's system identifier, which physical copies of a server share. */
  public static final String SYSTEM = "SELECT system_identifier FROM pg_control_system()";

  public static final String SUMS = "SHA256SUMS";

  // Backups that are at most this far in the future are accepted, because the clock may have been
  // corrected since they were made.
  private static final Duration CLOCK_SKEW = Duration.ofMinutes(1);

  private static final String ABOUT = "backup.properties";
  private static final String VERIFIED = "verified.properties";
  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  /**
   * Returns the complete backups in a directory, newest first. Excludes backups with a time in the
   * future: either they were made while the clock was wrong, or it is wrong now, so their age is
   * unknown.
   */
  public static List<Backup> in(Path directory) {
    return in(directory, null);
  }

  /**
   * Returns the complete backups in a directory that were made at or before a time, newest first.
   *
   * @param notAfter the latest time, which may be in the future; null for all backups that are not
   *     in the future
   */
  static List<Backup> in(Path directory, @Nullable Instant notAfter) {
    Instant last = notAfter == null ? latest() : notAfter;
    return all(directory).stream().filter(backup -> !backup.time.isAfter(last)).toList();
  }

  /** Returns the complete backups with a time in the future, newest first. */
  public static List<Backup> inFuture(Path directory) {
    Instant last = latest();
    return all(directory).stream().filter(backup -> backup.time.isAfter(last)).toList();
  }

  /** Returns the latest time of a backup that is not in the future. */
  private static Instant latest() {
    return Instant.now().plus(CLOCK_SKEW);
  }

  /** Returns all complete backups in a directory, newest first. */
  public static List<Backup> all(Path directory) {
    var backups = new ArrayList<Backup>();
    for (Path path : list(directory)) {
      Instant time = timeOf(path.getFileName().toString());
      if (time != null && Files.isRegularFile(path.resolve(SUMS))) {
        backups.add(new Backup(path, time));
      }
    }
    backups.sort(Comparator.comparing(Backup::time).reversed());
    return backups;
  }

  /** Returns the time in the name of a backup; null for the name of any other file. */
  private static @Nullable Instant timeOf(String name) {
    try {
      return NAME.parse(name, Instant::from);
    } catch (DateTimeParseException e) {
      return null;
    }
  }

  /**
   * Returns the newest backup that meets all conditions.
   *
   * @param databases the databases that the backup must contain
   * @param system the required result of {@link #SYSTEM}; null for any server
   * @param notAfter the latest time of the backup, which may be in the future; null for any time
   *     that is not in the future
   */
  public static Backup find(
      Path directory, List<String> databases, @Nullable String system, @Nullable Instant notAfter) {
    for (Backup backup : in(directory, notAfter)) {
      if (backup.databases().containsAll(databases)
          && (system == null || backup.system().equals(system))) {
        return backup;
      }
    }
    String of = system == null ? "" : " of this server";
    String with = databases.isEmpty() ? "" : " with " + databases;
    String before = notAfter == null ? "" : " at or before " + notAfter;
    String others =
        (notAfter == null ? ignored(directory, databases) : List.<Backup>of())
                .stream().findFirst().map(backup -> "; " + backup.whyIgnored()).orElse("")
            + unreadable(directory, Instant.MIN, Instant.MAX)
                .map(path -> "; " + path + " cannot be read")
                .orElse("");
    throw Failure.unknown(
        "there is no complete backup" + of + " in " + directory + with + before + others);
  }

  /**
   * Returns the newest backup that was made after this one and cannot be read.
   *
   * @param notAfter the latest allowed time of that backup; null for any time that is not in the
   *     future
   */
  Optional<Path> laterUnreadable(@Nullable Instant notAfter) {
    return unreadable(
        Objects.requireNonNull(directory.getParent()),
        time,
        notAfter == null ? latest() : notAfter);
  }

  /**
   * Returns the newest backup that this user cannot read or that is a broken link.
   *
   * @param after the time after which the backup must have been made
   * @param notAfter the latest time of the backup
   */
  private static Optional<Path> unreadable(Path directory, Instant after, Instant notAfter) {
    Path newest = null;
    Instant last = after;
    for (Path path : list(directory)) {
      Instant time = timeOf(path.getFileName().toString());
      if (time != null
          && time.isAfter(last)
          && !time.isAfter(notAfter)
          && (!Files.isReadable(path) || (Files.isDirectory(path) && !Files.isExecutable(path)))) {
        newest = path;
        last = time;
      }
    }
    return Optional.ofNullable(newest);
  }

  /**
   * Returns the backups that contain these databases and are ignored because their time is in the
   * future, newest first.
   */
  public static List<Backup> ignored(Path directory, List<String> databases) {
    return inFuture(directory).stream()
        .filter(backup -> backup.databases().containsAll(databases))
        .toList();
  }

  /** Returns a message that an {@link #ignored} backup is ignored, and how to use it. */
  public String whyIgnored() {
    String ignored =
        directory + " is ignored because its time is in the future: check this machine's clock";
    // pgBackRest recovers an earlier backup to any later time.
    return isOfWholeServer()
        ? ignored
        : ignored + "; restore and verify use this backup with --at " + time;
  }

  public static String nameOf(Instant time) {
    return NAME.format(time);
  }

  public String name() {
    return nameOf(time);
  }

  public Duration age() {
    return Duration.between(time, Instant.now());
  }

  public static Path dump(Path directory, String database) {
    return directory.resolve(encoded(database) + ".dump");
  }

  public Path dump(String database) {
    return dump(directory, database);
  }

  public static Path contents(Path directory, String database) {
    return directory.resolve(encoded(database) + ".contents");
  }

  public Properties contents(String database) {
    return PropertiesFile.load(contents(directory, database));
  }

  private static String encoded(String database) {
    // The prefix prevents hidden files and collisions with this program's files.
    return "db-" + URLEncoder.encode(database, StandardCharsets.UTF_8).replace("*", "%2A");
  }

  /** Returns the databases in this backup. */
  public List<String> databases() {
    Properties about = about();
    var databases = new ArrayList<String>();
    for (int i = 1; about.containsKey("database." + i); i++) {
      databases.add(about.getProperty("database." + i));
    }
    return databases;
  }

  /**
   * Returns whether the metadata is missing or incomplete, e.g. after a disk failure, so that the
   * databases in this backup are unknown.
   */
  public boolean isDamaged() {
    try {
      return !isOfWholeServer() && databases().isEmpty();
    } catch (Failure e) {
      return true;
    }
  }

  /** Returns the given names without duplicates, or all databases if there are no names. */
  public List<String> databases(List<String> named) {
    return named.isEmpty() ? databases() : named.stream().distinct().toList();
  }

  public int serverMajor() {
    return Integer.parseInt(about().getProperty("server_version_num")) / 10000;
  }

  /** Returns the server's system identifier, as selected by {@link #SYSTEM}. */
  public String system() {
    return about().getProperty("system_identifier", "");
  }

  /**
   * Returns the version of the extension in a database; null if the database did not have the
   * extension.
   */
  public @Nullable String extensionVersion(String database) {
    return about().getProperty("extension." + (databases().indexOf(database) + 1));
  }

  /** Returns whether this is a pgBackRest backup of the whole server, without dumps. */
  public boolean isOfWholeServer() {
    return about().containsKey("pgbackrest.stanza");
  }

  /**
   * Returns the kind of this backup, e.g. "of dumps". All backups in a directory have the same
   * kind.
   */
  public String kind() {
    return isOfWholeServer() ? OF_STANZA + stanza() : OF_DUMPS;
  }

  /** Returns the pgBackRest stanza. Only for backups of the whole server. */
  public String stanza() {
    return about().getProperty("pgbackrest.stanza");
  }

  /** Returns pgBackRest's configuration file; null for the default. */
  public @Nullable String config() {
    return about().getProperty("pgbackrest.config");
  }

  /** Returns pgBackRest's label of the backup. */
  public String label() {
    return about().getProperty("pgbackrest.label", "");
  }

  /** Returns the bootstrap superuser of the server. */
  public String superuser() {
    return about().getProperty("superuser", "postgres");
  }

  private Properties about() {
    return PropertiesFile.load(directory.resolve(ABOUT));
  }

  public static void writeAbout(Path directory, Properties about) throws IOException {
    PropertiesFile.store(about, directory.resolve(ABOUT));
  }

  /**
   * Records a successful verification and its duration, if this user may write to the directory.
   */
  public void setVerified(Duration took, Output output) {
    var verified = new Properties();
    verified.setProperty("verified", Instant.now().toString());
    verified.setProperty("seconds", String.format(Locale.ROOT, "%.3f", took.toMillis() / 1e3));
    try {
      Replacement.of(
          directory.resolve(VERIFIED), "rw-------", path -> PropertiesFile.store(verified, path));
    } catch (IOException e) {
      output.message(
          "cannot record in backup %s that it was verified: %s", name(), Failure.reason(e));
    }
  }

  /** Writes the checksums of all files in a directory, and syncs everything to disk. */
  public static void seal(Path directory) throws IOException {
    var sums = new StringBuilder();
    for (Map.Entry<String, String> sum : sums(directory).entrySet()) {
      sums.append(sum.getValue()).append("  ").append(sum.getKey()).append('\n');
    }
    Files.writeString(directory.resolve(SUMS), sums);
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        // Make the files private, which protects them in copies of the directory. The extension's
        // files stay readable for servers.
        if (directory.equals(path.getParent()) && Files.isRegularFile(path)) {
          Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        }
        Directories.sync(path);
      }
    }
  }

  /** Throws if a file is missing or has changed. */
  public void check() {
    var expected = new TreeMap<String, String>();
    try {
      for (String line : Files.readAllLines(directory.resolve(SUMS))) {
        expected.put(line.substring(66), line.substring(0, 64));
      }
      if (!expected.containsKey(ABOUT)) {
        throw Failure.critical("backup " + name() + " is damaged: " + SUMS + " is incomplete");
      }
      Map<String, String> found = sums(directory);
      for (Map.Entry<String, String> sum : expected.entrySet()) {
        String now = found.get(sum.getKey());
        if (!sum.getValue().equals(now)) {
          throw Failure.critical(
              "backup "
                  + name()
                  + " is damaged: "
                  + sum.getKey()
                  + (now == null ? " is missing" : " has changed since the backup"));
        }
      }
    } catch (IOException | UncheckedIOException e) {
      throw Failure.in("backup " + name() + " cannot be read", e);
    } catch (IndexOutOfBoundsException e) {
      throw Failure.critical("backup " + name() + " is damaged: " + SUMS + " is incomplete");
    }
  }

  private static Map<String, String> sums(Path directory) throws IOException {
    var sums = new TreeMap<String, String>();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        String name = directory.relativize(path).toString();
        if (Files.isRegularFile(path) && !name.equals(SUMS) && !name.startsWith(VERIFIED)) {
          sums.put(name, sha256(path));
        }
      }
    }
    return sums;
  }

  private static String sha256(Path file) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Deletes this backup. Its directory is renamed first, so that an interrupted deletion leaves no
   * partial backup.
   */
  public void delete() throws IOException {
    Path dying = directory.resolveSibling(UNFINISHED + name());
    Files.move(directory, dying, StandardCopyOption.ATOMIC_MOVE);
    Directories.delete(dying);
  }

  /** Removes the leftovers of a run that was killed. */
  public static void deleteUnfinished(Path directory) throws IOException {
    for (Path path : list(directory)) {
      if (path.getFileName().toString().startsWith(UNFINISHED)) {
        Directories.delete(path);
      }
    }
  }

  private static List<Path> list(Path directory) {
    try (Stream<Path> paths = Files.list(directory)) {
      return paths.toList();
    } catch (IOException e) {
      throw Failure.unknown("cannot read the directory " + directory + ": " + Failure.reason(e));
    }
  }
}
