// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.OwnFiles;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.cache.Toggle;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A server that {@code server.sh} has assembled in the cache from Debian's packages. It has the
 * same minor version as the headers from Debian's packages. The archive also contains the libraries
 * that the server needs, including the C library.
 *
 * @param archive the archive of the server
 * @param version the version of the server, e.g. 17.12 or 19rc1
 * @param glibc the version of the GNU C library in the archive, e.g. 2.41
 */
public record PackagedServer(Path archive, String version, String glibc) {
  /** The server's real program, relative to the unpacked server. */
  static final String POSTGRES = PostgresCommands.LAUNCHED + "/postgres";

  /** The directory of the C library in the archive. */
  static final String LIBC = "lib/glibc/";

  private static final Pattern LIBRARY = Pattern.compile("lib/(?:glibc/)?[^/]+\\.so[^/]*");

  /** The directory of the archives in the cache. */
  private static final String FOLDER = "postgresql";

  private static final String ARCHIVE = "server.txz";
  private static final String PROPERTIES = "server.properties";
  private static final String MINOR = "\\d{1,4}\\.\\d{1,4}";
  private static final String VERSION = MINOR + "|\\d{1,4}(?:beta|rc)\\d{1,4}";

  /** Compares versions, for example 19beta2 before 19rc1 before 19.0. */
  private static final Comparator<String> BY_VERSION =
      Comparator.comparing(
          version -> version.replace("beta", ".-2.").replace("rc", ".-1."), ElfFile.BY_VERSION);

  /** Debian's servers find time zones only here. */
  private static final Path TIME_ZONES = Path.of("/usr/share/zoneinfo/UTC");

  private static final System.Logger LOGGER = System.getLogger("io.pghello.extension.testkit");
  private static final Toggle TOGGLE =
      new Toggle("pg-extension.debian-servers", "PG_EXTENSION_DEBIAN_SERVERS");

  /**
   * Returns whether such servers for a platform exist and are not turned off.
   *
   * @throws IllegalArgumentException if the setting is neither true nor false
   */
  public static boolean isEnabled(Platform platform) {
    return platform.hasPackagedServer() && TOGGLE.isOn();
  }

  /**
   * Returns the newest server for a platform in the cache. Empty if there is none, or if such
   * servers are turned off.
   *
   * @throws IllegalArgumentException if the setting is neither true nor false
   */
  public static Optional<PackagedServer> find(Platform platform, int major) throws IOException {
    return !isEnabled(platform)
        ? Optional.empty()
        : find(InstallationCache.open().scripts().resolve(FOLDER), platform, major);
  }

  /** Returns the program {@code postgres} in a directory of unpacked files. */
  public static Path program(Path unpacked) {
    return unpacked.resolve(POSTGRES);
  }

  /** Returns the directories of the server's libraries in a directory of unpacked files. */
  public static List<Path> libraries(Path unpacked) {
    return List.of(unpacked.resolve(LIBC), unpacked.resolve("lib"));
  }

  static boolean isProgramOrLibrary(String file) {
    return file.equals(POSTGRES) || LIBRARY.matcher(file).matches();
  }

  /** Returns whether this machine has the time zones that the server needs. */
  static boolean canRun() {
    return Files.exists(TIME_ZONES);
  }

  /** Returns the newest server in a directory. */
  public static Optional<PackagedServer> find(Path folder, Platform platform, int major)
      throws IOException {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    Optional<PackagedServer> newest = Optional.empty();
    try (DirectoryStream<Path> folders =
        Files.newDirectoryStream(folder, major + "-*-" + platform.name())) {
      for (Path each : folders) {
        PackagedServer server = read(each);
        if (server != null
            && newest.stream().noneMatch(other -> other.isNewerThan(server.version))) {
          newest = Optional.of(server);
        }
      }
    }
    return newest;
  }

  private static @Nullable PackagedServer read(Path folder) throws IOException {
    Path archive = folder.resolve(ARCHIVE);
    Path file = folder.resolve(PROPERTIES);
    var properties = new Properties();
    try {
      InstalledDistribution.requireSafe(archive, OwnFiles.user());
      InstalledDistribution.requireSafe(file, OwnFiles.user());
      try (Reader in = Files.newBufferedReader(file, StandardCharsets.US_ASCII)) {
        properties.load(in);
      }
    } catch (IOException | IllegalArgumentException | IllegalStateException e) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "The server in " + folder + " is not used: " + e + ". Remedy: remove this directory.");
      return null;
    }
    String version = properties.getProperty("version", "");
    String glibc = properties.getProperty("glibc", "");
    return version.matches(VERSION) && glibc.matches(MINOR)
        ? new PackagedServer(archive, version, glibc)
        : null;
  }

  /** Returns whether this server's version is later than another version, e.g. 17.11. */
  public boolean isNewerThan(String other) {
    return BY_VERSION.compare(version, other) > 0;
  }

  /**
   * Returns whether the server needs the C library of the archive, because the machine has an older
   * one.
   */
  boolean needsLibc() throws IOException {
    return usedGlibc().equals(glibc);
  }

  /** Returns the version of the C library that the server uses. */
  String usedGlibc() throws IOException {
    return Platform.glibc()
        .filter(machines -> ElfFile.BY_VERSION.compare(machines, glibc) > 0)
        .orElse(glibc);
  }
}
