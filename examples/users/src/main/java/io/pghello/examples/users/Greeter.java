// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import java.util.Objects;
import java.util.Optional;
import org.springframework.stereotype.Service;

/**
 * Greets users through the greeting service, or through the database if the service does not
 * respond.
 */
@Service
class Greeter {
  private final GreetingServiceClient service;
  private final UserRepository users;

  Greeter(GreetingServiceClient service, UserRepository users) {
    this.service = service;
    this.users = users;
  }

  /**
   * A greeting.
   *
   * @param source the origin of the greeting: {@code greeting-service} or {@code database}
   */
  record Greeting(String greeting, String source) {}

  /**
   * Greets a user. The service and the database both use the configured repeat count, so their
   * greetings differ only in the source.
   */
  Greeting greet(User user) {
    Optional<String> answer = service.greet(user.getUsername());
    if (answer.isPresent()) {
      return new Greeting(answer.get(), "greeting-service");
    }
    int id = Objects.requireNonNull(user.getId());
    String greeting = users.greet(id).orElseThrow(NoSuchUserException::new);
    return new Greeting(greeting, "database");
  }
}
