// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.ClassPathExtension;
import io.pghello.extension.testkit.internal.InstalledExtension;
import io.pghello.extension.testkit.internal.ServerExtension;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An extension of PostgreSQL: its files and the settings that it needs. Whatever it requires
 * ({@code requires} in its control file) is created with it, and has to be there, too.
 *
 * <p>Immutable and thread-safe.
 */
public final class NativeExtension {
  private final ServerExtension extension;

  private NativeExtension(ServerExtension extension) {
    this.extension = extension;
  }

  /**
   * Returns the extension of a jar on the class path. A descriptor, {@code
   * META-INF/pg-extension/NAME.properties}, lists its files.
   *
   * @param name as {@code CREATE EXTENSION} takes it, not quoted
   * @throws IllegalArgumentException if there is none of this name
   * @throws IllegalStateException if the descriptor is wrong, or there are two
   */
  public static NativeExtension of(String name) {
    return ClassPathExtension.find(ServerExtension.requireName(name))
        .map(found -> new NativeExtension(found.toServerExtension()))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "There is no META-INF/pg-extension/"
                        + name
                        + ".properties on the class path: add the jar that has the extension."));
  }

  /**
   * Returns an extension that comes with the server, such as {@code hstore} or {@code pg_trgm}.
   *
   * @param name as {@code CREATE EXTENSION} takes it, not quoted
   */
  public static NativeExtension contrib(String name) {
    return new NativeExtension(ServerExtension.ofServer(name));
  }

  /**
   * Returns the extension in a folder that {@code make install DESTDIR=folder} has made, or that a
   * package was unpacked into. Other files in there come with it.
   *
   * @param folder relative to the working directory, or absolute
   * @throws IllegalArgumentException if there is none, or more than one; the message names what
   *     there is
   */
  public static NativeExtension fromInstall(Path folder) {
    return installed(InstalledExtension.in(folder, null));
  }

  /**
   * Returns one of the extensions in a folder; see {@link #fromInstall(Path)}.
   *
   * @param name as {@code CREATE EXTENSION} takes it, not quoted
   * @throws IllegalArgumentException if it is not there; the message names what there is
   */
  public static NativeExtension fromInstall(Path folder, String name) {
    return installed(InstalledExtension.in(folder, ServerExtension.requireName(name)));
  }

  /**
   * Returns the extension of a distribution's package (Debian's, {@code .deb}), which is unpacked
   * into the cache; its scripts are not run. Libraries that it needs, and this machine lacks, come
   * out of packages in the same folder. If it was built for a newer GNU C library than this
   * machine's, that library's package ({@code libc6}) in the same directory is used for the server
   * only.
   *
   * @param place a package, a folder with packages, or one into which they were unpacked
   * @throws IllegalArgumentException if there is no extension, or more than one; the message names
   *     what there is
   * @throws UncheckedIOException if a package cannot be unpacked
   */
  public static NativeExtension fromPackage(Path place) {
    return inPackages(place, null);
  }

  /**
   * Returns one of the extensions in packages; see {@link #fromPackage(Path)}.
   *
   * @param name as {@code CREATE EXTENSION} takes it, not quoted; often not the package's
   * @throws IllegalArgumentException if it is not there; the message names what there is
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

  /** Returns the extension from the class path, otherwise from the server. */
  static NativeExtension named(String name) {
    return new NativeExtension(ServerExtension.named(name));
  }

  /**
   * Returns the same extension with its library preloaded at server startup ({@code
   * shared_preload_libraries}).
   *
   * @param library its name without suffix, which need not be the extension's
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
   * Returns the same extension with a setting that the server needs for it. A setting of the server
   * itself goes before it.
   *
   * @param name as in {@code postgresql.conf}
   * @param value not quoted
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
   * Returns the same extension, which databases do not have: the server has its files and settings,
   * and {@code CREATE EXTENSION} works. For extensions that only one database of a server can have.
   */
  public NativeExtension notCreated() {
    return new NativeExtension(
        new ServerExtension(
            extension.name(),
            extension.source(),
            extension.preload(),
            extension.settings(),
            false));
  }

  /** Returns the name, as in {@code CREATE EXTENSION} (without quotes). */
  public String name() {
    return extension.name();
  }

  ServerExtension extension() {
    return extension;
  }

  @Override
  public String toString() {
    return name();
  }
}
