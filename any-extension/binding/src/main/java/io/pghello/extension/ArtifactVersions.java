// SPDX-License-Identifier: MIT
package io.pghello.extension;

import java.net.URL;
import java.security.CodeSource;
import org.jspecify.annotations.Nullable;

/**
 * Compares the versions of this project's artifacts on the class path. The artifacts call {@link
 * #requireSame} before they use each other, because a mix of versions may otherwise fail much later
 * with a {@link NoSuchMethodError}.
 *
 * <p>This class may itself be of another version than its caller. Therefore, its name and the
 * signature of its method never change. Generated clients may call it as well.
 */
public final class ArtifactVersions {
  private static final String GROUP = "io.github.pg-hello";

  private ArtifactVersions() {}

  /**
   * Throws if the jars of these classes have different versions. Call this method at the first use
   * of an artifact, for example in the method that creates a client.
   *
   * <p>Titles and versions are read from the manifests, which are in memory. Classes in
   * directories, on the module path, or in a jar of another project, even if it contains copies of
   * these classes, have no version and are accepted. Thread-safe.
   *
   * @param own a class of the calling artifact
   * @param others one class of each artifact that the calling artifact uses
   * @throws IllegalStateException if the versions differ; the message names two artifacts, their
   *     versions and jars, and the BOM that sets all versions
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
