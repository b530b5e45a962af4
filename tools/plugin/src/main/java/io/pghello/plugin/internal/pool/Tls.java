// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import org.jspecify.annotations.Nullable;

/**
 * TLS settings of a connection.
 *
 * @param mode the driver's {@code sslmode}: disable, verify-ca or verify-full
 * @param ca trusted certificates in PEM format; null for the JDK's trusted certificates
 * @param cert the client certificate in PEM format, optionally with its chain; null for none
 * @param key the client key in PEM format; null for none
 */
record Tls(String mode, @Nullable String ca, @Nullable String cert, @Nullable String key) {
  static final String DISABLE = "disable";

  /** Returns whether TLS is enabled. */
  boolean on() {
    return !mode.equals(DISABLE);
  }

  @Override
  public String toString() {
    return mode;
  }
}
