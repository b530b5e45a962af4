// SPDX-License-Identifier: MIT
package io.pghello.examples.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pghello.extension.testkit.ExtensionServer;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Uses the protocol's official client, which validates results against the tools' output schemas.
 */
@Timeout(600)
class OfficialClientIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, String> ARGUMENTS = new LinkedHashMap<>();

  static {
    ARGUMENTS.put("query", "{'sql': 'select * from users where id = $1', 'params': [1]}");
    ARGUMENTS.put("queryOne", "{'sql': 'select * from users order by id limit 1'}");
    ARGUMENTS.put("queryValue", "{'sql': 'select count(*) from users'}");
    ARGUMENTS.put("transaction", "{'operations': [{'sql': 'select 1 as a'}, {'sql': 'select 2'}]}");
    ARGUMENTS.put("beginTransaction", "{'isolationLevel': 'SERIALIZABLE'}");
    ARGUMENTS.put("commit", "{'transactionId': '%s'}");
    ARGUMENTS.put("rollback", "{'transactionId': '%s'}");
    ARGUMENTS.put("find", "{'table': 'users', 'where': {'name': 'alice'}, 'orderBy': ['name']}");
    ARGUMENTS.put("findOne", "{'table': 'users', 'where': {'id': 7}}");
    ARGUMENTS.put("count", "{'table': 'users'}");
    ARGUMENTS.put("listTables", "{}");
    ARGUMENTS.put("describeTable", "{'table': 'users'}");
    ARGUMENTS.put("ping", "{}");
    ARGUMENTS.put("getStats", "{}");
  }

  @Test
  void acceptsTheAnswersOfAllTools() throws SQLException, JsonProcessingException {
    assumeTrue(Npm.has("node") && Npm.has("npm"), "no Node.js here");
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        var victim = new Victim(server, false);
        Agent agent = Demo.ours(Npm.directory(), victim)) {
      var tools = new ArrayList<String>();
      agent.tools().forEach(tool -> tools.add(tool.get("name").textValue()));
      assertThat(ARGUMENTS.keySet()).containsExactlyElementsOf(tools);
      for (Map.Entry<String, String> one : ARGUMENTS.entrySet()) {
        String id =
            one.getValue().contains("%s")
                ? agent
                    .call("beginTransaction", JSON.createObjectNode())
                    .at("/structuredContent/data/transactionId")
                    .textValue()
                : "";
        String arguments = one.getValue().replace('\'', '"').formatted(id);
        JsonNode result = agent.call(one.getKey(), JSON.readTree(arguments));
        assertThat(result.path("isError").booleanValue()).as(one + ": " + result).isFalse();
        assertThat(result.at("/structuredContent/success").booleanValue())
            .as(one + ": " + result)
            .isTrue();
        assertThat(JSON.readTree(result.at("/content/0/text").textValue()))
            .isEqualTo(result.get("structuredContent"));
      }
      assertThat(agent.call("drop", JSON.createObjectNode()).toString())
          .contains("-32602", "Unknown tool: drop");
      assertThat(agent.call("query", JSON.createObjectNode()).toString())
          .contains("\"isError\":true", "POSTGRES_BAD_REQUEST");
      assertThat(victim.damage()).isEmpty();
    }
  }
}
