// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.hibernate.PgHelloSettings;
import io.pghello.spring.boot.PgHelloProperties.Preflight;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * Tells Hibernate what the property {@code pg-hello.schema} says, and not to ask the database at
 * the start if {@code pg-hello.preflight} is off, unless it has been told otherwise by {@code
 * spring.jpa.properties}.
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
    // what else it says is for the client's data source, and for when all beans are there
    if (properties.preflight() == Preflight.OFF || PreflightCheck.isTraining()) {
      settings.putIfAbsent(PgHelloSettings.PREFLIGHT, "off");
    }
  }
}
