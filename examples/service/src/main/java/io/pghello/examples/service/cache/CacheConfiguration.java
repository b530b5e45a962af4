// SPDX-License-Identifier: MIT
package io.pghello.examples.service.cache;

import com.github.benmanes.caffeine.cache.Ticker;
import io.pghello.examples.service.greeting.GreetingCache;
import io.pghello.examples.service.redis.Redis;
import io.pghello.examples.web.OutageLog;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Creates only the cache selected by {@code greeting.cache}. */
@Configuration(proxyBeanMethods = false)
class CacheConfiguration {
  @Bean
  GreetingCache greetingCache(
      CacheProperties properties, ObjectProvider<Redis> redis, OutageLog outages) {
    return switch (properties.cache()) {
      case NONE -> GreetingCache.NONE;
      case CAFFEINE -> new CaffeineCache(properties, Ticker.systemTicker());
      case REDIS -> new RedisCache(properties, redis.getObject(), outages);
    };
  }
}
