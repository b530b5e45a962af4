// SPDX-License-Identifier: MIT
package io.pghello.examples.service.redis;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;

/** Redis, which is started if the cache or the limits use it. */
@Configuration(proxyBeanMethods = false)
class RedisConfiguration {
  @Bean
  @Lazy
  Redis redis(RedisProperties properties) {
    return new Redis(properties);
  }
}
