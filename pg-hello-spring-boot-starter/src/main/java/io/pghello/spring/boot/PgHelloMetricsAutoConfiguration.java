// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.micrometer.core.instrument.MeterRegistry;
import io.pghello.PgHelloClient;
import io.pghello.micrometer.PgHelloMetrics;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** Keeps the client's metrics in the application's registry of Micrometer. */
@AutoConfiguration(
    after = PgHelloAutoConfiguration.class,
    afterName = {
      "org.springframework.boot.actuate.autoconfigure.metrics.CompositeMeterRegistryAutoConfiguration",
      "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration"
    })
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean(MeterRegistry.class)
@ConditionalOnSingleCandidate(PgHelloClient.class)
public final class PgHelloMetricsAutoConfiguration {
  @Bean
  @ConditionalOnMissingBean
  PgHelloMetrics pgHelloMetrics(MeterRegistry registry) {
    return new PgHelloMetrics(registry);
  }

  @Bean
  SmartInitializingSingleton pgHelloGauges(
      PgHelloMetrics metrics, ObjectProvider<PgHelloClient> client) {
    return () -> client.ifAvailable(metrics::bindGauges);
  }
}
