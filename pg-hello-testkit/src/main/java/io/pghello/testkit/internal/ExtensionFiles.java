// SPDX-License-Identifier: MIT
package io.pghello.testkit.internal;

import io.pghello.extension.testkit.internal.cache.ArtifactVersions;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.files.ClassPathExtension;
import io.pghello.extension.testkit.internal.files.ControlFile;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import io.pghello.extension.testkit.internal.server.ServerRequirements;
import java.util.List;
import java.util.Map;

/**
 * The files of {@code pg_hello} and {@code pg_hello_ops} from the jar {@code pg-hello-extension},
 * and the requirements of tests that use them.
 */
public final class ExtensionFiles {
  static {
    ArtifactVersions.requireSame(ExtensionFiles.class, ServerLocation.class);
  }

  private static final ClassPathExtension JAR =
      ClassPathExtension.find("pg_hello")
          .orElseThrow(
              () ->
                  new IllegalStateException(
                      "There is no META-INF/pg-extension/pg_hello.properties on the class path. Add"
                          + " the dependency io.github.pg-hello:pg-hello-extension."));

  /**
   * The requirements of the tests: the extension, and the names of the objects that are created for
   * tests.
   */
  public static final ServerRequirements NEEDS =
      new ServerRequirements(
          "hello", "pg-hello-testkit", List.of(forServer()), Map.of(), /* schema= */ null);

  private ExtensionFiles() {}

  /** Returns the server location from the system property or the environment. */
  public static ServerLocation place() {
    return ServerLocation.of("pg-hello.server", "PG_HELLO_SERVER");
  }

  /**
   * Returns the version of the extension that {@code CREATE EXTENSION} creates with these files.
   */
  public static String version() {
    return new ControlFile(JAR.read("pg_hello.control"))
        .defaultVersion()
        .orElseThrow(() -> new IllegalStateException("pg_hello.control has no default_version"));
  }

  /**
   * Checks that there is a library for a platform and at least one major version.
   *
   * @throws IllegalStateException if there is no library; the message lists the supported platforms
   *     and the alternatives
   */
  public static void requirePlatform(String platform) {
    if (!platforms().contains(platform)) {
      throw new IllegalStateException(
          "The embedded PostgreSQL with pg_hello runs only on "
              + String.join(", ", platforms())
              + ", but this machine is "
              + platform
              + ". Use a container (PgHelloContainer) if the container engine runs linux/amd64"
              + " images, or a server on which the extension is installed"
              + " (PG_HELLO_SERVER=jdbc:postgresql:..., or PG_HELLO_SERVER=local for a server on"
              + " this machine).");
    }
  }

  /** Returns whether there is a library for a platform and a major version. */
  public static boolean isFor(String platform, int major) {
    return builds().contains(platform + "/" + major);
  }

  private static List<String> platforms() {
    return builds().stream()
        .map(build -> build.substring(0, build.indexOf('/')))
        .distinct()
        .toList();
  }

  /**
   * Returns the platforms and major versions for which there are libraries, for example {@code
   * linux-amd64/17}.
   */
  static List<String> builds() {
    return JAR.builds();
  }

  /** Returns the extension for an embedded server. */
  public static ServerExtension forServer() {
    return JAR.toServerExtension();
  }

  /** Returns the extension as installed on the server by {@code make install}. */
  public static ServerExtension ofServer() {
    return ServerExtension.ofServer("pg_hello");
  }
}
