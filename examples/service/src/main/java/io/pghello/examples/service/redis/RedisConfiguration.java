// SPDX-License-Identifier: MIT
package io.pghello.examples.service.redis;

import io.pghello.examples.web.OutageLog;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;

/** Configures Redis, if the cache or the limits use it. */
@Configuration(proxyBeanMethods = false)
class RedisConfiguration {
  @Bean
  @Lazy
  Redis redis(RedisProperties properties, OutageLog outages) {
    return new Redis(properties, outages);
  }
}
