// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.micrometer.common.KeyValues;
import io.micrometer.observation.ObservationRegistry;
import io.pghello.PgHelloClient;
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
 * Makes an observation of each statement of clients; of several clients with a key {@code client},
 * the name of the bean.
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
  // each client that is given the listeners gets one of its own
  @Bean
  @Scope(ConfigurableBeanFactory.SCOPE_PROTOTYPE)
  @ConditionalOnMissingBean
  PgHelloObservations pgHelloObservations(
      ObservationRegistry registry, ConfigurableListableBeanFactory beans) {
    String client = Clients.nameOfTheOneInCreation(beans);
    return new PgHelloObservations(
        registry, client == null ? KeyValues.empty() : KeyValues.of(Clients.TAG, client));
  }
}
