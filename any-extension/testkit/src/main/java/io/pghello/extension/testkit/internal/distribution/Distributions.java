// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import java.io.IOException;

/** Finds servers on the class path and on this machine. */
public final class Distributions {
  private Distributions() {}

  /**
   * Returns a server.
   *
   * @param place {@link ServerLocation#EMBEDDED} for the server on the class path, or a location
   *     for which {@link ServerLocation#isLocal} returns true
   * @throws IllegalStateException if the server does not exist or cannot be used
   */
  public static PostgresDistribution at(String place) throws IOException {
    return ServerLocation.isLocal(place)
        ? InstalledDistribution.find(place.substring(place.indexOf(':') + 1))
        : EmbeddedDistribution.find();
  }
}
