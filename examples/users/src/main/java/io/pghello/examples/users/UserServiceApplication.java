// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** The application: its database is what {@code spring.datasource.*} says. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class UserServiceApplication {
  /**
   * Starts the application.
   *
   * @param args properties, as in {@code --server.port=8081}
   */
  public static void main(String[] args) {
    SpringApplication.run(UserServiceApplication.class, args);
  }
}
