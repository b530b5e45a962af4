// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.testkit.ServerBinaries;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;

/** The servers that libraries for macOS and Windows are linked with and checked against. */
final class ServerPrograms {
  private static final String GROUP = "io.zonky.test.postgres";
  private static final String VERSIONS = "servers.properties";

  /** Finds artifacts. */
  interface Repository {
    /**
     * Returns the jar of an artifact.
     *
     * @throws IOException if the jar cannot be found; the message contains the reason
     */
    Path jar(String group, String artifact, String version) throws IOException;
  }

  private final Repository repository;

  ServerPrograms(Repository repository) {
    this.repository = repository;
  }

  /** Returns the server of a major version. */
  ServerBinaries find(String platform, int major) throws IOException, BuildException {
    String version = versions().getProperty(Integer.toString(major));
    if (version == null) {
      throw new BuildException(
          "There is no PostgreSQL "
              + major
              + " server to link libraries for "
              + platform.substring(0, platform.indexOf('-'))
              + " with; available versions: "
              + String.join(", ", versions().stringPropertyNames().stream().sorted().toList())
              + ". Remove this version from pg-extension.majors, or the platform from"
              + " pg-extension.platforms.");
    }
    String artifact = ServerBinaries.artifact(platform).orElseThrow();
    try {
      return ServerBinaries.fromArtifact(repository.jar(GROUP, artifact, version), platform);
    } catch (IOException e) {
      throw new BuildException(
          "Could not get the server to link with, "
              + GROUP
              + ":"
              + artifact
              + ":"
              + version
              + ": "
              + e.getMessage());
    }
  }

  /** Returns the version of the embedded server of a major version, e.g. 17.11.0. */
  static Optional<String> version(int major) throws IOException {
    return Optional.ofNullable(versions().getProperty(Integer.toString(major)));
  }

  private static Properties versions() throws IOException {
    var versions = new Properties();
    try (InputStream in =
        Objects.requireNonNull(ServerPrograms.class.getResourceAsStream(VERSIONS), VERSIONS)) {
      versions.load(in);
    }
    return versions;
  }
}
