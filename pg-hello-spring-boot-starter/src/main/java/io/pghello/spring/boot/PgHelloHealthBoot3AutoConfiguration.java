// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClient;
import java.util.Map;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.health.CompositeHealthContributor;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthContributor;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * The health contributor {@code pgHello} for Spring Boot 3.5. If there are several clients, it
 * contains one entry per client, named after its bean.
 */
@AutoConfiguration(after = PgHelloAutoConfiguration.class)
@ConditionalOnClass(
    name = {
      "org.springframework.boot.actuate.health.HealthIndicator",
      "org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator"
    })
@ConditionalOnBean(PgHelloClient.class)
@ConditionalOnEnabledHealthIndicator("pg-hello")
public final class PgHelloHealthBoot3AutoConfiguration {
  @Bean
  @ConditionalOnMissingBean(name = {"pgHelloHealthIndicator", "pgHelloHealthContributor"})
  HealthContributor pgHelloHealthContributor(ConfigurableListableBeanFactory beans) {
    Map<String, PgHelloClient> clients = Clients.all(beans);
    return clients.size() == 1
        ? indicator(clients.values().iterator().next())
        : CompositeHealthContributor.fromMap(
            clients, PgHelloHealthBoot3AutoConfiguration::indicator);
  }

  private static HealthIndicator indicator(PgHelloClient client) {
    var status = new PgHelloStatus(client);
    return () -> {
      PgHelloStatus.Result result = status.check();
      return (result.isUp() ? Health.up() : Health.down()).withDetails(result.details()).build();
    };
  }
}
