// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import java.io.IOException;

/** Finds servers on the class path and on this machine. */
public final class Distributions {
  private Distributions() {}

  /**
   * Returns a server.
   *
   * @param place {@link ServerLocation#EMBEDDED} for the server on the class path, the same with a
   *     major version, or a location for which {@link ServerLocation#isLocal} returns true
   * @throws IllegalStateException if the server does not exist or cannot be used
   */
  public static PostgresDistribution at(String place) throws IOException {
    String detail = place.substring(place.indexOf(':') + 1);
    if (ServerLocation.isLocal(place)) {
      return InstalledServers.find(detail);
    }
    return place.equals(ServerLocation.EMBEDDED)
        ? EmbeddedDistribution.find()
        : EmbeddedDistribution.find(Integer.parseInt(detail));
  }
}
