// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClient;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.SimpleAutowireCandidateResolver;

/** The clients of an application, by the names of their beans. */
final class Clients {
  /** The tag that tells the meters of several clients apart. */
  static final String TAG = "client";

  private Clients() {}

  /** Returns all that can be injected, if only by a qualifier, and creates those not there yet. */
  static Map<String, PgHelloClient> all(ConfigurableListableBeanFactory beans) {
    return SimpleAutowireCandidateResolver.resolveAutowireCandidates(
        beans, PgHelloClient.class, false, true);
  }

  /**
   * Returns the name of the client that is being created, and for which another bean therefore is:
   * null if the application has no other, "none" if none of several is being created.
   */
  static @Nullable String nameOfTheOneInCreation(ConfigurableListableBeanFactory beans) {
    String[] names = beans.getBeanNamesForType(PgHelloClient.class, true, false);
    return names.length < 2
        ? null
        : Arrays.stream(names).filter(beans::isCurrentlyInCreation).findFirst().orElse("none");
  }
}
