// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.files.ClassPathExtension;
import io.pghello.extension.testkit.internal.files.ControlFile;
import io.pghello.extension.testkit.internal.files.InstalledExtension;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL extension: its files, and the server settings that it needs. Add it to an {@link
 * ExtensionServer} or {@link ExtensionContainer}.
 *
 * <pre>{@code
 * NativeExtension statements =
 *     NativeExtension.contrib("pg_stat_statements")
 *         .preload("pg_stat_statements")
 *         .setting("pg_stat_statements.track", "all");
 * ExtensionServer server = ExtensionServer.builder().extension(statements).start();
 * }</pre>
 *
 * <p>Immutable and thread-safe. The extensions that an extension depends on ({@code requires} in
 * the control file) must be available too, and are created together with it.
 */
public final class NativeExtension {
  private final ServerExtension extension;

  private NativeExtension(ServerExtension extension) {
    this.extension = extension;
  }

  /**
   * Returns an extension from a jar on the class path. The descriptor {@code
   * META-INF/pg-extension/NAME.properties} lists the extension's files.
   *
   * @param name the name of the extension, without quotes
   * @throws IllegalArgumentException if the class path has no extension with this name
   * @throws IllegalStateException if the descriptor is invalid, or if there are two descriptors
   */
  public static NativeExtension fromClassPath(String name) {
    return ClassPathExtension.find(ServerExtension.requireName(name))
        .map(found -> new NativeExtension(found.toServerExtension()))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "There is no META-INF/pg-extension/"
                        + name
                        + ".properties on the class path: add the jar that contains the"
                        + " extension."
                        + ClassPathExtension.unreadableJars()));
  }

  /**
   * Returns an extension that comes with the server, such as {@code hstore} or {@code pg_trgm}.
   *
   * @param name the name of the extension, without quotes
   */
  public static NativeExtension contrib(String name) {
    return new NativeExtension(ServerExtension.ofServer(name));
  }

  /**
   * Returns the extension in a directory that was created by {@code make install
   * DESTDIR=directory}, or into which a package was unpacked. All other shared files and libraries
   * in the directory are also added to the server.
   *
   * @param folder the directory, absolute or relative to the working directory
   * @throws IllegalArgumentException if the directory does not contain exactly one extension; the
   *     message lists its contents
   */
  public static NativeExtension fromInstall(Path folder) {
    return installed(InstalledExtension.in(folder, null));
  }

  /**
   * Returns one of the extensions in a directory; see {@link #fromInstall(Path)}.
   *
   * @param name the name of the extension, without quotes
   * @throws IllegalArgumentException if the directory does not contain the extension; the message
   *     lists its contents
   */
  public static NativeExtension fromInstall(Path folder, String name) {
    return installed(InstalledExtension.in(folder, ServerExtension.requireName(name)));
  }

  /**
   * Returns the extension in a Debian package ({@code .deb}). The package is unpacked into the
   * cache, and its maintainer scripts are not run. Required libraries that this machine lacks are
   * taken from other packages in the same directory. If the extension was built for a newer GNU C
   * library than this machine has, put the package of that library ({@code libc6}) into the same
   * directory. Only the server uses this library.
   *
   * @param place a package, a directory of packages, or a directory into which packages were
   *     unpacked
   * @throws IllegalArgumentException if {@code place} does not contain exactly one extension; the
   *     message lists the extensions or files found
   * @throws UncheckedIOException if a package cannot be unpacked
   */
  public static NativeExtension fromPackage(Path place) {
    return inPackages(place, null);
  }

  /**
   * Returns one of the extensions in packages; see {@link #fromPackage(Path)}.
   *
   * @param name the name of the extension, without quotes; it often differs from the package's name
   * @throws IllegalArgumentException if the packages do not contain the extension; the message
   *     lists the extensions or files found
   * @throws UncheckedIOException if a package cannot be unpacked
   */
  public static NativeExtension fromPackage(Path place, String name) {
    return inPackages(place, ServerExtension.requireName(name));
  }

  private static NativeExtension inPackages(Path place, @Nullable String name) {
    try {
      return installed(InstalledExtension.inPackages(place, name));
    } catch (IOException e) {
      throw new UncheckedIOException(
          e.getClass() == IOException.class ? e.getMessage() : e.toString(), e);
    }
  }

  private static NativeExtension installed(InstalledExtension found) {
    return new NativeExtension(ServerExtension.of(found));
  }

  /**
   * Returns the extension from the class path, or from the server if no jar contains the extension.
   */
  static NativeExtension named(String name) {
    return new NativeExtension(ClassPathExtension.named(name));
  }

  /**
   * Returns a copy of this extension with an additional library that the server loads at startup
   * ({@code shared_preload_libraries}).
   *
   * @param library the library's name without suffix; it may differ from the extension's name
   */
  public NativeExtension preload(String library) {
    var preload = new ArrayList<>(extension.preload());
    preload.add(Objects.requireNonNull(library, "library"));
    return new NativeExtension(
        new ServerExtension(
            extension.name(),
            extension.source(),
            preload,
            extension.settings(),
            extension.created()));
  }

  /**
   * Returns a copy of this extension with a server setting that the extension needs. If the same
   * setting is passed to the server's builder, the value from the builder is used.
   *
   * @param name the name of the setting
   * @param value the value, without quotes
   */
  public NativeExtension setting(String name, String value) {
    var settings = new TreeMap<>(extension.settings());
    settings.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
    return new NativeExtension(
        new ServerExtension(
            extension.name(),
            extension.source(),
            extension.preload(),
            settings,
            extension.created()));
  }

  /**
   * Returns a copy of this extension with the version of the headers that its libraries were built
   * with. If a server lacks a symbol, the error then contains both versions. Use this for {@link
   * #fromInstall}; jars contain the version.
   *
   * @param version the version of PostgreSQL, e.g. 17.5
   */
  public NativeExtension headersVersion(String version) {
    return new NativeExtension(
        new ServerExtension(
            extension.name(),
            extension.source().withHeaders(Objects.requireNonNull(version, "version")),
            extension.preload(),
            extension.settings(),
            extension.created()));
  }

  /**
   * Returns a copy of this extension that the testkit does not create in databases. The extension's
   * files and settings are still added to the server, so {@code CREATE EXTENSION} works. Use this
   * for an extension that can be created in only one database.
   */
  public NativeExtension withoutCreate() {
    return new NativeExtension(extension.withoutCreate());
  }

  /** Returns the name of the extension, without quotes. */
  public String name() {
    return extension.name();
  }

  /**
   * Returns the files that this extension adds to a server: contents by path. The paths are
   * relative to the server's directory. They begin with {@code lib/postgresql/} for libraries, and
   * with {@code share/postgresql/} for shared files such as the control file, on all platforms.
   * Empty for an extension that comes with the server.
   *
   * @param platform the platform of the server, e.g. {@code linux-amd64}; see {@link
   *     ServerBinaries#currentPlatform()}
   * @param major the major version of the server, e.g. 17
   * @throws IllegalStateException if there are no files for this server; the message lists the
   *     supported platforms and versions
   * @throws IOException if a file cannot be read
   */
  public Map<String, byte[]> files(String platform, int major) throws IOException {
    return extension.source().files(platform, major);
  }

  /**
   * Returns the files in the directory of {@link #fromInstall} or {@link #fromPackage} that are not
   * added to servers, e.g. programs: their paths, relative to the directory. Documentation, headers
   * and bitcode are not in the list. Empty for other extensions.
   *
   * @param major the major version of the server, e.g. 17
   * @throws IllegalStateException if there are no files for this major version
   * @throws IOException if a file cannot be read
   */
  public List<String> unusedFiles(int major) throws IOException {
    return extension.source().unusedFiles(major);
  }

  /**
   * Returns the version that {@code CREATE EXTENSION} creates by default, as set by {@code
   * default_version} in the control file, e.g. 1.1.
   *
   * @throws IllegalStateException if the version is unknown: the extension comes with the server,
   *     its control file sets no version, or the version depends on PostgreSQL's major version
   * @throws UncheckedIOException if the control file cannot be read
   */
  public String version() {
    List<String> versions;
    try {
      versions =
          extension.source().controlFiles().stream()
              .flatMap(file -> new ControlFile(file).defaultVersion().stream())
              .distinct()
              .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e.toString(), e);
    }
    if (versions.size() != 1) {
      throw new IllegalStateException(
          "The version of the extension \""
              + name()
              + "\" is unknown"
              + (versions.isEmpty() ? "" : ": it is one of " + String.join(", ", versions))
              + ". Read it from pg_available_extensions on a server.");
    }
    return versions.get(0);
  }

  ServerExtension extension() {
    return extension;
  }

  @Override
  public String toString() {
    return name();
  }
}
