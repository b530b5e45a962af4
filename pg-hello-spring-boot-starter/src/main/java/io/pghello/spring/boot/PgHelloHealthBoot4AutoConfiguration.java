// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClient;
import java.util.Map;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/**
 * The health contributor {@code pgHello} for Spring Boot 4. If there are several clients, it
 * contains one entry per client, named after its bean.
 */
@AutoConfiguration(after = PgHelloAutoConfiguration.class)
@ConditionalOnClass(
    name = {
      "org.springframework.boot.health.contributor.HealthIndicator",
      "org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator"
    })
@ConditionalOnBean(PgHelloClient.class)
@ConditionalOnEnabledHealthIndicator("pg-hello")
public final class PgHelloHealthBoot4AutoConfiguration {
  @Bean
  @ConditionalOnMissingBean(name = {"pgHelloHealthIndicator", "pgHelloHealthContributor"})
  HealthContributor pgHelloHealthContributor(ConfigurableListableBeanFactory beans) {
    Map<String, PgHelloClient> clients = Clients.all(beans);
    return clients.size() == 1
        ? indicator(clients.values().iterator().next())
        : CompositeHealthContributor.fromMap(
            clients, PgHelloHealthBoot4AutoConfiguration::indicator);
  }

  private static HealthIndicator indicator(PgHelloClient client) {
    var status = new PgHelloStatus(client);
    return () -> {
      PgHelloStatus.Result result = status.check();
      return (result.isUp() ? Health.up() : Health.down()).withDetails(result.details()).build();
    };
  }
}
