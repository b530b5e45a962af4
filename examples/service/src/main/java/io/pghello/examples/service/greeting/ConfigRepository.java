// SPDX-License-Identifier: MIT
package io.pghello.examples.service.greeting;

import java.util.Objects;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The service's SQL statements. They use the database objects that {@code db/greeting} creates.
 * Thread-safe.
 */
@Repository
class ConfigRepository {
  private final JdbcClient jdbc;

  ConfigRepository(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  int readRepeat() {
    return jdbc.sql("SELECT greeting_repeat()").query(Integer.class).single();
  }

  /**
   * Changes the configured count, and returns the database function's description of the change.
   */
  String updateRepeat(int repeat) {
    return Objects.requireNonNull(
        jdbc.sql("SELECT update_greeting_config(?)").param(repeat).query(String.class).single());
  }
}
