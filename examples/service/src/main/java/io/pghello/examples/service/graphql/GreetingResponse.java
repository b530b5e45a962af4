// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql;

import org.jspecify.annotations.Nullable;

/**
 * The type of the guide's schema.
 *
 * @param greeting null if the query does not ask for it
 * @param timestamp in milliseconds, by the clock of the service
 */
record GreetingResponse(String name, @Nullable String greeting, String timestamp) {
  static GreetingResponse of(String name, @Nullable String greeting) {
    return new GreetingResponse(name, greeting, Long.toString(System.currentTimeMillis()));
  }
}
