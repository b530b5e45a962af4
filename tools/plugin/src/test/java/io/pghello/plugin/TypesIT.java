// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.json;
import static io.pghello.plugin.Plugins.plugin;
import static io.pghello.plugin.Plugins.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values of all types, converted from JSON to the server and back. */
@PgHelloTest(create = false, database = Scope.CLASS)
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

  /** All forms of statements that return rows. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select * from f for update",
        "select * from f for no key update nowait",
        "select * from f for share skip locked",
        "select * from f for key share",
        "(select * from f for update)",
        "((select * from f) limit 1)",
        "/* x */ -- y\n table f;",
        "with t as (select * from f for update skip locked) select * from t",
        "with t as materialized (select * from f for no key update) table t",
        "with t as (select id from f) select f.* from f join t using (id) for update of f",
        "with t (a) as not materialized (select id from f) (select * from f for share)",
        "(with t as (select * from f for update) select * from t)",
        "with t as (select *, 1 as delete, 2 as \"update\" from f) select f.* from f, t"
            + " where t.delete < t.update",
        "with update as (select * from f), merge as (select 1) select * from update",
        "with recursive t(id) as (select id from f union all select id + 1 from t where id < 1)"
            + " search depth first by id set delete cycle id set insert using update"
            + " select f.* from f join t using (id) for update of f",
        "insert into f select * from f where (id) > 0 returning *",
        "insert into f with t as (select * from f) select * from t returning *",
        "update f set n = n where (f).id = 1 returning *",
        "delete from f using (values (1)) v(id) where f.id = v.id returning f.*",
        "MERGE merge into f using (values (1)) v(id) on f.id = v.id"
            + " when matched then update set n = f.n returning f.*",
        "with t as (select * from f) insert into f select * from t returning *",
        "with t as (select id from f for update) update f set n = n from t"
            + " where f.id = t.id returning f.*",
        "with t as (select 1 as id) delete from f using t where f.id = t.id returning f.*",
        "MERGE with t as (select 1 as id) merge into f using t on f.id = t.id"
            + " when matched then update set n = f.n returning f.*",
        "with d as (delete from f returning *) select * from d",
        "with d as (delete from f returning *) select * from d where $1::int = 1 and $1 = id",
        "with d as (with t as (select * from f) delete from f returning *) (table d) limit 1",
        "with i as (insert into f select * from f returning *), q as (select 1), q_ as (select 2)"
            + " table i",
        "with u as materialized (update f set n = n returning *) select * from u union select * from u",
        "with u as (update f set n = n) select * from f for update",
        "with recursive u as (update f set n = n returning id), t(id) as (select id from u union"
            + " select id + 1 from t where id < 1) cycle id set c to 'y' default 'n' using p"
            + " select f.* from f join t using (id)",
        "with d as (delete from f returning *) insert into f select * from d returning *",
        "with d as (delete from f returning *), i as (insert into g select id as returning from d)"
            + " select * from d",
        "( /* x */ (with d as (delete from f returning *) select * from d ) ) ; -- end"
      })
  void statementsKeepTypes(String statement, TestDatabase database, DataSource source) {
    String sql = statement.replaceFirst("^MERGE ", "");
    int version = Integer.parseInt(Plugins.value(source, "show server_version_num"));
    assumeTrue(sql.equals(statement) || version >= 170000, "MERGE has RETURNING since 17");
    ObjectNode call = sql.contains("$1") ? sql(sql, 1) : sql(sql);
    ObjectNode transaction = Plugins.JSON.createObjectNode();
    transaction.putArray("operations").add(call);
    for (String operation : List.of("execute", "transaction")) {
      Plugins.run(
          source,
          "drop table if exists f, g",
          "drop type if exists pair",
          "create type pair as (a int, b text)",
          "create table f (id int, tags int[], day date, long interval,"
              + " at timestamptz, doc jsonb, p pair, n numeric(5,2))",
          "insert into f values (1, '{1,null}', '2026-01-02', 'P1D', '2026-01-02 03:04Z',"
              + " '[1, {}]', '(1,x)', 1.5)",
          "create table g (a int)");
      JsonNode result =
          succeed(database, operation, operation.equals("execute") ? call : transaction);
      assertThat(result.findValue("rows"))
          .as(operation)
          .hasToString(
              json("[{'id': 1, 'tags': [1, null], 'day': '2026-01-02',"
                      + " 'long': 'P1D', 'at': '2026-01-02T03:04:00+00:00',"
                      + " 'doc': [1, {}], 'p': {'a': 1, 'b': 'x'},"
                      + " 'n': 1.50}]")
                  .toString());
    }
  }

  /** Statements that the server cannot convert to JSON. */
  @Test
  void otherStatementsKeepTypesOfScalars(TestDatabase database, DataSource source) {
    Plugins.run(
        source,
        "create table x (a int)",
        "insert into x values (7)",
        "create procedure c(inout a int, out b timestamptz, out c jsonb, out d numeric, out e int[])"
            + " language sql as $$ select a + 1, timestamptz '2026-01-02 03:04Z',"
            + " jsonb '{\"k\": 1.0}', 1.50, array[1, 2] $$",
        "create procedure z(out at timestamptz) language plpgsql as $$ begin"
            + " set time zone 'Europe/Paris'; at := '2026-01-02 03:04Z'; end $$");
    Map<String, String> expected = new LinkedHashMap<>();
    expected.put("show timezone", "[{'TimeZone': 'UTC'}]");
    expected.put("values (1, array[2])", "[{'column1': 1, 'column2': [2]}]");
    expected.put(
        "call c(1, null, null, null, null)",
        "[{'a': 2, 'b': '2026-01-02T03:04:00+00:00', 'c': {'k': 1.0}, 'd': 1.50, 'e': '{1,2}'}]");
    expected.put("call z(null)", "[{'at': '2026-01-02 04:04:00+01'}]");
    expected.put("with d as (delete from x returning a) insert into x select a + 5 from d", "[]");
    expected.put("insert into x select 1 as returning", "[]");
    expected.put("with d as (delete from x returning *) select a, a + 1 as b into y from d", "[]");
    expected.put("(table y) order by a", "[{'a': 1, 'b': 2}, {'a': 12, 'b': 13}]");
    expected.put(
        "(with d as (delete from y returning *) select a, array[b] as b from d) order by a limit 1",
        "[{'a': 1, 'b': '{2}'}]");
    expected.forEach(
        (statement, rows) ->
            assertThat(succeed(database, "execute", sql(statement)).get("rows"))
                .as(statement)
                .hasToString(json(rows).toString()));
    assertThat(
            succeed(database, "execute", sql("explain (format json) table x"))
                .at("/rows/0/QUERY PLAN/0/Plan/Node Type"))
        .hasToString("\"Seq Scan\"");
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
