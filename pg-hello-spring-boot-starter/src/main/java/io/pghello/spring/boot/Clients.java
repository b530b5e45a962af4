// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClient;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.SimpleAutowireCandidateResolver;

/** Finds the clients of an application, with their bean names. */
final class Clients {
  /** The tag that distinguishes the meters of several clients. */
  static final String TAG = "client";

  private Clients() {}

  /**
   * Returns all injectable clients, including those that need a qualifier. Creates them if
   * necessary.
   */
  static Map<String, PgHelloClient> all(ConfigurableListableBeanFactory beans) {
    return SimpleAutowireCandidateResolver.resolveAutowireCandidates(
        beans, PgHelloClient.class, false, true);
  }

  /**
   * Returns the bean name of the client that is currently being created. Call this method while one
   * of the client's dependencies is resolved. Returns null if the application has only one client,
   * and "none" if the application has several clients and none of them is being created.
   */
  static @Nullable String nameInCreation(ConfigurableListableBeanFactory beans) {
    String[] names = beans.getBeanNamesForType(PgHelloClient.class, true, false);
    return names.length < 2
        ? null
        : Arrays.stream(names).filter(beans::isCurrentlyInCreation).findFirst().orElse("none");
  }
}
