// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.micrometer.common.KeyValues;
import io.micrometer.observation.ObservationRegistry;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.micrometer.CallObservations;
import io.pghello.micrometer.PgHelloObservations;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Scope;

/**
 * Creates an observation for each statement of the clients. If there are several clients, the key
 * {@code client} contains the bean name.
 */
@AutoConfiguration(
    after = PgHelloAutoConfiguration.class,
    afterName = {
      "org.springframework.boot.actuate.autoconfigure.observation.ObservationAutoConfiguration",
      "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration"
    })
@ConditionalOnClass(ObservationRegistry.class)
@ConditionalOnBean({ObservationRegistry.class, PgHelloClient.class})
public final class PgHelloObservationAutoConfiguration {
  // a prototype, so that each client gets a separate listener
  @Bean
  @Scope(ConfigurableBeanFactory.SCOPE_PROTOTYPE)
  @ConditionalOnMissingBean(name = "pgHelloObservations")
  CallObservations pgHelloObservations(
      ObservationRegistry registry, ConfigurableListableBeanFactory beans) {
    String client = Clients.nameInCreation(beans);
    return PgHelloObservations.create(
        registry, client == null ? KeyValues.empty() : KeyValues.of(Clients.TAG, client));
  }
}
