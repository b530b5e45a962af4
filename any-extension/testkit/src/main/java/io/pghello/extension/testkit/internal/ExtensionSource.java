// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import io.pghello.extension.installer.PackedExtension;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The source of an extension's files. */
@FunctionalInterface
public interface ExtensionSource {
  /** The folder of libraries in that of a server. */
  String LIBRARIES = PackedExtension.LIBRARIES;

  /** The folder of other libraries, which those of extensions need, in that of a server. */
  String NEEDED = PackedExtension.NEEDED;

  /** The folder of another C library in that of a server. */
  String LIBC = PackedExtension.LIBC;

  /** The folder of shared files in that of a server. */
  String SHARED = PackedExtension.SHARED;

  /** The folder of control files and scripts in that of a server. */
  String SCRIPTS = PackedExtension.SCRIPTS;

  /**
   * Returns what a server needs: contents by paths in its folder.
   *
   * @param platform of the server, as in {@code linux-amd64}
   * @param major of the server, as in 17
   * @throws IllegalStateException if there is nothing for it; the message names what there is
   */
  Map<String, byte[]> files(String platform, int major) throws IOException;

  /** Returns what a server on this machine needs; see {@link #files(String, int)}. */
  default Map<String, byte[]> files(int major) throws IOException {
    return files(Platform.current(), major);
  }

  /**
   * Returns the version of PostgreSQL whose headers its libraries were built with, e.g. 17.5; null
   * if that is not known.
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
   * folder, below {@link #LIBC}. It is asked for where this machine has an older one.
   */
  default Map<String, byte[]> libc() throws IOException {
    return Map.of();
  }
}
