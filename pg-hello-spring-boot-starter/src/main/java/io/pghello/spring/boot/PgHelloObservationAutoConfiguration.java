// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.micrometer.observation.ObservationRegistry;
import io.pghello.PgHelloClient;
import io.pghello.micrometer.PgHelloObservations;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** Makes an observation of each statement of the client. */
@AutoConfiguration(
    after = PgHelloAutoConfiguration.class,
    afterName = {
      "org.springframework.boot.actuate.autoconfigure.observation.ObservationAutoConfiguration",
      "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration"
    })
@ConditionalOnClass(ObservationRegistry.class)
@ConditionalOnBean(ObservationRegistry.class)
@ConditionalOnSingleCandidate(PgHelloClient.class)
public final class PgHelloObservationAutoConfiguration {
  @Bean
  @ConditionalOnMissingBean
  PgHelloObservations pgHelloObservations(ObservationRegistry registry) {
    return new PgHelloObservations(registry);
  }
}
