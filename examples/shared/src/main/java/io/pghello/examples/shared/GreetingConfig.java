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
 * The table {@code app_config}, and the functions around it. Applications with Flyway have {@code
 * classpath:db/greeting} among their locations instead.
 */
public final class GreetingConfig {
  /** The channel that is notified when the table is changed, with the key that was. */
  public static final String CHANNEL = "app_config";

  private GreetingConfig() {}

  /** Creates the table and the functions, where they are not there yet. The extension is. */
  public static void create(Connection connection) throws SQLException {
    runScript(connection, GreetingConfig.class, "/db/greeting/V2__greeting_config.sql");
  }

  /**
   * Runs a script.
   *
   * @param resource its name, as seen from the class
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
