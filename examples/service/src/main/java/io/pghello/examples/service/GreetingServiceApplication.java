// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import io.pghello.examples.web.WebConfiguration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.security.autoconfigure.UserDetailsServiceAutoConfiguration;
import org.springframework.context.annotation.Import;

/** The application. Configure its database with {@code spring.datasource.*}. */
@SpringBootApplication(
    exclude = UserDetailsServiceAutoConfiguration.class) // the service has no user accounts
@ConfigurationPropertiesScan
@Import(WebConfiguration.class)
public class GreetingServiceApplication {
  /**
   * Starts the application.
   *
   * @param args properties, for example {@code --server.port=8080}
   */
  public static void main(String[] args) {
    SpringApplication.run(GreetingServiceApplication.class, args);
  }
}
