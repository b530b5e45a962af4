// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import org.jspecify.annotations.Nullable;

/**
 * Encryption of a connection.
 *
 * @param mode the driver's {@code sslmode}: disable, verify-ca or verify-full
 * @param ca certificates in PEM that are trusted; null for those that the JDK trusts
 * @param cert the client's certificate in PEM, perhaps with its chain; null for none
 * @param key the client's key in PEM; null for none
 */
record Tls(String mode, @Nullable String ca, @Nullable String cert, @Nullable String key) {
  static final String DISABLE = "disable";

  /** Returns whether there is TLS at all. */
  boolean on() {
    return !mode.equals(DISABLE);
  }

  @Override
  public String toString() {
    return mode;
  }
}
