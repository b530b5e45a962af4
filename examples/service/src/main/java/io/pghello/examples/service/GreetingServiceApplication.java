// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.security.autoconfigure.UserDetailsServiceAutoConfiguration;

/** The application: its database is what {@code spring.datasource.*} says. */
@SpringBootApplication(exclude = UserDetailsServiceAutoConfiguration.class) // there are no users
@ConfigurationPropertiesScan
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
