// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The source of an extension's files. */
@FunctionalInterface
public interface ExtensionSource {
  /** The directory of libraries, relative to the server's directory. */
  String LIBRARIES = PackedExtension.LIBRARIES;

  /** The directory of other libraries that extensions need, relative to the server's directory. */
  String NEEDED = PackedExtension.NEEDED;

  /**
   * The directory of data files for the libraries in {@link #NEEDED}, relative to the server's
   * directory.
   */
  String NEEDED_DATA = PackedExtension.NEEDED_DATA;

  /** The directory of a replacement C library, relative to the server's directory. */
  String LIBC = PackedExtension.LIBC;

  /** The directory of shared files, relative to the server's directory. */
  String SHARED = PackedExtension.SHARED;

  /** The directory of control files and scripts, relative to the server's directory. */
  String SCRIPTS = PackedExtension.SCRIPTS;

  /**
   * Returns the files for a server: contents by path. Paths are relative to the server's directory.
   *
   * @param platform the platform of the server, e.g. {@code linux-amd64}
   * @param major the major version of the server, e.g. 17
   * @throws IllegalStateException if there are no files for this server; the message lists the
   *     supported platforms and versions
   */
  Map<String, byte[]> files(String platform, int major) throws IOException;

  /** Returns the files for a server on this machine; see {@link #files(String, int)}. */
  default Map<String, byte[]> files(int major) throws IOException {
    return files(Platform.current(), major);
  }

  /**
   * Returns the paths of the files in the source's directory that {@link #files} does not return,
   * for example programs. Does not list documentation, headers or bitcode.
   */
  default List<String> unusedFiles(int major) throws IOException {
    return List.of();
  }

  /**
   * Returns the contents of the extension's control files. Files for several major versions may
   * have several control files. Empty if the extension comes with the server.
   */
  default List<byte[]> controlFiles() throws IOException {
    return List.of();
  }

  /** Returns whether there are libraries for a server, or none are needed. */
  default boolean isBuiltFor(String platform, int major) {
    return true;
  }

  /**
   * Returns a copy with the PostgreSQL version of the headers that the libraries were built with,
   * e.g. 17.5. Only sources in directories do not know it themselves.
   */
  default ExtensionSource withHeaders(String version) {
    return this;
  }

  /**
   * Returns the PostgreSQL version of the headers that the libraries were built with, e.g. 17.5;
   * null if unknown.
   */
  default @Nullable String headersVersion(int major) {
    return null;
  }

  /**
   * Returns a string that changes when any of the files (for any platform and major version)
   * changes. Empty if computing the string would require reading the files, or if the files may
   * change at any time.
   */
  default Optional<String> identity() {
    return Optional.empty();
  }

  /** Returns whether the source contains a C library. */
  default boolean hasLibc() {
    return false;
  }

  /**
   * Returns the path of the C library that the libraries were built for, if it should be on the
   * class path but is not.
   */
  default Optional<String> missingLibc() {
    return Optional.empty();
  }

  /**
   * Returns the files of the C library that the libraries were built for: contents by path. Paths
   * are relative to the server's directory, and below {@link #LIBC}. This C library is used if this
   * machine's C library is older.
   */
  default Map<String, byte[]> libc() throws IOException {
    return Map.of();
  }
}
