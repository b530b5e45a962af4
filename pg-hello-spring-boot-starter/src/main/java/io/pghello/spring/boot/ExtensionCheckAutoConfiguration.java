// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/**
 * Looks at the start whether the extensions that {@code pg-extension.check} names can be used, in
 * the database of the data source: of the only one, or of the primary one.
 */
@AutoConfiguration(
    afterName = {
      "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
      "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration"
    })
@EnableConfigurationProperties(ExtensionProperties.class)
public final class ExtensionCheckAutoConfiguration {
  @Bean
  ExtensionCheck pgExtensionCheck(
      ObjectProvider<DataSource> dataSources, ExtensionProperties properties) {
    return new ExtensionCheck(dataSources, properties);
  }

  @Bean
  static LazyInitializationExcludeFilter pgExtensionCheckIsNotLazy() {
    return LazyInitializationExcludeFilter.forBeanTypes(ExtensionCheck.class);
  }
}
