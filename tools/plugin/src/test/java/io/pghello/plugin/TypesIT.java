// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.json;
import static io.pghello.plugin.Plugins.plugin;
import static io.pghello.plugin.Plugins.sql;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.ExtensionTest.Scope;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.ParameterSchema;
import io.pghello.testkit.PgHelloTest;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values of all types, converted from JSON to the server and back. */
@PgHelloTest(extension = false, database = Scope.CLASS)
class TypesIT {
  private final PostgresPlugin plugin = plugin(Permissions.all());

  @AfterEach
  void close() {
    plugin.close();
  }

  private JsonNode succeed(TestDatabase database, String operation, JsonNode parameters) {
    ObjectNode answer = plugin.execute(Plugins.ID, config(database), operation, parameters);
    assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
    return answer.get("data");
  }

  /** Sends the value as a parameter of a query, with insert, and with batchInsert. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "smallint | -32768 | -32768",
        "integer | 2147483647 | 2147483647",
        "bigint | 9223372036854775807 | 9223372036854775807",
        "bigint | '9007199254740993' | 9007199254740993",
        "numeric | 123456789012345678901234567890.123456789 | 123456789012345678901234567890.123456789",
        "numeric(10,2) | 1.5 | 1.50",
        "numeric | 'NaN' | 'NaN'",
        "real | 1.5 | 1.5",
        "double precision | 0.1 | 0.1",
        "double precision | 'Infinity' | 'Infinity'",
        "boolean | true | true",
        "text | 'it’s ? $1 \\\\ \\n \\u0001' | 'it’s ? $1 \\\\ \\n \\u0001'",
        "text | '😀' | '😀'",
        "text | 5 | '5'",
        "varchar(3) | 'abc' | 'abc'",
        "char(3) | 'ab' | 'ab '",
        "\"char\" | 'a' | 'a'",
        "date | '2026-11-21' | '2026-11-21'",
        "date | 'infinity' | 'infinity'",
        "date | '0044-03-15 BC' | '0044-03-15 BC'",
        "time | '24:00:00' | '24:00:00'",
        "timetz | '10:00:00+02' | '10:00:00+02'",
        "timestamp | '2026-11-21T10:00:00' | '2026-11-21T10:00:00'",
        "timestamptz | '2026-11-21T10:00:00+02:00' | '2026-11-21T08:00:00+00:00'",
        "interval | 'P1Y2M3DT4H5M6S' | 'P1Y2M3DT4H5M6S'",
        "uuid | 'C0FFEE00-0000-0000-0000-000000000001' | 'c0ffee00-0000-0000-0000-000000000001'",
        "bytea | '\\\\x00ff' | '\\\\x00ff'",
        "json | {'b': 1, 'a': [null]} | {'b': 1, 'a': [null]}",
        "jsonb | {'a': {'b': 1.10}} | {'a': {'b': 1.10}}",
        "jsonb | [1, [2], {}] | [1, [2], {}]",
        "int[] | [1, null, 3] | [1, null, 3]",
        "int[] | [[1, 2], [3, 4]] | [[1, 2], [3, 4]]",
        "text[] | ['a,b', 'NULL', null, '\\\"{}\\\\'] | ['a,b', 'NULL', null, '\\\"{}\\\\']",
        "jsonb[] | [{'a': 1}, 'x'] | ERROR",
        "int4range | '[1,5)' | '[1,5)'",
        "inet | '10.0.0.1/8' | '10.0.0.1/8'",
        "cidr | '10.0.0.0/8' | '10.0.0.0/8'",
        "macaddr | '08:00:2b:01:02:03' | '08:00:2b:01:02:03'",
        "point | '(1,2)' | '(1,2)'",
        "bit(3) | '101' | '101'",
        "xml | '<a/>' | '<a/>'",
        "money | '5' | ANY",
        "tsvector | 'a b' | ANY",
        "oid | 5 | '5'"
      })
  void roundTrip(String type, String given, String expected, TestDatabase database) {
    JsonNode value = json(given);
    if (expected.equals("ERROR")) {
      ObjectNode answer =
          plugin.execute(Plugins.ID, config(database), "query", sql("select $1::" + type, value));
      assertThat(answer.at("/error/code").textValue()).isEqualTo("POSTGRES_BAD_VALUE");
      return;
    }
    JsonNode back = succeed(database, "queryValue", sql("select $1::" + type + " as v", value));
    if (!expected.equals("ANY")) {
      assertThat(back.toString()).isEqualTo(json(expected).toString());
    }
    succeed(database, "execute", sql("drop table if exists v"));
    succeed(database, "execute", sql("create table v (v " + type + ")"));
    ObjectNode insert = Plugins.JSON.createObjectNode().put("table", "v");
    insert.putObject("data").set("v", value);
    assertThat(succeed(database, "insert", insert).get("v")).isEqualTo(back);
    ObjectNode batch = Plugins.JSON.createObjectNode().put("table", "v");
    batch.putArray("records").addObject().set("v", value);
    succeed(database, "batchInsert", batch);
    assertThat(succeed(database, "find", json("{'table': 'v'}")).at("/rows/1/v")).isEqualTo(back);
  }

  @Test
  void keepsOrderAndNamesOfColumns(TestDatabase database) {
    assertThat(succeed(database, "queryOne", sql("select 1 as z, 2 as \"A b\", 3 as q, null as a")))
        .hasToString("{\"z\":1,\"A b\":2,\"q\":3,\"a\":null}");
    ObjectNode twice =
        plugin.execute(Plugins.ID, config(database), "query", sql("select 1 as a, 2 as a"));
    assertThat(twice.at("/error/details/column").textValue()).isEqualTo("a");
    assertThat(succeed(database, "queryOne", sql("select row(1, 'x') as r, '{}'::int[] as e")))
        .hasToString("{\"r\":{\"f1\":1,\"f2\":\"x\"},\"e\":[]}");
    assertThat(succeed(database, "queryOne", sql("select"))).hasToString("{}");
    assertThat(succeed(database, "queryOne", sql("select 1 where false")).isNull()).isTrue();
    assertThat(succeed(database, "queryValue", sql("select 1 where false")).isNull()).isTrue();
  }

  @Test
  void acceptsJavaValues(TestDatabase database) {
    PostgresConnection connection = plugin.connect(Plugins.ID, config(database));
    UUID uuid = UUID.randomUUID();
    assertThat(connection.queryValue("select $1::uuid", uuid).textValue())
        .isEqualTo(uuid.toString());
    assertThat(connection.queryValue("select $1::bytea", (Object) new byte[] {0, -1}).textValue())
        .isEqualTo("\\x00ff");
    assertThat(connection.queryValue("select $1::date", LocalDate.EPOCH).textValue())
        .isEqualTo("1970-01-01");
    assertThat(connection.queryValue("select $1::timestamptz", Instant.EPOCH).textValue())
        .isEqualTo("1970-01-01T00:00:00+00:00");
    assertThat(connection.queryValue("select $1::interval", Duration.ofMinutes(90)).textValue())
        .isEqualTo("PT1H30M");
    assertThat(connection.queryValue("select $1::numeric", new BigDecimal("1E+3")))
        .hasToString("1000");
    assertThat(connection.queryValue("select $1::float8", Double.NaN).textValue()).isEqualTo("NaN");
    assertThat(connection.queryValue("select $1::int[]", List.of(1, 2))).hasToString("[1,2]");
    assertThat(connection.queryValue("select $1::jsonb", Map.of("a", List.of(1))))
        .hasToString("{\"a\":[1]}");
    assertThat(connection.queryValue("select $1::text is null", (Object) null).booleanValue())
        .isTrue();
    assertThat(connection.queryValue("select $1::text", Isolation.SERIALIZABLE).textValue())
        .isEqualTo("SERIALIZABLE");
  }

  @Test
  void rowsOutsideParenthesesAreText(TestDatabase database) {
    assertThat(succeed(database, "execute", sql("show timezone")).get("rows"))
        .hasToString("[{\"TimeZone\":\"UTC\"}]");
    assertThat(
            succeed(database, "execute", sql("create table w (a int)")).get("rowCount").intValue())
        .isZero();
    assertThat(
            succeed(database, "execute", sql("insert into w values (1), (2) returning a"))
                .get("rows"))
        .hasToString("[{\"a\":1},{\"a\":2}]");
    assertThat(
            succeed(
                    database,
                    "execute",
                    sql("with d as (delete from w returning a) insert into w select a + 5 from d"))
                .get("rowCount")
                .intValue())
        .isEqualTo(2);
    assertThat(
            succeed(
                    database,
                    "execute",
                    sql("with d as (delete from w returning a) select a from d order by 1"))
                .get("rows"))
        .hasToString("[{\"a\":\"6\"},{\"a\":\"7\"}]");
    assertThat(succeed(database, "execute", sql("select 5 as a")).get("rows"))
        .hasToString("[{\"a\":5}]");
    succeed(database, "execute", sql("drop table w"));
  }

  /** Results match the schemas of the operations. */
  @Test
  void resultsMatchSchemas(TestDatabase database) {
    PostgresConnection connection = plugin.connect(Plugins.ID, config(database));
    Map<String, String> calls =
        Map.ofEntries(
            Map.entry(
                "createTable",
                "{'table': 's', 'schema': {'columns': [{'name': 'a', 'type': 'int', 'primaryKey': true}]}}"),
            Map.entry("insert", "{'table': 's', 'data': {'a': 1}}"),
            Map.entry("batchInsert", "{'table': 's', 'records': [{'a': 2}]}"),
            Map.entry("update", "{'table': 's', 'data': {'a': 3}, 'where': {'a': 2}}"),
            Map.entry("find", "{'table': 's'}"),
            Map.entry("findOne", "{'table': 's'}"),
            Map.entry("count", "{'table': 's'}"),
            Map.entry("query", "{'sql': 'select 1 as a'}"),
            Map.entry("queryOne", "{'sql': 'select 1 as a'}"),
            Map.entry("queryValue", "{'sql': 'select 1 as a'}"),
            Map.entry("execute", "{'sql': 'select 1 as a'}"),
            Map.entry("transaction", "{'operations': [{'sql': 'select 1 as a'}]}"),
            Map.entry("beginTransaction", "{}"),
            Map.entry("commit", "{}"),
            Map.entry("rollback", "{}"),
            Map.entry("delete", "{'table': 's', 'all': true}"),
            Map.entry(
                "alterTable",
                "{'table': 's', 'alterations': [{'action': 'addColumn', 'name': 'b', 'type': 'int'}]}"),
            Map.entry("listTables", "{}"),
            Map.entry("describeTable", "{'table': 's'}"),
            Map.entry("ping", "{}"),
            Map.entry("getStats", "{}"),
            Map.entry("dropTable", "{'table': 's'}"));
    List<String> order =
        List.of(
            "createTable",
            "insert",
            "batchInsert",
            "update",
            "find",
            "findOne",
            "count",
            "query",
            "queryOne",
            "queryValue",
            "execute",
            "transaction",
            "alterTable",
            "listTables",
            "describeTable",
            "delete",
            "ping",
            "getStats",
            "dropTable",
            "beginTransaction",
            "commit",
            "rollback");
    assertThat(order).hasSize(calls.size()).hasSize(plugin.operations().size());
    for (String name : order) {
      ObjectNode parameters = (ObjectNode) json(Objects.requireNonNull(calls.get(name)));
      if (name.equals("commit") || name.equals("rollback")) {
        parameters.put("transactionId", connection.beginTransaction(Isolation.READ_COMMITTED));
      }
      PluginOperation operation =
          plugin.operations().stream()
              .filter(one -> one.name().equals(name))
              .findFirst()
              .orElseThrow();
      JsonNode result = connection.call(name, parameters);
      ParameterSchema.check(operation.result(), result, name, Code.INTERNAL);
    }
  }
}
