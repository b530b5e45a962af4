// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import io.github.bucket4j.Bandwidth;
import io.pghello.examples.web.OutageLog;
import io.pghello.examples.web.ProblemWriter;
import javax.sql.DataSource;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.scheduling.annotation.EnableScheduling;

/** Configures the rate limits, unless {@code greeting.rate-limit.enabled} is false. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty(name = "greeting.rate-limit.enabled", matchIfMissing = true)
@EnableScheduling
class RateLimitConfiguration {
  @Bean
  Bandwidth rateLimit(RateLimitProperties properties) {
    return Bandwidth.builder()
        .capacity(properties.requests())
        .refillIntervally(properties.requests(), properties.window())
        .build();
  }

  @Bean
  @ConditionalOnProperty(
      name = "greeting.rate-limit.store",
      havingValue = "memory",
      matchIfMissing = true)
  Buckets memoryBuckets(RateLimitProperties properties, Bandwidth rateLimit) {
    return new MemoryBuckets(rateLimit, properties.window(), properties.maxClients());
  }

  @Bean
  @ConditionalOnProperty(name = "greeting.rate-limit.store", havingValue = "postgresql")
  SharedBuckets sharedBuckets(
      RateLimitProperties properties, Bandwidth rateLimit, DataSource dataSource) {
    return new SharedBuckets(properties, rateLimit, dataSource);
  }

  @Bean
  RateLimiter rateLimiter(RateLimitProperties properties, Buckets buckets) {
    return new RateLimiter(properties, buckets);
  }

  @Bean
  RateLimitAnswer rateLimitAnswer(RateLimitProperties properties) {
    return new RateLimitAnswer(properties);
  }

  @Bean
  GreetingsLimit greetingsLimit(
      RateLimitProperties properties,
      RateLimiter limiter,
      RateLimitAnswer answer,
      OutageLog outages) {
    return new GreetingsLimit(properties, limiter, answer, outages);
  }

  @Bean
  LimitsInOpenApi limitsInOpenApi(RateLimitProperties properties) {
    return new LimitsInOpenApi(properties);
  }

  /**
   * Registers the filter before Spring Security's filters, so that rejected requests cost as little
   * as possible.
   */
  @Bean
  FilterRegistrationBean<RateLimitFilter> rateLimitFilter(
      RateLimitProperties properties,
      RateLimiter limiter,
      RateLimitAnswer answer,
      ProblemWriter writer,
      OutageLog outages) {
    var registration =
        new FilterRegistrationBean<>(
            new RateLimitFilter(properties, limiter, answer, writer, outages));
    registration.setOrder(Ordered.HIGHEST_PRECEDENCE + 100);
    return registration;
  }
}
