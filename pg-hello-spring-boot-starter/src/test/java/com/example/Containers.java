// SPDX-License-Identifier: MIT
package com.example;

import io.pghello.extension.testkit.ExtensionContainer;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
import org.springframework.context.annotation.Bean;

@TestConfiguration(proxyBeanMethods = false)
class Containers {
  @Bean
  @ServiceConnection
  ExtensionContainer postgres() {
    return new ExtensionContainer("postgres:17").withExtension("pg_trgm");
  }
}
