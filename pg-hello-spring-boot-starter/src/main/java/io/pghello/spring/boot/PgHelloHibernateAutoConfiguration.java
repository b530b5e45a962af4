// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.hibernate.PgHelloSettings;
import java.util.Locale;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * Tells Hibernate what the properties {@code pg-hello.schema} and {@code pg-hello.preflight} say,
 * unless it has been told otherwise by {@code spring.jpa.properties}.
 */
@AutoConfiguration
@ConditionalOnClass({LocalContainerEntityManagerFactoryBean.class, PgHelloSettings.class})
@EnableConfigurationProperties(PgHelloProperties.class)
public final class PgHelloHibernateAutoConfiguration {
  // The type that customizes Hibernate's properties is in another package in each line of Boot.
  @Bean
  static BeanPostProcessor pgHelloHibernateSettings(ObjectProvider<PgHelloProperties> properties) {
    return new BeanPostProcessor() {
      @Override
      public Object postProcessBeforeInitialization(Object bean, String name) {
        if (bean instanceof LocalContainerEntityManagerFactoryBean factory) {
          tell(factory.getJpaPropertyMap(), properties.getObject());
        }
        return bean;
      }
    };
  }

  private static void tell(Map<String, Object> settings, PgHelloProperties properties) {
    if (properties.schema() != null) {
      settings.putIfAbsent(PgHelloSettings.SCHEMA, properties.schema());
    }
    settings.putIfAbsent(
        PgHelloSettings.PREFLIGHT,
        PreflightCheck.isTraining()
            ? "off"
            : properties.preflight().name().toLowerCase(Locale.ROOT));
  }
}
