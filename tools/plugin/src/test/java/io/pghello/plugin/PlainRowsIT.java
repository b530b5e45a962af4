// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.plugin;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.ExtensionTest.Scope;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.testkit.PgHelloTest;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Frequent queries are read without the server's JSON, and return the same results. */
@PgHelloTest(create = false, database = Scope.CLASS)
class PlainRowsIT {
  private static final int OFTEN = 5;

  private final PostgresPlugin plugin = plugin(Permissions.all());
  private PostgresConnection connection;

  @BeforeEach
  void connect(TestDatabase database) {
    ObjectNode config = config(database);
    connection = plugin.connect(Plugins.ID, config.put("max", 1));
  }

  @AfterEach
  void close() {
    plugin.close();
  }

  private QueryResult often(String sql) {
    QueryResult last = connection.query(sql);
    for (int i = 1; i < 3 * OFTEN; i++) {
      QueryResult before = last;
      last = connection.query(sql);
      assertThat(last).isEqualTo(before).hasToString(before.toString());
    }
    return last;
  }

  /** Returns whether a frequent query of an expression is read without the server's JSON. */
  private boolean isPlain(String expression) {
    String sql = "select " + expression + " as v, current_query() as sql";
    for (int i = 0; i < OFTEN; i++) {
      connection.query(sql);
    }
    return !connection.query(sql).rows().get(0).get("sql").textValue().contains("to_json");
  }

  // h is a 63-bit integer, i counts from 0.
  @ParameterizedTest
  @CsvSource(
      delimiter = '§',
      quoteCharacter = '`',
      value = {
        "int2 § h % 32768",
        "int4 § (h >> 32) >> (i % 32)",
        "int8 § h >> (i % 64)",
        "int8 § -9223372036854775808",
        "float4 § h::float8 * 10::float8 ^ (i % 30 - 45)",
        "float8 § h::float8 * 10::float8 ^ (i % 560 - 290)",
        "float8 § h % 10",
        "float8 § (array['NaN', 'Infinity', '-Infinity', '-0', '1e300', '1e-300', '0.1'])[i % 7 + 1]",
        "numeric § h::numeric * 10::numeric ^ (i % 80 - 40)",
        "numeric § (h % 1000)::numeric(20, 5)",
        "numeric § h::numeric * h * h",
        "numeric § (array['NaN', 'Infinity', '-Infinity', '0', '-0.00', '1e50', '1e-50'])[i % 7 + 1]",
        "bool § h % 2 = 0",
        "text § chr(abs(h % 55000)::int + 1) || chr(abs(h % 100000)::int + 70000) || i",
        "text § chr(i % 40 + 1) || '\"\\'",
        "text § repeat(chr(abs(h % 2000)::int + 1), i * 20)",
        "varchar(2) § i",
        "char(5) § i",
        "name § md5(i::text)",
        "\"char\" § chr(i % 90 + 33)",
        "uuid § md5(i::text)",
        "bytea § decode(md5(i::text), 'hex')",
        "date § date '2026-11-22' + (h % 700000)::int",
        "date § (array['infinity', '-infinity', '0044-03-15 BC', '12345-01-01'])[i % 4 + 1]",
        "time § time '10:00' + (h % 86400) * interval '1.000001 s'",
        "time § '24:00'",
        "timetz § ('10:00:01.5' || (array['+02', '-03:30', '+00', '+01:02:03'])[i % 4 + 1])",
        "timestamp § timestamp 'epoch' + (h % 200000000000) * interval '1.000001 s'",
        "timestamp § (array['infinity', '-infinity', '0044-03-15 BC', '12345-01-01', '0001-01-01', '9999-12-31',"
            + " '10000-01-01', '0001-12-31 23:59:59.000001 BC', '4714-11-24 00:00:00 BC', '99999-12-31',"
            + " '100000-01-01', '294276-12-31 23:59:59.999999', '1999-12-31 23:59:59.12'])[i % 13 + 1]",
        "timestamp(0) § timestamp '2026-11-22 10:00:00.6'",
        "timestamptz § to_timestamp(h % 200000000000)",
        "timestamptz § to_timestamp((h % 100000000000)::float8 / 1000)",
        "timestamptz § (array['infinity', '-infinity', '0044-03-15 BC', '12345-01-01', '0001-01-01', '9999-12-31',"
            + " '10000-01-01', '0001-12-31 23:59:59.000001 BC', '4714-11-24 00:00:00 BC', '99999-12-31',"
            + " '100000-01-01', '294276-12-31 23:59:59.999999', '1999-12-31 23:59:59.12'])[i % 13 + 1]",
        "interval § (h % 1000000) * interval '1 mon 2 days 1.000001 s'",
        "oid § abs(h % 4294967296)",
        "xml § '<a>' || i || '</a>'",
        "money § (h % 1000000)::numeric / 100",
        "bit(8) § (h % 256)::int::bit(8)",
        "varbit § (h % 256)::int::bit(8)",
        "json § '  {\"b\" : [' || i || ', 1.50, 1e3, -0, null, true], \"a\": {}, \"a\": \"\\ud83d\\ude00\\n\"} '",
        "json § (array['1', '\"x\\u0000\"', 'null', 'true', '[]', '{}', '1e400', '\"\\ud800\"'])[i % 8 + 1]",
        "jsonb § jsonb_build_object('k', h, 'tags', jsonb_build_array('a', i / 7.0, null), 'o', '{}'::jsonb)",
        "jsonb § (repeat('[', i % 100 + 1) || repeat(']', i % 100 + 1))",
        "positive § h % 1000",
        "document § '[1, {}]'"
      })
  void returnsSameResults(String type, String expression, DataSource source) {
    Plugins.run(
        source,
        "drop domain if exists positive; create domain positive as int8 check (value > -1000000)",
        "drop domain if exists document; create domain document as jsonb");
    String value = "(" + expression + ")::text::" + type;
    String sql =
        "select i, case when i % 10 < 9 then "
            + value
            + " end as v, "
            + value
            + " as \"A b\" from (select i, ('x' || md5(i::text))::bit(64)::int8 as h"
            + " from generate_series(0, 299) i) g order by i";
    assertThat(isPlain("null::" + type)).isTrue();
    assertThat(often(sql).rows()).hasSize(300);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UTC",
        "Europe/Berlin",
        "Asia/Kathmandu",
        "America/St_Johns",
        "Africa/Monrovia",
        "Pacific/Kiritimati",
        "+5"
      })
  void usesTimeZoneOfTransaction(String zone) {
    String times =
        "to_timestamp(i * 12345678901::bigint % 150000000000) as t"
            + " from generate_series(-50, 50) i";
    String set = "set_config('TimeZone', '" + zone + "', true)";
    QueryResult result = often("select i, " + set + " as zone, " + times);
    assertThat(result.rows()).hasSize(101);

    often("select i, " + times);
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    connection.inTransaction(id).query("select " + set);
    for (int i = 0; i < 3 * OFTEN; i++) {
      List<ObjectNode> rows = connection.inTransaction(id).query("select i, " + times).rows();
      for (int row = 0; row < rows.size(); row++) {
        assertThat(rows.get(row).get("t")).isEqualTo(result.rows().get(row).get("t"));
      }
    }
    connection.rollback(id);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'{1}'::int[]",
        "row(1, 'x')",
        "int4range(1, 2)",
        "point '(1,2)'",
        "tsvector 'a b'",
        "mood 'good'",
        "pair",
        "hidden",
        "null::aclitem"
      })
  void leavesOtherTypesToServer(String expression, DataSource source) {
    Plugins.run(
        source,
        "drop table if exists pair",
        "drop type if exists mood cascade",
        "create type mood as enum ('good')",
        "drop domain if exists integers cascade",
        "create domain integers as int[]",
        "create table pair (a mood)",
        "insert into pair values ('good')");
    String from = expression.equals("pair") ? " from pair" : "";
    String value = expression.equals("hidden") ? "'{1,2}'::integers" : expression;
    String sql = "select " + value + " as v, current_query() as sql" + from;
    assertThat(often(sql).rows().get(0).get("sql").textValue()).contains("to_json");
  }

  @Test
  void returnsSameResultsWithoutColumnsOrRows() {
    assertThat(often("select").rows()).hasToString("[{}]");
    assertThat(often("select from generate_series(1, 3)").rows()).hasToString("[{}, {}, {}]");
    assertThat(often("select 1 as a where false").rows()).isEmpty();
    assertThat(often("select 1 as a, 2 as a where false").rows()).isEmpty();
    for (int i = 0; i < 3 * OFTEN; i++) {
      assertThatExceptionOfType(PostgresException.class)
          .isThrownBy(() -> connection.query("select 1 as a, 2 as a"))
          .extracting(e -> e.details().get("column"))
          .isEqualTo("a");
    }
  }

  /** The fifth run checks the columns with a query that returns no rows and calls nothing. */
  @Test
  void examinesQueryOnce(TestDatabase database, WireProxy proxy) throws Exception {
    PostgresConnection behind = plugin.connect("counted", config(database, proxy));
    behind.execute("create sequence if not exists asked");
    behind.ping();
    String sql = "select nextval('asked')::int as v, $1::text as t";
    for (int i = 1; i <= 3 * OFTEN; i++) {
      // The query may change the session, so the session is reset.
      int trips = i == OFTEN ? 4 : 2;
      JsonNode[] row = new JsonNode[1];
      proxy.assertRoundTrips(trips, () -> row[0] = behind.queryOne(sql, "x").orElseThrow());
      assertThat(row[0].get("v").intValue()).isEqualTo(i);
    }
  }

  /**
   * The fifth run also checks for side effects. The table belongs to the connection's role, so the
   * query needs no rollback and the driver prepares it.
   */
  @Test
  void readOnlyQueryTakesOneRoundTrip(TestDatabase database, WireProxy proxy) throws Exception {
    PostgresConnection behind = plugin.connect("counted", config(database, proxy));
    behind.execute("create table if not exists counted (a int)");
    behind.ping();
    for (int i = 1; i <= 3 * OFTEN; i++) {
      int trips = i < OFTEN ? 2 : i == OFTEN ? 3 : 1;
      proxy.assertRoundTrips(
          trips, () -> behind.queryOne("select count(*) as a, $1::text as t from counted", "x"));
    }
  }

  /** On a read-only connection, the rollback is sent together with the query from the first run. */
  @Test
  void rolledBackQueryTakesOneRoundTrip(TestDatabase database, WireProxy proxy) throws Exception {
    Permissions permissions = Permissions.read().withSql(true);
    try (PostgresPlugin reader =
        PostgresPlugin.initialize(PluginContext.defaults().withPermissions(permissions))) {
      PostgresConnection behind = reader.connect("counted", config(database, proxy));
      behind.ping();
      for (int i = 1; i <= 3 * OFTEN; i++) {
        int trips = i == OFTEN ? 2 : i == 2 * OFTEN - 1 ? 3 : 1;
        proxy.assertRoundTrips(
            trips, () -> behind.queryOne("select version() as v, $1::text as t", "x"));
        String another = "select 1 as a where " + 2 * i + " > 1";
        proxy.assertRoundTrips(1, () -> behind.query(another));
      }
    }
  }

  /** The change is detected whether or not the driver has prepared the query. */
  @ParameterizedTest
  @ValueSource(ints = {OFTEN, 3 * OFTEN})
  void detectsChangedTypeImmediately(int before, TestDatabase database, DataSource source) {
    String query = "select a from changing";
    try (PostgresPlugin reader =
        PostgresPlugin.initialize(
            PluginContext.defaults().withPermissions(Permissions.read().withSql(true)))) {
      for (PostgresConnection one : List.of(connection, reader.connect("r", config(database)))) {
        Plugins.run(
            source,
            "drop table if exists changing",
            "create table changing (a int)",
            "insert into changing values (1)");
        for (int i = 0; i < before; i++) {
          assertThat(one.query(query).rows()).hasToString("[{\"a\":1}]");
          assertThat(one.find("changing", Map.of()).rows()).hasToString("[{\"a\":1}]");
        }
        Plugins.run(source, "alter table changing alter a type int[] using array[a]");
        assertThat(one.query(query).rows()).hasToString("[{\"a\":[1]}]");
        assertThat(one.find("changing", Map.of()).rows()).hasToString("[{\"a\":[1]}]");
        Plugins.run(source, "alter table changing alter a type text using a[1]::text");
        assertThat(one.query(query).rows()).hasToString("[{\"a\":\"1\"}]");
      }
    }
  }

  /** The query has already run with the new type, and a function in the query may have written. */
  @Test
  void reportsUnknownOutcomeIfQueryMayWrite(DataSource source) {
    Plugins.run(
        source,
        "drop table if exists written",
        "create table written (a int)",
        "insert into written values (1)",
        "create sequence if not exists writes",
        "grant usage on sequence writes to public");
    String query = "select a from written where nextval('writes') > 0";
    for (int i = 0; i < OFTEN; i++) {
      assertThat(connection.query(query).rows()).hasToString("[{\"a\":1}]");
    }
    Plugins.run(source, "alter table written alter a type int[] using array[a]");
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> connection.query(query))
        .extracting(PostgresException::code)
        .isEqualTo(Code.OUTCOME_UNKNOWN);
    assertThat(connection.query(query).rows()).hasToString("[{\"a\":[1]}]");
  }

  @Test
  void changedTypeDoesNotAbortTransaction(DataSource source) {
    Plugins.run(
        source,
        "drop table if exists wide",
        "create table wide (a int)",
        "insert into wide values (1)");
    String query = "select a from wide";
    for (int i = 0; i < 3 * OFTEN; i++) {
      connection.query(query);
    }
    Plugins.run(source, "alter table wide alter a type int[] using array[a]");
    String id = connection.beginTransaction(Isolation.READ_COMMITTED);
    assertThat(connection.inTransaction(id).query(query).rows()).hasToString("[{\"a\":[1]}]");
    connection.commit(id);
  }

  /** The driver would format binary values in the JVM's time zone. */
  @Test
  void formatsTextIdenticallyOutsideParentheses() {
    connection.execute("create table if not exists gone (a int)");
    String sql =
        "with gone as (delete from gone returning a) select timestamptz '2026-07-01 10:00Z' as t,"
            + " timestamp '2026-07-01 10:00' as l, time '10:00' as c, date '2026-07-01' as d,"
            + " 1.50::float8 as f, 1e20::float8 as e, true as b, 1.50 as n, '\\x00'::bytea as x,"
            + " array[1, 2] as a, '[1,2)'::int4range as r, 'a'::name as s, 5::oid as o,"
            + " point '(1,2)' as p, gen_random_uuid() is not null as u";
    String first = connection.execute(sql).rows().toString();
    for (int i = 0; i < 3 * OFTEN; i++) {
      assertThat(connection.execute(sql).rows()).hasToString(first);
    }
  }
}
