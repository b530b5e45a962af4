// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClientBuilder;

/**
 * Customizes the application's client before it is built. Customizers are called in their order,
 * after the properties and listeners have been applied, so their settings take precedence.
 */
@FunctionalInterface
public interface PgHelloClientCustomizer {
  /**
   * Customizes the client's builder.
   *
   * @param builder contains the data source and all properties; you cannot set another source of
   *     connections
   */
  void customize(PgHelloClientBuilder builder);
}
