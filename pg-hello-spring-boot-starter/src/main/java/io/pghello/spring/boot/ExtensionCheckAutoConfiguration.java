// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.extension.ArtifactVersions;
import io.pghello.extension.ExtensionDescription;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/**
 * Checks at startup whether the extensions listed in {@code pg-extension.check} are usable in the
 * database of the application's only or primary data source.
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
    ArtifactVersions.requireSame(ExtensionCheckAutoConfiguration.class, ExtensionDescription.class);
    return new ExtensionCheck(dataSources, properties);
  }

  @Bean
  static LazyInitializationExcludeFilter pgExtensionCheckIsNotLazy() {
    return LazyInitializationExcludeFilter.forBeanTypes(ExtensionCheck.class);
  }
}
