// SPDX-License-Identifier: MIT
package io.pghello.examples.plugin;

// region program
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PluginContext;
import io.pghello.plugin.PostgresPlugin;
import java.io.File;

public class Query {
  public static void main(String[] args) throws Exception {
    var json = new ObjectMapper();
    // {"host": "localhost", "database": "app", "user": "app", "password": "secret"}
    JsonNode config = json.readTree(new File(args[0]));
    JsonNode query = json.readTree("{\"sql\": \"SELECT $1::int + 1 AS next\", \"params\": [41]}");
    PluginContext context =
        PluginContext.defaults().withPermissions(Permissions.read().withSql(true));
    try (PostgresPlugin plugin = PostgresPlugin.initialize(context)) {
      JsonNode answer = plugin.execute("my-database", config, "query", query);
      System.out.println(answer.has("error") ? answer.get("error") : answer.at("/data/rows"));
    }
  }
}
// endregion
