// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClient;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** Looks at the start whether the extension can be used, whoever has defined the client. */
@AutoConfiguration(after = PgHelloAutoConfiguration.class)
@ConditionalOnSingleCandidate(PgHelloClient.class)
@EnableConfigurationProperties(PgHelloProperties.class)
public final class PgHelloPreflightAutoConfiguration {
  @Bean
  PreflightCheck pgHelloPreflightCheck(
      ObjectProvider<PgHelloClient> client, PgHelloProperties properties) {
    return new PreflightCheck(client, properties);
  }

  @Bean
  static LazyInitializationExcludeFilter pgHelloPreflightIsNotLazy() {
    return LazyInitializationExcludeFilter.forBeanTypes(PreflightCheck.class);
  }
}
