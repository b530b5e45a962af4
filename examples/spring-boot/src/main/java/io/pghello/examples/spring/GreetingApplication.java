// SPDX-License-Identifier: MIT
package io.pghello.examples.spring;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** The application. Configure its database with {@code spring.datasource.*}. */
@SpringBootApplication
public class GreetingApplication {
  /**
   * Starts the application.
   *
   * @param args properties, for example {@code --server.port=8080}
   */
  public static void main(String[] args) {
    SpringApplication.run(GreetingApplication.class, args);
  }
}
