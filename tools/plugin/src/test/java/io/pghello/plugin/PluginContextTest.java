// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Records neither print secrets or data, nor expose mutable state. */
class PluginContextTest {
  private static final ObjectNode CONFIG =
      (ObjectNode)
          Plugins.json("{'host': 'h', 'password': 'opensesame', 'ssl': {'key': 'opensesame'}}");

  @Test
  void printsNoSecrets() {
    assertThat(PluginContext.defaults().withConfig(CONFIG).toString())
        .doesNotContain("opensesame")
        .contains("maxPools=50");
    assertThat(PluginContext.defaults()).hasToString(PluginContext.defaults().toString());
  }

  @Test
  void returnsCopiesOfConfiguration() {
    PluginContext context = PluginContext.defaults().withConfig(CONFIG);
    ObjectNode copy = (ObjectNode) Objects.requireNonNull(context.config());
    copy.put("host", "elsewhere");
    assertThat(context.config()).isEqualTo(CONFIG);
    assertThat(PluginContext.defaults().config()).isNull();
  }

  @Test
  void statementPrintsNoValues() {
    SqlStatement statement = SqlStatement.of("select $1", "opensesame");
    assertThat(statement.toString()).doesNotContain("opensesame").contains("select $1");
    assertThat(statement).isEqualTo(new SqlStatement("select $1", List.copyOf(statement.params())));
  }

  @Test
  void returnsCopiesOfSchemas() {
    try (PostgresPlugin plugin = PostgresPlugin.initialize(PluginContext.defaults())) {
      PluginOperation operation = plugin.operations().get(0);
      String parameters = operation.parameters().toString();
      String result = operation.result().toString();
      operation.parameters().removeAll();
      operation.result().removeAll();
      assertThat(operation.parameters()).hasToString(parameters);
      assertThat(plugin.operations().get(0).result()).hasToString(result);
    }
  }
}
