// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.hibernate.PgHelloSettings;
import io.pghello.spring.boot.PgHelloProperties.Preflight;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * Tells Hibernate what the property {@code pg-hello.schema} says, and not to ask the database at
 * the start if {@code pg-hello.preflight} is off, or if the starter asks the same database, later,
 * when all scripts have run; unless it has been told otherwise by {@code spring.jpa.properties}.
 */
@AutoConfiguration
@ConditionalOnClass({LocalContainerEntityManagerFactoryBean.class, PgHelloSettings.class})
@EnableConfigurationProperties(PgHelloProperties.class)
public final class PgHelloHibernateAutoConfiguration {
  // The type that customizes Hibernate's properties is in another package in each line of Boot.
  @Bean
  static BeanPostProcessor pgHelloHibernateSettings(
      ObjectProvider<PgHelloProperties> properties, ListableBeanFactory beans) {
    return new BeanPostProcessor() {
      @Override
      public Object postProcessBeforeInitialization(Object bean, String name) {
        if (bean instanceof LocalContainerEntityManagerFactoryBean factory) {
          tell(factory, properties.getObject(), beans);
        }
        return bean;
      }
    };
  }

  private static void tell(
      LocalContainerEntityManagerFactoryBean factory,
      PgHelloProperties properties,
      ListableBeanFactory beans) {
    Map<String, Object> settings = factory.getJpaPropertyMap();
    if (properties.schema() != null) {
      settings.putIfAbsent(PgHelloSettings.SCHEMA, properties.schema());
    }
    if (properties.preflight() == Preflight.OFF
        || PreflightCheck.isTraining()
        || isAskedAnyway(factory.getDataSource(), beans)) {
      settings.putIfAbsent(PgHelloSettings.PREFLIGHT, "off");
    }
  }

  /**
   * Returns whether {@link PreflightCheck} asks the database. Which one a client of the application
   * asks is not known.
   */
  private static boolean isAskedAnyway(@Nullable DataSource dataSource, ListableBeanFactory beans) {
    return dataSource != null
        && beans.getBeanNamesForType(PreflightCheck.class, false, false).length > 0
        && PgHelloAutoConfiguration.isActive(beans)
        && dataSource.equals(beans.getBeanProvider(DataSource.class).getIfUnique());
  }
}
