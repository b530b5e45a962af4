// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.plugin;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every input gets a response, never an internal error, and causes no damage. */
@PgHelloTest(create = false)
class HostileInputIT {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final List<String> TEXTS =
      List.of(
          "",
          " ",
          "'",
          "''",
          "\"",
          "\"\"",
          "\\",
          "\\'",
          ";",
          "--",
          "/*",
          "*/",
          "$$",
          "$1",
          "?",
          "??",
          "{",
          "}",
          "{0}",
          "%s",
          "%n",
          "\0",
          "a\0b",
          "\uD800",
          "\uDC00",
          "\uFFFF",
          "\u202E",
          "a\nb",
          "\r\n",
          "\t",
          "\u0001",
          "victim; drop table victim",
          "victim\"; drop table victim; --",
          "victim'; drop table victim; --",
          "\"victim\"",
          "public.victim",
          "public.public.victim",
          ".victim",
          "victim.",
          "..",
          "pg_temp.victim",
          "pg_catalog.pg_authid",
          "information_schema.tables",
          "VICTIM",
          "victim ",
          " victim",
          "victim--",
          "victim/*",
          "select 1",
          "(select 1)",
          "1; drop table victim",
          "1) ; drop table victim; --",
          "null",
          "NULL",
          "true",
          "0",
          "-1",
          "1e999",
          "NaN",
          "Infinity",
          "\\x00",
          "{1,2}",
          "{\"a\":1}",
          "[1]",
          "${jndi:ldap://x/y}",
          "../../etc/passwd",
          "file:///etc/passwd",
          "x".repeat(64),
          "é".repeat(32),
          "日".repeat(22),
          "x".repeat(100_000),
          "'".repeat(10_000),
          "(".repeat(10_000),
          "$1".repeat(1_000),
          "/*".repeat(1_000));
  private static final Set<String> FAULTS = Set.of("POSTGRES_INTERNAL");

  private final PostgresPlugin plugin =
      plugin(
          Permissions.write()
              .withOperations(
                  "insert",
                  "update",
                  "delete",
                  "find",
                  "findOne",
                  "count",
                  "batchInsert",
                  "describeTable",
                  "listTables",
                  "createTable",
                  "alterTable",
                  "beginTransaction",
                  "commit",
                  "rollback",
                  "ping"));
  private ObjectNode config = Plugins.JSON.createObjectNode();

  @AfterEach
  void close() {
    plugin.close();
  }

  private static List<JsonNode> values() {
    var values = new ArrayList<JsonNode>();
    TEXTS.forEach(text -> values.add(NODES.textNode(text)));
    values.add(NODES.nullNode());
    values.add(NODES.missingNode());
    values.add(NODES.booleanNode(true));
    values.add(NODES.numberNode(Long.MIN_VALUE));
    values.add(NODES.numberNode(Double.NaN));
    values.add(NODES.numberNode(Double.MIN_VALUE));
    values.add(NODES.numberNode(new BigDecimal("1e999999999")));
    values.add(NODES.numberNode(new BigDecimal("1e-999999999")));
    values.add(NODES.numberNode(BigInteger.TEN.pow(5_000)));
    values.add(NODES.binaryNode(new byte[] {0}));
    values.add(NODES.pojoNode(new Object()));
    values.add(NODES.arrayNode());
    values.add(NODES.objectNode());
    values.add(nested(50_000));
    ArrayNode wide = NODES.arrayNode();
    for (int i = 0; i < 100_000; i++) {
      wide.add(i);
    }
    values.add(wide);
    ObjectNode many = NODES.objectNode();
    for (int i = 0; i < 2_000; i++) {
      many.put("c" + i, i);
    }
    values.add(many);
    ObjectNode deep = NODES.objectNode().put("a", 1);
    for (int i = 0; i < 10_000; i++) {
      deep = NODES.objectNode().set("$not", deep);
    }
    values.add(deep);
    return values;
  }

  private static ArrayNode nested(int depth) {
    ArrayNode array = NODES.arrayNode();
    for (int i = 0; i < depth; i++) {
      array = NODES.arrayNode().add(array);
    }
    return array;
  }

  @Tag("slow")
  @Test
  void toleratesHostileValues(TestDatabase database, DataSource source) {
    Plugins.run(
        source,
        "create table victim (id int primary key, name text, tags text[], data jsonb)",
        "insert into victim values (1, 'kept', '{a}', '{}')");
    config = config(database);
    int calls = 0;
    for (JsonNode value : values()) {
      for (ObjectNode parameters : parameters(value)) {
        String operation = parameters.remove("operation").textValue();
        ObjectNode answer = plugin.execute(Plugins.ID, config, operation, parameters);
        if (!answer.get("success").booleanValue()) {
          assertThat(FAULTS).as(operation).doesNotContain(answer.at("/error/code").textValue());
        }
        calls++;
      }
    }
    assertThat(calls).isGreaterThan(1_000);
    ObjectNode row =
        plugin.execute(
            Plugins.ID, config, "findOne", Plugins.json("{'table': 'victim', 'where': {'id': 1}}"));
    assertThat(row.at("/data/id").intValue()).isEqualTo(1);
    assertThat(
            plugin
                .execute(Plugins.ID, config, "count", Plugins.json("{'table': 'victim'}"))
                .at("/data/count")
                .intValue())
        .isEqualTo(1);
  }

  /** Puts a value into each possible position, except where it would rightly change the row. */
  private static List<ObjectNode> parameters(JsonNode value) {
    var all = new ArrayList<ObjectNode>();
    for (String operation :
        List.of("find", "findOne", "count", "describeTable", "listTables", "ping", "commit")) {
      all.add(of(operation, "table", value));
    }
    for (String name :
        List.of("where", "fields", "orderBy", "limit", "offset", "timeout", "transactionId")) {
      all.add((ObjectNode) of("find", "table", NODES.textNode("victim")).set(name, value));
    }
    for (String operator :
        List.of("eq", "ne", "gt", "like", "in", "notIn", "$or", "$not", "nonsense")) {
      ObjectNode find = of("find", "table", NODES.textNode("victim"));
      find.putObject("where").putObject("name").set(operator, value);
      all.add(find);
      find = of("count", "table", NODES.textNode("victim"));
      find.putObject("where").set(operator, value);
      all.add(find);
    }
    for (String column : List.of("id", "tags", "data")) {
      ObjectNode find = of("find", "table", NODES.textNode("victim"));
      find.putObject("where").putObject(column).set("eq", value);
      all.add(find);
    }
    ObjectNode insert = of("insert", "table", NODES.textNode("victim"));
    insert.putObject("data").put("id", 1).set("name", value);
    all.add(insert);
    ObjectNode batch = of("batchInsert", "table", NODES.textNode("victim"));
    batch.putArray("records").addObject().put("id", 1).set("tags", value);
    all.add(batch);
    all.add(
        (ObjectNode) of("batchInsert", "table", NODES.textNode("victim")).set("records", value));
    all.add((ObjectNode) of("update", "table", NODES.textNode("victim")).set("data", value));
    all.add((ObjectNode) of("delete", "table", NODES.textNode("victim")).set("were", value));
    all.add((ObjectNode) of("createTable", "table", NODES.textNode("victim")).set("schema", value));
    all.add(
        (ObjectNode) of("alterTable", "table", NODES.textNode("victim")).set("alterations", value));
    if (value.isTextual()) {
      ObjectNode names = of("find", "table", NODES.textNode("victim"));
      names.putObject("where").put(value.textValue(), 1);
      all.add(names);
      names = of("find", "table", NODES.textNode("victim"));
      names.putObject("orderBy").put(value.textValue(), "asc");
      all.add(names);
      names = of("insert", "table", NODES.textNode("victim"));
      names.putObject("data").put("id", 1).put(value.textValue(), 1);
      all.add(names);
      ObjectNode column = of("alterTable", "table", NODES.textNode("victim"));
      column
          .putArray("alterations")
          .addObject()
          .put("action", "dropColumn")
          .put("name", value.textValue());
      all.add(column);
      all.add(of(value.textValue(), "table", NODES.textNode("victim")));
    }
    return all;
  }

  private static ObjectNode of(String operation, String name, JsonNode value) {
    return NODES.objectNode().put("operation", operation).set(name, value);
  }

  @Test
  void rejectsNonsense(TestDatabase database) {
    config = config(database);
    for (String id : TEXTS) {
      ObjectNode answer = plugin.execute(id, config.deepCopy().put("port", 1), "ping", null);
      assertThat(answer.at("/error/code").textValue())
          .as(id)
          .isIn("POSTGRES_BAD_REQUEST", "POSTGRES_CONNECTION_FAILED");
    }
    assertThat(plugin.execute(null, null, null, null).at("/error/code").textValue())
        .isEqualTo("POSTGRES_BAD_REQUEST");
    for (JsonNode value : values()) {
      assertThat(plugin.execute("x", value, "ping", null).at("/error/code").textValue())
          .isIn("POSTGRES_BAD_CONFIG", "POSTGRES_NOT_CONNECTED");
      assertThat(plugin.execute(Plugins.ID, config, "find", value).at("/error/code").textValue())
          .isEqualTo("POSTGRES_BAD_REQUEST");
    }
    assertThat(Map.copyOf(plugin.stats())).containsOnlyKeys(Plugins.ID);
  }
}
