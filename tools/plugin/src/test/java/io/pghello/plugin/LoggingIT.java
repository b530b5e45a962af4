// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.plugin;
import static io.pghello.plugin.Plugins.sql;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Statements are logged, but never values. */
@PgHelloTest(create = false)
class LoggingIT {
  private static final Logger LOGGER = Logger.getLogger("io.pghello.plugin");

  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          lines.add(
              line.getLevel()
                  + " "
                  + MessageFormat.format(line.getMessage(), line.getParameters())
                  + (line.getThrown() == null ? "" : line.getThrown()));
        }

        @Override
        public void flush() {
          // Nothing is buffered.
        }

        @Override
        public void close() {
          // Nothing to close.
        }
      };

  @BeforeEach
  void listen() {
    LOGGER.setLevel(Level.ALL);
    LOGGER.addHandler(handler);
  }

  @AfterEach
  void listenNoMore() {
    LOGGER.removeHandler(handler);
    LOGGER.setLevel(null);
  }

  private void run(TestDatabase database, String logging) {
    ObjectNode config = config(database);
    config.set("logging", Plugins.json(logging));
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      plugin.execute(
          Plugins.ID, config, "query", sql("select pg_sleep(0.02),\n $1::text as a", "secret"));
      plugin.execute(Plugins.ID, config, "query", sql("select $1::int", "secret"));
    }
  }

  @Test
  void logsSlowStatementsWithoutValues(TestDatabase database) {
    run(database, "{'slowQueryThreshold': 10}");
    assertThat(lines)
        .anyMatch(
            line ->
                line.matches(
                    "WARNING query ended on user-123:production-db after \\d+ ms: select"
                        + " pg_sleep\\(0\\.02\\), \\$1::text as a"))
        .noneMatch(line -> line.contains("secret") || line.contains("\n"));
  }

  @Test
  void logsStatementsAndPoolsIfConfigured(TestDatabase database) {
    run(
        database,
        "{'level': 'debug', 'logQueries': true, 'logConnections': true, 'slowQueryThreshold': 0}");
    assertThat(lines.get(0))
        .matches("INFO The pool for user-123:production-db, connected to .*, was opened");
    assertThat(lines).anyMatch(line -> line.startsWith("FINE query ended on"));
    assertThat(lines).anyMatch(line -> line.startsWith("FINE query failed on"));
    assertThat(lines).anyMatch(line -> line.endsWith("was closed"));
    assertThat(lines)
        .noneMatch(
            line ->
                line.contains("secret")
                    || line.contains(config(database).get("password").textValue()));
  }

  @Test
  void logsTheStatementsOfATransaction(TestDatabase database) {
    ObjectNode config = config(database);
    config.set("logging", Plugins.json("{'level': 'debug', 'logQueries': true}"));
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      JsonNode transaction =
          Plugins.json(
              "{'operations': [{'sql': 'select 1 as a'},"
                  + " {'sql': 'select $1::text as b', 'params': ['secret']}]}");
      assertThat(plugin.execute(Plugins.ID, config, "transaction", transaction).toString())
          .contains("\"success\":true");
    }
    assertThat(lines)
        .anyMatch(
            line ->
                line.matches(
                    "FINE transaction ended on user-123:production-db after \\d+ ms:"
                        + " select 1 as a; select \\$1::text as b"))
        .noneMatch(line -> line.contains("secret"));
  }

  /** Neither pool nor driver log messages of the server or of a function that imitates it. */
  @Test
  void logsNoServerMessages(TestDatabase database) {
    Logger root = Logger.getLogger("");
    root.addHandler(handler);
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      for (String state : List.of("08006", "08000", "08P01", "57P01", "57P03", "01002", "XX000")) {
        String raise =
            "do $$ begin raise exception E'card 4111-1111\nWARNING forged' using errcode = '"
                + state
                + "', detail = 'secret detail'; end $$";
        ObjectNode answer = plugin.execute(Plugins.ID, config(database), "execute", sql(raise));
        assertThat(answer.toString())
            .contains("\"success\":false")
            .doesNotContain("4111", "secret");
        // The connection on which the error was raised is not reused.
        answer = plugin.execute(Plugins.ID, config(database), "query", sql("select 1 as a"));
        assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
      }
    } finally {
      root.removeHandler(handler);
    }
    assertThat(lines)
        .noneMatch(
            line -> line.contains("4111") || line.contains("secret") || line.contains("forged"));
  }

  @Test
  void logsNothingElse(TestDatabase database) {
    run(
        database,
        "{'level': 'error', 'logQueries': true, 'logConnections': true, 'slowQueryThreshold': 1}");
    assertThat(lines).isEmpty();
  }
}
