// SPDX-License-Identifier: MIT
package io.pghello.examples.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.Superuser;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** Tests the configuration that the examples share. */
@PgHelloTest
class GreetingConfigIT {
  private static String ask(Connection connection, String sql, Object... values)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return String.valueOf(row.getString(1));
      }
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void wrapsTheExtensionsFunction(Connection connection) throws SQLException {
    GreetingConfig.create(connection);
    assertThat(ask(connection, "SELECT greet(?)", "O'Brien")).isEqualTo("Hello, O'Brien!");
    assertThat(ask(connection, "SELECT update_greeting_config(?)", 2))
        .isEqualTo("Updated from default to 2. Test: Hello, Config Test! Hello, Config Test!");
    assertThat(ask(connection, "SELECT greet(?)", "Ada")).isEqualTo("Hello, Ada! Hello, Ada!");
    assertThat(ask(connection, "SELECT greet(NULL) IS NULL")).isEqualTo("t");
  }

  @Test
  void keepsTheConfigurationIfItIsCreatedAgain(Connection connection) throws SQLException {
    GreetingConfig.create(connection);
    ask(connection, "SELECT update_greeting_config(3)");
    GreetingConfig.create(connection);
    assertThat(ask(connection, "SELECT greeting_repeat()")).isEqualTo("3");
  }

  @Test
  void maybeCreatedByManyAtTheSameTime(DataSource database) throws Exception {
    List<CompletableFuture<Void>> creating = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      creating.add(
          CompletableFuture.runAsync(
              () -> {
                try (Connection connection = database.getConnection()) {
                  GreetingConfig.create(connection);
                } catch (SQLException e) {
                  throw new AssertionError(e);
                }
              }));
    }
    creating.forEach(CompletableFuture::join);
    try (Connection connection = database.getConnection()) {
      assertThat(ask(connection, "SELECT greet('Ada')")).isEqualTo("Hello, Ada!");
    }
  }

  /**
   * If the column's default called the extension's function, the default would be dropped, and the
   * INSERT would fail.
   */
  @Test
  void outlivesTheExtension(Connection connection, @Superuser Connection superuser)
      throws SQLException {
    GreetingConfig.create(connection);
    execute(superuser, "DROP EXTENSION pg_hello CASCADE");
    assertThatThrownBy(() -> ask(connection, "SELECT greet('Ada')"))
        .hasMessageContaining("pg_hello(text, integer) does not exist");
    execute(superuser, "CREATE EXTENSION pg_hello");
    execute(connection, "INSERT INTO app_config (key, value) VALUES ('colour', 'blue')");
    assertThat(ask(connection, "SELECT updated_at > 1700000000000 FROM app_config")).isEqualTo("t");
    assertThat(ask(connection, "SELECT update_greeting_config(2)"))
        .startsWith("Updated from default");
  }

  /**
   * Uses the search_path of postgres_fdw and pg_restore, and one with another table earlier on the
   * path.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SET search_path = ''",
        "SET search_path = pg_catalog",
        "CREATE TEMP TABLE app_config (key, value) AS VALUES ('greeting_repeat', '9')"
      })
  void usesItsOwnTablesAndFunctions(String before, Connection connection) throws SQLException {
    GreetingConfig.create(connection);
    String schema = ask(connection, "SELECT current_schema()");
    execute(connection, before);
    assertThat(ask(connection, "SELECT " + schema + ".greet('Ada')")).isEqualTo("Hello, Ada!");
    assertThat(ask(connection, "SELECT " + schema + ".update_greeting_config(2)"))
        .startsWith("Updated from default to 2.");
    assertThat(ask(connection, "SELECT " + schema + ".greeting_repeat()")).isEqualTo("2");
    execute(connection, "DELETE FROM " + schema + ".app_config");
  }

  @Test
  void leavesTheSessionsSearchPath(Connection connection) throws SQLException {
    String before = ask(connection, "SHOW search_path");
    GreetingConfig.create(connection);
    assertThat(ask(connection, "SHOW search_path")).isEqualTo(before);
    assertThat(
            ask(
                connection,
                "SELECT count(*) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
                    + " AND proconfig[1] NOT LIKE 'search_path=%, pg_temp'"))
        .isEqualTo("0");
  }

  @Test
  void notifiesOfAnyChange(Connection connection, DataSource database) throws SQLException {
    GreetingConfig.create(connection);
    execute(connection, "LISTEN app_config");
    try (Connection other = database.getConnection()) {
      for (String change :
          List.of(
              "INSERT INTO app_config (key, value) VALUES ('greeting_repeat', '2')",
              "UPDATE app_config SET value = '3'",
              "DELETE FROM app_config",
              "TRUNCATE app_config")) {
        execute(other, change);
        assertThat(connection.unwrap(PGConnection.class).getNotifications(30_000))
            .as(change)
            .hasSize(1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 11, 100})
  void refusesOtherCounts(int repeat, Connection connection) throws SQLException {
    GreetingConfig.create(connection);
    assertThatThrownBy(() -> ask(connection, "SELECT update_greeting_config(?)", repeat))
        .hasMessageContaining("greeting_repeat_from_1_to_10");
    assertThatThrownBy(
            () ->
                execute(
                    connection,
                    "INSERT INTO app_config (key, value) VALUES ('greeting_repeat', 'many')"))
        .hasMessageContaining("greeting_repeat_from_1_to_10");
    assertThat(ask(connection, "SELECT greeting_repeat()")).isEqualTo("1");
  }
}
