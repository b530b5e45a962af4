// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Follows docs/guide-ai-agents.md. */
class GuideIT {
  private static final Pattern ANSWER =
      Pattern.compile("^\\| (\\d+) \\| `(.*)` \\|$", Pattern.MULTILINE);

  private final String page;

  GuideIT() throws IOException {
    page = Files.readString(Path.of("..", "..", "docs", "guide-ai-agents.md"));
  }

  @Test
  void requestsOfTheGuideGetItsAnswers() throws IOException, SQLException {
    JsonNode agent = Client.JSON.readTree(block("json")).at("/mcpServers/shop");
    assertThat(agent.at("/args/2").textValue()).isEqualTo(PgHelloMcp.class.getName());
    String password = agent.at("/env/PGPASSWORD").textValue();
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createEmptyDatabase()) {
      try (Connection owner = database.superuserDataSource().getConnection();
          Statement statement = owner.createStatement()) {
        statement.execute(block("sql"));
      }
      Map<String, String> environment = Client.environment(database);
      environment.put("PGUSER", agent.at("/env/PGUSER").textValue());
      environment.put("PGPASSWORD", password);
      try (var client = new Client(environment)) {
        block("text").lines().forEach(client::send);
        List<MatchResult> answers = ANSWER.matcher(page).results().toList();
        assertThat(answers).hasSize(4);
        for (MatchResult answer : answers) {
          JsonNode message = client.answer(Integer.parseInt(answer.group(1)));
          assertThat(message.at("/result/content/0/text").textValue()).contains(answer.group(2));
        }
        assertThat(client.end().status()).isZero();
      }
      String url = "jdbc:postgresql://127.0.0.1:" + server.port() + "/" + database.name();
      try (Connection role = DriverManager.getConnection(url, "agent", password);
          Statement statement = role.createStatement()) {
        statement.execute("SET default_transaction_read_only = off");
        assertThatThrownBy(() -> statement.execute("DELETE FROM orders"))
            .hasMessage("ERROR: permission denied for table orders");
        assertThat(page).contains("permission denied for table orders");
      }
    }
  }

  /** Returns the page's first block of a type. */
  private String block(String type) {
    var block =
        Pattern.compile("^```" + type + "\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);
    return Objects.requireNonNull(block.matcher(page).results().findFirst().orElseThrow().group(1));
  }
}
