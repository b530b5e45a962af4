// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.micrometer.CallMetrics;
import io.pghello.micrometer.PgHelloMetrics;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Scope;

/**
 * Registers the clients' metrics with the application's Micrometer registry. If there are several
 * clients, the tag {@code client} contains the bean name.
 */
@AutoConfiguration(
    after = PgHelloAutoConfiguration.class,
    afterName = {
      "org.springframework.boot.actuate.autoconfigure.metrics.CompositeMeterRegistryAutoConfiguration",
      "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration"
    })
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean({MeterRegistry.class, PgHelloClient.class})
public final class PgHelloMetricsAutoConfiguration {
  // a prototype, so that each client gets a separate listener
  @Bean
  @Scope(ConfigurableBeanFactory.SCOPE_PROTOTYPE)
  @ConditionalOnMissingBean(name = "pgHelloMetrics")
  CallMetrics pgHelloMetrics(MeterRegistry registry, ConfigurableListableBeanFactory beans) {
    return metrics(registry, Clients.nameInCreation(beans));
  }

  @Bean
  SmartInitializingSingleton pgHelloGauges(
      MeterRegistry registry,
      @Qualifier("pgHelloMetrics") ObjectProvider<CallMetrics> metrics,
      ConfigurableListableBeanFactory beans) {
    return () -> {
      Map<String, PgHelloClient> clients = Clients.all(beans);
      clients.forEach(
          (name, client) ->
              (clients.size() == 1 ? metrics.getObject() : metrics(registry, name))
                  .bindGauges(client));
    };
  }

  private static CallMetrics metrics(MeterRegistry registry, @Nullable String client) {
    return PgHelloMetrics.create(
        registry, client == null ? Tags.empty() : Tags.of(Clients.TAG, client));
  }
}
