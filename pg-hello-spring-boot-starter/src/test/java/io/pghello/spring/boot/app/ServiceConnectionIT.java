// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloClient;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
import org.springframework.context.annotation.Bean;
import org.testcontainers.containers.PostgreSQLContainer;

/**
 * Spring Boot creates a service connection for subclasses of its supported container classes. No
 * container is started here; the stand-in uses an embedded server.
 */
@SpringBootTest(
    classes = {TestApplication.class, ServiceConnectionIT.Containers.class},
    properties = "spring.datasource.url=jdbc:postgresql://127.0.0.1:1/none")
class ServiceConnectionIT {
  @Autowired PgHelloClient client;

  @Test
  void leadsToTheContainer() {
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
  }

  @TestConfiguration(proxyBeanMethods = false)
  static class Containers {
    @Bean
    @ServiceConnection
    StandIn container() {
      return new StandIn();
    }
  }

  @SuppressWarnings("deprecation") // the class for Testcontainers 1
  static final class StandIn extends PostgreSQLContainer<StandIn> {
    private final ExtensionServer server = ExtensionServer.start("pg_hello");
    private final TestDatabase database = server.createDatabase();

    StandIn() {
      super("postgres:17");
    }

    @Override
    public void start() {}

    @Override
    public void stop() {
      server.close();
    }

    @Override
    public boolean isRunning() {
      return true;
    }

    @Override
    public String getContainerId() {
      return "none";
    }

    @Override
    public String getJdbcUrl() {
      return database.jdbcUrl();
    }

    @Override
    public String getUsername() {
      return database.user();
    }

    @Override
    public String getPassword() {
      return database.password();
    }
  }
}
