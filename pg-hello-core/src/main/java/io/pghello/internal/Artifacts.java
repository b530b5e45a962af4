// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.BatchedFunction;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks that the artifacts of one release are used together. */
public final class Artifacts {
  private Artifacts() {}

  /**
   * Throws if the client and the artifacts that it needs have different versions. Versions are read
   * from the manifests of the jars, and are not compared if a jar has none.
   *
   * @throws IllegalStateException if the versions differ
   */
  public static void requireSameVersion() {
    String version = version(Artifacts.class);
    for (Class<?> type : List.of(BatchedFunction.class, ExtensionDescription.class)) {
      String other = version(type);
      if (version != null && other != null && !version.equals(other)) {
        throw new IllegalStateException(
            "pg-hello-core %s needs %s %s, but the class path contains version %s. Use the same version of all artifacts, for example with pg-hello-bom."
                .formatted(
                    version,
                    type.equals(BatchedFunction.class)
                        ? "pg-extension-batching"
                        : "pg-extension-binding",
                    version,
                    other));
      }
    }
  }

  private static @Nullable String version(Class<?> type) {
    return type.getPackage().getImplementationVersion();
  }
}
