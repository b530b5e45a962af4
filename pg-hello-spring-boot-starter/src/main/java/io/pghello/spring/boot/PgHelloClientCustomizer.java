// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClient;
import io.pghello.extension.batching.ClientBuilder;

/**
 * Customizes the application's client before it is built. Customizers are called in bean order,
 * after the properties and listeners have been applied, so the settings of customizers take
 * precedence.
 */
@FunctionalInterface
public interface PgHelloClientCustomizer {
  /**
   * Customizes the client's builder.
   *
   * @param builder the builder, with the data source and all properties already applied; you cannot
   *     set another source of connections
   */
  void customize(ClientBuilder<PgHelloClient> builder);
}
