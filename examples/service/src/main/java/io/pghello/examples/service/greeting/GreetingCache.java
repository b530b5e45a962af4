// SPDX-License-Identifier: MIT
package io.pghello.examples.service.greeting;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * A cache of greetings. Keys include the repeat count, so cached entries stay correct if the
 * configured repeat count changes. Thread-safe.
 */
public interface GreetingCache {
  /** A cache that is always empty. */
  GreetingCache NONE =
      new GreetingCache() {
        @Override
        public @Nullable String get(String name, int repeat) {
          return null;
        }

        @Override
        public void put(String name, int repeat, String greeting) {}

        @Override
        public void evict(String name, Collection<Integer> repeats) {}
      };

  /** Returns the cached greeting; null if there is none or if the cache is unavailable. */
  @Nullable String get(String name, int repeat);

  /** Caches the greeting, unless the cache is unavailable. */
  void put(String name, int repeat, String greeting);

  /**
   * Evicts the greetings for a name with the given repeat counts.
   *
   * @throws org.springframework.web.ErrorResponseException if the cache is unavailable and may
   *     still contain the greetings
   */
  void evict(String name, Collection<Integer> repeats);
}
