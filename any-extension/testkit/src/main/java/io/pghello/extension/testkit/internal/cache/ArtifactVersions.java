// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.cache;

import java.net.URL;
import java.security.CodeSource;
import org.jspecify.annotations.Nullable;

/**
 * Compares the versions of this project's artifacts on the class path. This is a copy of the class
 * in {@code pg-extension-binding}: the tests of the binding need the testkit.
 */
public final class ArtifactVersions {
  private static final String GROUP = "io.github.pg-hello";

  private ArtifactVersions() {}

  /**
   * Throws if the jars of these classes have different versions.
   *
   * @throws IllegalStateException if the versions differ
   */
  public static void requireSame(Class<?> own, Class<?>... others) {
    String version = version(own);
    for (Class<?> other : others) {
      String otherVersion = version(other);
      if (version != null && otherVersion != null && !version.equals(otherVersion)) {
        throw new IllegalStateException(
            describe(own)
                + " and "
                + describe(other)
                + " have different versions. Use one version of all artifacts: import "
                + GROUP
                + ":pg-hello-bom, and remove other versions of these artifacts. This command lists"
                + " all versions: mvn dependency:tree -Dincludes="
                + GROUP);
      }
    }
  }

  private static @Nullable String version(Class<?> type) {
    // the title of a jar that contains copies of these classes is different
    String title = type.getPackage().getImplementationTitle();
    return title != null && title.startsWith(GROUP + ":")
        ? type.getPackage().getImplementationVersion()
        : null;
  }

  private static String describe(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    URL jar = source == null ? null : source.getLocation();
    return type.getPackage().getImplementationTitle()
        + ":"
        + version(type)
        + (jar == null ? "" : " (" + jar + ")");
  }
}
