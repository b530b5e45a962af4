// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.json;
import static io.pghello.plugin.Plugins.plugin;
import static io.pghello.plugin.Plugins.sql;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The operator's limits apply, regardless of the call's parameters. */
@PgHelloTest(create = false)
class LimitsIT {
  private static final Permissions READER = Permissions.read().withSql(true);

  private static String code(ObjectNode answer) {
    return answer.at("/error/code").asText();
  }

  private static ObjectNode sleep(double seconds, long timeout) {
    return sql("select pg_sleep($1::text::float8)", String.valueOf(seconds))
        .put("timeout", timeout);
  }

  @Test
  void rejectsExcessiveTimeouts(TestDatabase database) {
    ObjectNode config = config(database);
    config.putObject("options").put("queryTimeout", 1_000);
    try (PostgresPlugin plugin = plugin(READER)) {
      ObjectNode answer = plugin.execute("a", config, "query", sleep(600, 1_001));
      assertThat(code(answer)).isEqualTo("POSTGRES_LIMIT_REACHED");
      assertThat(answer.at("/error/message").textValue()).contains("1000 ms");
      assertThat(answer.at("/error/details/remedy").textValue()).contains("maxTimeout");
      assertThat(code(plugin.execute("a", config, "query", sleep(600, 1_000))))
          .isEqualTo("POSTGRES_QUERY_TIMEOUT");
    }
    // Test a maximum that is longer than the configuration's timeout, and one that is shorter.
    try (PostgresPlugin plugin = plugin(READER.withMaxTimeout(Duration.ofMinutes(2)))) {
      assertThat(code(plugin.execute("a", config, "query", sleep(1.1, 120_000)))).isEmpty();
      assertThat(code(plugin.execute("a", config, "query", sleep(1.1, 120_001))))
          .isEqualTo("POSTGRES_LIMIT_REACHED");
    }
    try (PostgresPlugin plugin = plugin(READER.withMaxTimeout(Duration.ofMillis(300)))) {
      ObjectNode without = sql("select pg_sleep(600)");
      assertThat(code(plugin.execute("a", config, "query", without)))
          .isEqualTo("POSTGRES_QUERY_TIMEOUT");
    }
  }

  @Test
  void serverEnforcesLimits(TestDatabase database) {
    try (PostgresPlugin plugin = plugin(READER.withMaxTimeout(Duration.ofSeconds(7)))) {
      ObjectNode settings =
          sql(
              "select current_setting('statement_timeout') as statement,"
                  + " current_setting('client_connection_check_interval') as client,"
                  + " current_setting('idle_in_transaction_session_timeout') as idle");
      assertThat(plugin.execute("a", config(database), "query", settings).at("/data/rows/0"))
          .hasToString("{\"statement\":\"17s\",\"client\":\"2s\",\"idle\":\"40s\"}");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'sql': 'select repeat(\\'x\\', 5000) as a'}",
        "{'sql': 'select repeat(\\'x\\', 500) as a from generate_series(1, 10)'}",
        "{'sql': 'select g as a_name_that_is_rather_long from generate_series(1, 500) g'}"
      })
  void limitsResultBytes(String query, TestDatabase database) {
    try (PostgresPlugin plugin = plugin(READER.withMaxBytes(4_000))) {
      for (int i = 0; i < 7; i++) {
        ObjectNode answer =
            plugin.execute("a", config(database), "query", json(query.replace("\\'", "\\u0027")));
        assertThat(code(answer)).as(answer.toString()).isEqualTo("POSTGRES_LIMIT_REACHED");
        assertThat(answer.at("/error/message").textValue())
            .containsPattern("more than (4000 bytes|32000 bytes of memory)");
        assertThat(answer.at("/error/details/maxBytes").intValue()).isEqualTo(4_000);
      }
      assertThat(code(plugin.execute("a", config(database), "query", sql("select 1 as a"))))
          .isEmpty();
    }
  }

  @Test
  void limitsTotalBytesOfAList(TestDatabase database) {
    ObjectNode list = Plugins.JSON.createObjectNode();
    for (int i = 0; i < 10; i++) {
      list.withArray("operations").add(sql("select repeat('x', 500) as a"));
    }
    try (PostgresPlugin plugin = plugin(READER.withMaxBytes(4_000))) {
      assertThat(code(plugin.execute("a", config(database), "transaction", list)))
          .isEqualTo("POSTGRES_LIMIT_REACHED");
    }
  }
}
