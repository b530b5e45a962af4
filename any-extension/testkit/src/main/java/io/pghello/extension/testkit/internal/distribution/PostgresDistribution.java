// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** An unmodified server, before extensions are added. */
public interface PostgresDistribution {
  /**
   * The first version with {@code CREATE DATABASE ... STRATEGY}, which the testkit uses to copy
   * templates.
   */
  int OLDEST = 15;

  /** The shared file that contains the major version. */
  String CATALOG = "postgres.bki";

  /** Returns the platform that the server runs on. */
  Platform platform();

  /** Returns the major version of the server, e.g. 17. */
  int major();

  /** Returns a string that identifies the server. Different servers return different strings. */
  String identity() throws IOException;

  /**
   * Creates the directory of the unmodified server. Extensions are added to a copy of this
   * directory.
   */
  void unpack(Path folder) throws IOException;

  /**
   * Returns the version of the GNU C library that the server uses; empty if extensions must not
   * replace this library.
   */
  Optional<String> replaceableGlibc() throws IOException;

  /**
   * Returns the version of the operating system, or of the GNU C library that the server uses.
   * Libraries that need a newer version cannot be loaded. Empty if unknown.
   */
  default Optional<String> systemVersion() throws IOException {
    return platform().systemVersion();
  }

  /** Returns the server's programs, which find the extensions in the given directory. */
  default PostgresCommands programs(Path folder) {
    return new PostgresCommands(folder, platform());
  }

  /** Reads the major version from the first line of the catalog file, "# PostgreSQL 17". */
  static int readMajor(BufferedReader catalog) throws IOException {
    String line = String.valueOf(catalog.readLine());
    if (!line.matches("# PostgreSQL \\d{1,4}")) {
      throw new IOException(CATALOG + " begins with: " + line);
    }
    return Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
  }
}
