// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import io.pghello.examples.web.WebConfiguration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.context.annotation.Import;

/** The application. Configure its database with {@code spring.datasource.*}. */
@SpringBootApplication
@ConfigurationPropertiesScan
@Import(WebConfiguration.class)
public class UserServiceApplication {
  /**
   * Starts the application.
   *
   * @param args properties, for example {@code --server.port=8081}
   */
  public static void main(String[] args) {
    SpringApplication.run(UserServiceApplication.class, args);
  }
}
