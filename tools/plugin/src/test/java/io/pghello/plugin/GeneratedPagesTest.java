// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.pool.ConfigReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The table of operations in the page is up to date; {@code -Dpg-hello.generate=true} writes it.
 */
class GeneratedPagesTest {
  private static final Path PAGE = Path.of("..", "..", "docs", "plugin-operations.md");
  private static final Pattern TABLE =
      Pattern.compile("(?<=<!-- operations -->\n).*?(?=<!-- end -->)", Pattern.DOTALL);

  @Test
  void listsOperations() throws IOException {
    String page = Files.readString(PAGE);
    String generated = TABLE.matcher(page).replaceFirst(Matcher.quoteReplacement(table()));
    if (Boolean.getBoolean("pg-hello.generate")) {
      Files.writeString(PAGE, generated);
    } else {
      assertThat(page).as("%s: run ./dev generate to update it", PAGE).isEqualTo(generated);
    }
  }

  private static String table() {
    var table = new StringBuilder("| operation | parameters | |\n|---|---|---|\n");
    try (PostgresPlugin plugin = PostgresPlugin.initialize(PluginContext.defaults())) {
      for (PluginOperation operation : plugin.operations()) {
        table
            .append("| `")
            .append(operation.name())
            .append("` | ")
            .append(parameters(operation.parameters()))
            .append(" | ")
            .append(operation.description())
            .append(operation.writes() ? " *Writes.*" : "")
            .append(operation.needsSql() ? " *Takes SQL.*" : "")
            .append(" |\n");
      }
    }
    return table.toString();
  }

  private static String parameters(JsonNode schema) {
    var required = new ArrayList<String>();
    schema.path("required").forEach(name -> required.add(name.textValue()));
    var names = new ArrayList<String>();
    schema
        .get("properties")
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!name.equals("timeout") && !name.equals("transactionId")) {
                names.add(required.contains(name) ? "**" + name + "**" : name);
              }
            });
    return String.join(", ", names);
  }

  @Test
  void mentionsAllCodesAndOptions() throws IOException {
    String page = Files.readString(PAGE.resolveSibling("plugin-operations.md"));
    for (Code code : Code.values()) {
      assertThat(page).contains("`" + code.text() + "`");
    }
    for (JsonNode group : Json.resource(ConfigReader.class, "options.json")) {
      group.fieldNames().forEachRemaining(name -> assertThat(page).contains("`" + name + "`"));
    }
  }
}
