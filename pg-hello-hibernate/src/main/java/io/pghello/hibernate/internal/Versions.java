// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.extension.batching.FunctionCallException;
import org.hibernate.HibernateException;
import org.jspecify.annotations.Nullable;

/**
 * Checks that this module and the core have the same version, because this module uses internal
 * classes of the core.
 */
final class Versions {
  private Versions() {}

  /**
   * Throws an exception if the versions differ. Class files outside the project's jars have no
   * version and are accepted.
   */
  static void requireSame() {
    String ours = version(Versions.class);
    String core = version(FunctionCallException.class);
    if (ours != null && core != null && !ours.equals(core)) {
      throw new HibernateException(
          "pg-hello-hibernate has version "
              + ours
              + ", but pg-hello-core has version "
              + core
              + ". Use the same version of both, for example by importing pg-hello-bom.");
    }
  }

  private static @Nullable String version(Class<?> type) {
    return type.getPackage().getImplementationVersion();
  }
}
