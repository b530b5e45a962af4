// SPDX-License-Identifier: MIT
package io.pghello.examples.service.cache;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Keeps nothing. */
final class NoCache implements GreetingCache {
  @Override
  public @Nullable String get(String name, int repeat) {
    return null;
  }

  @Override
  public void put(String name, int repeat, String greeting) {}

  @Override
  public void evict(String name, Collection<Integer> repeats) {}
}
