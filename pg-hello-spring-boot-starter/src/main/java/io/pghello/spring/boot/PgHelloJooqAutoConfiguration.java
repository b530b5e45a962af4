// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.extension.ArtifactVersions;
import io.pghello.jooq.PgHello;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/**
 * Configures jOOQ to call the functions in the schema set by {@code pg-hello.schema}. A schema set
 * in jOOQ's configuration takes precedence.
 */
@AutoConfiguration
@ConditionalOnClass({org.jooq.Configuration.class, PgHello.class})
@EnableConfigurationProperties(PgHelloProperties.class)
public final class PgHelloJooqAutoConfiguration {
  @Bean
  static BeanPostProcessor pgHelloJooqSettings(ObjectProvider<PgHelloProperties> properties) {
    ArtifactVersions.requireSame(PgHelloJooqAutoConfiguration.class, PgHello.class);
    return new BeanPostProcessor() {
      @Override
      public Object postProcessBeforeInitialization(Object bean, String name) {
        if (bean instanceof org.jooq.Configuration configuration) {
          String schema = properties.getObject().schema();
          // the application may have set another schema, e.g. for a second database
          if (schema != null && PgHello.schema(configuration) == null) {
            PgHello.setSchema(configuration, schema);
          }
        }
        return bean;
      }
    };
  }
}
