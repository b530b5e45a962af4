// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClient;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** The health indicator {@code pgHello} of Spring Boot 3.5. */
@AutoConfiguration(after = PgHelloAutoConfiguration.class)
@ConditionalOnClass(
    name = {
      "org.springframework.boot.actuate.health.HealthIndicator",
      "org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator"
    })
@ConditionalOnSingleCandidate(PgHelloClient.class)
@ConditionalOnEnabledHealthIndicator("pg-hello")
public final class PgHelloHealthBoot3AutoConfiguration {
  @Bean
  @ConditionalOnMissingBean(name = {"pgHelloHealthIndicator", "pgHelloHealthContributor"})
  HealthIndicator pgHelloHealthIndicator(ObjectProvider<PgHelloClient> client) {
    var status = new PgHelloStatus(client);
    return () -> {
      PgHelloStatus.Answer answer = status.ask();
      return (answer.isUp() ? Health.up() : Health.down()).withDetails(answer.details()).build();
    };
  }
}
