// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.PgHelloException;
import org.hibernate.HibernateException;
import org.jspecify.annotations.Nullable;

/** Finds out whether this module and the core, whose internals it uses, are of one version. */
final class Versions {
  private Versions() {}

  /** Refuses versions that differ; class files that are in no jar of ours have none. */
  static void requireSame() {
    String ours = version(Versions.class);
    String core = version(PgHelloException.class);
    if (ours != null && core != null && !ours.equals(core)) {
      throw new HibernateException(
          "pg-hello-hibernate is of version "
              + ours
              + ", and pg-hello-core of version "
              + core
              + ". Use one version of both, as pg-hello-bom does.");
    }
  }

  private static @Nullable String version(Class<?> type) {
    return type.getPackage().getImplementationVersion();
  }
}
