// SPDX-License-Identifier: MIT
package io.pghello.testkit.internal;

import io.pghello.extension.testkit.internal.ClassPathExtension;
import io.pghello.extension.testkit.internal.ControlFile;
import io.pghello.extension.testkit.internal.ServerExtension;
import io.pghello.extension.testkit.internal.ServerPlace;
import io.pghello.extension.testkit.internal.TestServer;
import java.util.List;
import java.util.Map;

/**
 * The files of the extension and of {@code pg_hello_ops}, as the jar {@code pg-hello-extension} has
 * them, and what tests with them need.
 */
public final class ExtensionFiles {
  private static final ClassPathExtension JAR =
      ClassPathExtension.find("pg_hello")
          .orElseThrow(
              () ->
                  new IllegalStateException(
                      "No META-INF/pg-extension/pg_hello.properties on the class path: is the jar"
                          + " pg-hello-extension missing?"));

  /** The extension, and the names of what is created for tests. */
  public static final TestServer.Needs NEEDS =
      new TestServer.Needs("hello", "pg-hello-testkit", List.of(forServer()), Map.of());

  private ExtensionFiles() {}

  /** Returns where the system property or the environment wants the server of tests to be. */
  public static ServerPlace place() {
    return ServerPlace.of("pghello.server", "PG_HELLO_SERVER");
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
   * Refuses a platform that there is no library for, whatever the major.
   *
   * @throws IllegalStateException if it is one; the message names those there are, and the ways
   *     that are left
   */
  public static void requirePlatform(String platform) {
    if (!platforms().contains(platform)) {
      throw new IllegalStateException(
          "The embedded PostgreSQL with pg_hello runs on "
              + String.join(", ", platforms())
              + " alone, and this is "
              + platform
              + ". Run this on such a machine, or use a container, where its engine runs images of"
              + " linux/amd64 (PgHelloContainer), or a server elsewhere on which the extension was"
              + " installed (PG_HELLO_SERVER=jdbc:postgresql:..., or local for one here).");
    }
  }

  /** Returns whether there is a library for a platform and a major. */
  public static boolean isFor(String platform, int major) {
    return builds().contains(platform + "/" + major);
  }

  private static List<String> platforms() {
    return builds().stream()
        .map(build -> build.substring(0, build.indexOf('/')))
        .distinct()
        .toList();
  }

  /** Returns what there are libraries for, as in {@code linux-amd64/17}. */
  static List<String> builds() {
    return JAR.builds();
  }

  /** Returns what an embedded server has. */
  public static ServerExtension forServer() {
    return JAR.toServerExtension();
  }

  /** Returns what a server has itself, as {@code make install} has put it there. */
  public static ServerExtension ofServer() {
    return ServerExtension.ofServer("pg_hello");
  }
}
