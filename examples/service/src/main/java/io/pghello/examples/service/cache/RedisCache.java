// SPDX-License-Identifier: MIT
package io.pghello.examples.service.cache;

import io.lettuce.core.SetArgs;
import io.pghello.examples.service.greeting.GreetingCache;
import io.pghello.examples.service.redis.Redis;
import io.pghello.examples.web.OutageLog;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Caches greetings in Redis for all instances. While Redis is unavailable, the cache is bypassed.
 */
final class RedisCache implements GreetingCache {
  private static final Logger LOG = LoggerFactory.getLogger(RedisCache.class);

  /** The maximum number of bytes per {@code char}. */
  private static final int UTF8_BYTES = 3;

  /** The maximum number of additional bytes per greeting, for "Hello, " and "! ". */
  private static final int MAX_WORDS = 16;

  private final Redis redis;
  private final OutageLog outages;
  private final SetArgs kept;

  RedisCache(CacheProperties properties, Redis redis, OutageLog outages) {
    this.redis = redis;
    this.outages = outages;
    this.kept = SetArgs.Builder.ex(properties.cacheTime());
  }

  // the count precedes the name, because a name may end with a number
  private static String key(String name, int repeat) {
    return "greeting:" + repeat + ":" + name;
  }

  @Override
  public @Nullable String get(String name, int repeat) {
    try {
      byte @Nullable [] greeting = redis.call(c -> c.sync().get(key(name, repeat)));
      return greeting == null ? null : greetingOf(name, repeat, greeting);
    } catch (CharacterCodingException e) {
      return null;
    } catch (RuntimeException e) {
      // the Redis class already logs the failure
      LOG.debug("Could not look up a greeting", e);
      return null;
    }
  }

  /** Decodes a cached greeting. Returns null if the text is not a greeting for the name. */
  private static @Nullable String greetingOf(String name, int repeat, byte[] bytes)
      throws CharacterCodingException {
    if (bytes.length > repeat * (UTF8_BYTES * name.length() + MAX_WORDS)) {
      return null;
    }
    String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    int from = 0;
    for (int found = 0; found < repeat; found++) {
      int at = text.indexOf(name, from);
      if (at < 0) {
        return null;
      }
      from = at + name.length();
    }
    return text;
  }

  @Override
  public void put(String name, int repeat, String greeting) {
    byte[] text = greeting.getBytes(StandardCharsets.UTF_8);
    try {
      redis.call(c -> c.sync().set(key(name, repeat), text, kept));
    } catch (RuntimeException e) {
      LOG.debug("Could not cache a greeting", e);
    }
  }

  @Override
  public void evict(String name, Collection<Integer> repeats) {
    String[] keys = repeats.stream().map(repeat -> key(name, repeat)).toArray(String[]::new);
    try {
      redis.call(c -> c.sync().del(keys));
    } catch (RuntimeException e) {
      outages.failed("CACHE_UNAVAILABLE", e.toString());
      throw new CacheUnavailableException(e);
    }
  }
}
