// SPDX-License-Identifier: MIT
package io.pghello.examples.shared;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;

/**
 * Creates the table {@code app_config} and its functions. Applications that use Flyway do not need
 * this class: they add {@code classpath:db/greeting} to their Flyway locations.
 */
public final class GreetingConfig {
  /** The channel that receives the key of each changed row. */
  public static final String CHANNEL = "app_config";

  private GreetingConfig() {}

  /** Creates the table and the functions if they do not exist. The extension must exist. */
  public static void create(Connection connection) throws SQLException {
    runScript(connection, GreetingConfig.class, "/db/greeting/V2__greeting_config.sql");
  }

  /**
   * Runs a script.
   *
   * @param resource the name of the script, relative to the class
   */
  public static void runScript(Connection connection, Class<?> type, String resource)
      throws SQLException {
    try (InputStream script = Objects.requireNonNull(type.getResourceAsStream(resource), resource);
        Statement statement = connection.createStatement()) {
      statement.execute(new String(script.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
