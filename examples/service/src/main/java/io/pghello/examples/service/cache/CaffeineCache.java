// SPDX-License-Identifier: MIT
package io.pghello.examples.service.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.pghello.examples.service.greeting.GreetingCache;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Caches greetings in the memory of this instance. */
final class CaffeineCache implements GreetingCache {
  private final Cache<Key, String> greetings;

  private record Key(String name, int repeat) {}

  CaffeineCache(CacheProperties properties, Ticker ticker) {
    greetings =
        Caffeine.newBuilder()
            .maximumSize(properties.cacheSize())
            .expireAfterWrite(properties.cacheTime())
            .ticker(ticker)
            .build();
  }

  @Override
  public @Nullable String get(String name, int repeat) {
    return greetings.getIfPresent(new Key(name, repeat));
  }

  @Override
  public void put(String name, int repeat, String greeting) {
    greetings.put(new Key(name, repeat), greeting);
  }

  @Override
  public void evict(String name, Collection<Integer> repeats) {
    greetings.invalidateAll(repeats.stream().map(repeat -> new Key(name, repeat)).toList());
  }
}
