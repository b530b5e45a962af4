// SPDX-License-Identifier: MIT
package io.pghello.examples.service.greeting;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import org.junit.jupiter.api.Test;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;

class RepeatWatcherTest {
  private static final JdbcConnectionDetails DATABASE =
      new JdbcConnectionDetails() {
        @Override
        public String getUsername() {
          return "ada";
        }

        @Override
        public String getPassword() {
          return "secret";
        }

        @Override
        public String getJdbcUrl() {
          return "jdbc:postgresql://localhost/ada";
        }
      };

  @Test
  void logsInAsThePoolDoes() {
    var pool = new HikariConfig();
    pool.addDataSourceProperty("sslmode", "verify-full");
    pool.addDataSourceProperty("ApplicationName", "greeting_service");
    assertThat(RepeatWatcher.logIn(DATABASE, pool))
        .containsEntry("sslmode", "verify-full")
        .containsEntry("user", "ada")
        .containsEntry("password", "secret")
        .containsEntry("ApplicationName", "greeting_service_config");
  }
}
