// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClientBuilder;

/**
 * Changes the client of an application before it is built. Beans of this type are called in their
 * order, after the properties and the listeners, so what they set prevails.
 */
@FunctionalInterface
public interface PgHelloClientCustomizer {
  /**
   * Changes a client that is about to be built.
   *
   * @param builder has the data source and all properties; another source of connections cannot be
   *     added
   */
  void customize(PgHelloClientBuilder builder);
}
