// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import io.pghello.extension.installer.PackedExtension;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The source of an extension's files. */
@FunctionalInterface
public interface ExtensionSource {
  /** Directory of libraries within a server's directory. */
  String LIBRARIES = PackedExtension.LIBRARIES;

  /** Directory of the libraries that extension libraries need, within a server's directory. */
  String NEEDED = PackedExtension.NEEDED;

  /** Directory of a separate C library within a server's directory. */
  String LIBC = PackedExtension.LIBC;

  /** Directory of shared files within a server's directory. */
  String SHARED = PackedExtension.SHARED;

  /** Directory of control files and scripts within a server's directory. */
  String SCRIPTS = PackedExtension.SCRIPTS;

  /**
   * Returns what a server needs: contents by paths in its folder.
   *
   * @param platform the platform of the server, for example {@code linux-amd64}
   * @param major the major version of the server, for example 17
   * @throws IllegalStateException if there are no files for it; the message lists the existing ones
   */
  Map<String, byte[]> files(String platform, int major) throws IOException;

  /** Returns the files that a server on this machine needs; see {@link #files(String, int)}. */
  default Map<String, byte[]> files(int major) throws IOException {
    return files(Platform.current(), major);
  }

  /**
   * Returns the PostgreSQL version of the headers that its libraries were built with, e.g. 17.5;
   * null if that is not known.
   */
  default @Nullable String headersVersion(int major) {
    return null;
  }

  /** Returns whether it has a C library for its libraries. */
  default boolean hasLibc() {
    return false;
  }

  /**
   * Returns the C library that the libraries were built for: contents by paths in a server's
   * folder, below {@link #LIBC}. It is requested if this machine has an older one.
   */
  default Map<String, byte[]> libc() throws IOException {
    return Map.of();
  }
}
