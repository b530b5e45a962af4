// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql;

/**
 * The type of the guide's schema.
 *
 * @param timestamp in milliseconds, by the clock of the service
 */
record GreetingResponse(String name, String greeting, String timestamp) {
  static GreetingResponse of(String name, String greeting) {
    return new GreetingResponse(name, greeting, Long.toString(System.currentTimeMillis()));
  }
}
