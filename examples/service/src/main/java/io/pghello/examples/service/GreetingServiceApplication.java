// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import io.pghello.examples.web.WebConfiguration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.security.autoconfigure.UserDetailsServiceAutoConfiguration;
import org.springframework.context.annotation.Import;

/** The application: its database is what {@code spring.datasource.*} says. */
@SpringBootApplication(exclude = UserDetailsServiceAutoConfiguration.class) // there are no users
@ConfigurationPropertiesScan
@Import(WebConfiguration.class)
public class GreetingServiceApplication {
  /**
   * Starts the application.
   *
   * @param args properties, as in {@code --server.port=8080}
   */
  public static void main(String[] args) {
    SpringApplication.run(GreetingServiceApplication.class, args);
  }
}
