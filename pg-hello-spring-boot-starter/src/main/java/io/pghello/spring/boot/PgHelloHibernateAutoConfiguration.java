// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.extension.ArtifactVersions;
import io.pghello.hibernate.PgHelloSettings;
import io.pghello.spring.boot.PgHelloProperties.PreflightMode;
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
 * Passes the property {@code pg-hello.schema} to Hibernate, and disables the startup check of
 * pg-hello-hibernate if it is redundant. Values in {@code spring.jpa.properties} take precedence.
 *
 * <p>The check is disabled if {@code pg-hello.preflight} is off, if this is the training run of an
 * AOT cache, or if the starter checks the same database later, after all database scripts have run.
 */
@AutoConfiguration
@ConditionalOnClass({LocalContainerEntityManagerFactoryBean.class, PgHelloSettings.class})
@EnableConfigurationProperties(PgHelloProperties.class)
public final class PgHelloHibernateAutoConfiguration {
  // The customizer for Hibernate's properties is in different packages in Spring Boot 3 and 4.
  @Bean
  static BeanPostProcessor pgHelloHibernateSettings(
      ObjectProvider<PgHelloProperties> properties, ListableBeanFactory beans) {
    ArtifactVersions.requireSame(PgHelloHibernateAutoConfiguration.class, PgHelloSettings.class);
    return new BeanPostProcessor() {
      @Override
      public Object postProcessBeforeInitialization(Object bean, String name) {
        if (bean instanceof LocalContainerEntityManagerFactoryBean factory) {
          configure(factory, properties.getObject(), beans);
        }
        return bean;
      }
    };
  }

  private static void configure(
      LocalContainerEntityManagerFactoryBean factory,
      PgHelloProperties properties,
      ListableBeanFactory beans) {
    Map<String, Object> settings = factory.getJpaPropertyMap();
    if (properties.schema() != null) {
      settings.putIfAbsent(PgHelloSettings.SCHEMA, properties.schema());
    }
    if (properties.preflight() == PreflightMode.OFF
        || PreflightCheck.isTraining()
        || isCheckedByStarter(factory.getDataSource(), beans)) {
      settings.putIfAbsent(PgHelloSettings.PREFLIGHT, "off");
    }
  }

  /**
   * Returns whether {@link PreflightCheck} checks this database. Returns false if the application
   * defines the client, because the client's database is then unknown.
   */
  private static boolean isCheckedByStarter(
      @Nullable DataSource dataSource, ListableBeanFactory beans) {
    return dataSource != null
        && beans.getBeanNamesForType(PreflightCheck.class, false, false).length > 0
        && PgHelloAutoConfiguration.isActive(beans)
        && dataSource.equals(beans.getBeanProvider(DataSource.class).getIfUnique());
  }
}
