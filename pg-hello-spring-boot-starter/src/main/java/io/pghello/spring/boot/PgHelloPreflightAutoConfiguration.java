// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClient;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/**
 * Checks at startup whether the extension is usable, for all clients including those defined by the
 * application.
 */
@AutoConfiguration(after = PgHelloAutoConfiguration.class)
@ConditionalOnBean(PgHelloClient.class)
@EnableConfigurationProperties(PgHelloProperties.class)
public final class PgHelloPreflightAutoConfiguration {
  @Bean
  PreflightCheck pgHelloPreflightCheck(
      ConfigurableListableBeanFactory beans, PgHelloProperties properties) {
    return new PreflightCheck(beans, properties);
  }

  @Bean
  static LazyInitializationExcludeFilter pgHelloPreflightIsNotLazy() {
    return LazyInitializationExcludeFilter.forBeanTypes(PreflightCheck.class);
  }
}
