// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

/** When startup fails, reports an invalid property with its value and origin. */
@Order(0) // Spring Boot's analyzer for binding errors omits the value and origin
final class InvalidPropertyFailureAnalyzer
    extends AbstractFailureAnalyzer<InvalidConfigurationPropertyValueException> {
  private final @Nullable Environment environment;

  InvalidPropertyFailureAnalyzer(@Nullable Environment environment) {
    this.environment = environment;
  }

  @Override
  protected @Nullable FailureAnalysis analyze(
      Throwable rootFailure, InvalidConfigurationPropertyValueException cause) {
    ConfigurationProperty property =
        cause.getName().startsWith("pg-hello.") ? find(cause.getName()) : null;
    return property == null
        ? null
        : new FailureAnalysis(
            String.format(
                "A property has an invalid value:%n%n    Property: %s%n    Value: \"%s\"%n"
                    + "    Origin: %s%n    Reason: %s",
                property.getName(), property.getValue(), property.getOrigin(), cause.getReason()),
            "Update your application's configuration",
            cause);
  }

  private @Nullable ConfigurationProperty find(String property) {
    if (environment instanceof ConfigurableEnvironment configurable) {
      ConfigurationPropertyName name = ConfigurationPropertyName.of(property);
      for (ConfigurationPropertySource source :
          ConfigurationPropertySources.from(configurable.getPropertySources())) {
        ConfigurationProperty found = source.getConfigurationProperty(name);
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }
}
