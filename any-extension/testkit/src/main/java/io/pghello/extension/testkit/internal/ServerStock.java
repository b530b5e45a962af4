// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** A server as its makers deliver it, before it gets extensions. */
interface ServerStock {
  /** The first file of the shared ones: it says the major. */
  String CATALOG = "postgres.bki";

  /**
   * Returns a server.
   *
   * @param place {@link ServerPlace#EMBEDDED} for the one on the class path; for others see {@link
   *     ServerPlace#isLocal}
   * @throws IllegalStateException if it is not there, or cannot be used
   */
  static ServerStock of(String place) throws IOException {
    return ServerPlace.isLocal(place)
        ? InstalledServer.find(place.substring(place.indexOf(':') + 1))
        : ServerArchive.find();
  }

  /** Returns the platform that the server runs on. */
  Platform platform();

  /** Returns the major version of the server, for example 17. */
  int major();

  /** Returns what another one has otherwise. */
  String identity() throws IOException;

  /** Makes the folder that its extensions are added to. */
  void unpack(Path folder) throws IOException;

  /** Returns the version of the GNU C library that extensions may replace; none if they may not. */
  Optional<String> replaceableGlibc() throws IOException;

  /**
   * Returns the one for extensions.
   *
   * @param files their paths in the folder
   */
  default ServerStock with(Set<String> files) {
    return this;
  }

  /** Returns its programs, once the folder has its extensions. */
  default ServerPrograms programs(Path folder) {
    return new ServerPrograms(folder, platform());
  }

  /** Reads the major from the first line of the catalog file: "# PostgreSQL 17". */
  static int readMajor(BufferedReader catalog) throws IOException {
    String line = String.valueOf(catalog.readLine());
    if (!line.matches("# PostgreSQL \\d{1,4}")) {
      throw new IOException(CATALOG + " begins with: " + line);
    }
    return Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
  }
}
