// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloClient;
import io.pghello.extension.testkit.ExtensionContainer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
import org.springframework.context.annotation.Bean;

/** {@link ServiceConnectionIT} with a container engine; scripts/ci/test-all.sh runs it. */
@SpringBootTest(
    classes = {TestApplication.class, ContainerIT.Containers.class},
    properties = {
      "spring.datasource.url=jdbc:postgresql://127.0.0.1:1/none",
      "pg-hello.preflight=fail"
    })
@Tag("container")
class ContainerIT {
  private static final String KIND = "container:";

  @Autowired PgHelloClient client;

  @Test
  void leadsToTheContainer() {
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
  }

  @TestConfiguration(proxyBeanMethods = false)
  static class Containers {
    @Bean
    @ServiceConnection
    ExtensionContainer postgres() {
      String server = System.getenv("PG_EXTENSION_SERVER");
      assertThat(server).startsWith(KIND);
      return new ExtensionContainer(server.substring(KIND.length())).withExtension("pg_hello");
    }
  }
}
