// SPDX-License-Identifier: MIT
package io.pghello.examples.service.greeting;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Greetings that were asked for before. The count is a part of the key, so a change of the
 * configured count makes no answer wrong. Thread-safe.
 */
public interface GreetingCache {
  /** Keeps nothing. */
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

  /** Returns the greeting; null if it is not known, or the cache cannot be asked. */
  @Nullable String get(String name, int repeat);

  /** Keeps the greeting for a while, unless the cache cannot be asked. */
  void put(String name, int repeat, String greeting);

  /**
   * Forgets the greetings of a name with these counts, and no others.
   *
   * @throws org.springframework.web.ErrorResponseException if the cache cannot be asked, and so may
   *     still have them
   */
  void evict(String name, Collection<Integer> repeats);
}
