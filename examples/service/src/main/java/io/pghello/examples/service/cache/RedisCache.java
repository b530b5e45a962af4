// SPDX-License-Identifier: MIT
package io.pghello.examples.service.cache;

import io.lettuce.core.SetArgs;
import io.pghello.examples.service.redis.Redis;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps greetings in Redis, for all instances. Greets without it while it does not answer. */
final class RedisCache implements GreetingCache {
  private static final Logger LOG = LoggerFactory.getLogger(RedisCache.class);

  private final Redis redis;
  private final SetArgs kept;

  RedisCache(CacheProperties properties, Redis redis) {
    this.redis = redis;
    this.kept = SetArgs.Builder.ex(properties.cacheTime());
  }

  // the count first: a name may end as a count does
  private static String key(String name, int repeat) {
    return "greeting:" + repeat + ":" + name;
  }

  @Override
  public @Nullable String get(String name, int repeat) {
    try {
      byte @Nullable [] greeting = redis.call(c -> c.sync().get(key(name, repeat)));
      return greeting == null ? null : new String(greeting, StandardCharsets.UTF_8);
    } catch (RuntimeException e) {
      // Redis itself logs that it does not answer
      LOG.debug("A greeting was not looked for", e);
      return null;
    }
  }

  @Override
  public void put(String name, int repeat, String greeting) {
    byte[] text = greeting.getBytes(StandardCharsets.UTF_8);
    try {
      redis.call(c -> c.sync().set(key(name, repeat), text, kept));
    } catch (RuntimeException e) {
      LOG.debug("A greeting was not kept", e);
    }
  }

  @Override
  public void evict(String name, Collection<Integer> repeats) {
    String[] keys = repeats.stream().map(repeat -> key(name, repeat)).toArray(String[]::new);
    try {
      redis.call(c -> c.sync().del(keys));
    } catch (RuntimeException e) {
      throw new CacheUnavailableException(e);
    }
  }
}
