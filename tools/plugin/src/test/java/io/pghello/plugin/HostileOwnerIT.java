// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.json;
import static io.pghello.plugin.Plugins.plugin;
import static io.pghello.plugin.Plugins.sql;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The owner of a table attacks the session of queries that return one row, after these were found
 * to have no effects. Unlike in {@link ChangedObjectsIT}, the code is a volatile function that an
 * immutable function calls, so it can run any statement. Two callers share the only connection of a
 * pool.
 */
@PgHelloTest(create = false)
class HostileOwnerIT {
  /** Enough for the driver to prepare a query. */
  private static final int OFTEN = 11;

  private static final List<String> QUERIES =
      List.of(
          "queryOne {'sql': 'select id, name from ten.orders where id = $1', 'params': [1]}",
          "queryValue {'sql': 'select array[id] as a from ten.orders where id = $1', 'params':"
              + " [1]}",
          "findOne {'table': 'ten.orders', 'where': {'id': 1}}",
          "count {'table': 'ten.orders', 'where': {'id': 1}}",
          "query {'sql': 'select id, name from ten.orders where id = $1', 'params': [1]}");

  /**
   * Replaces all statements of the driver with statements that return the results that the check
   * would return.
   */
  private static final String FORGE =
      """
      for one in select name, parameter_types::text[] as types, result_types::text[] as columns
          from pg_prepared_statements loop
        execute format('deallocate %I', one.name);
        execute format('prepare %I %s as select %s union all select %s', one.name,
          case when one.types <> '{}' then '(' || array_to_string(one.types, ',') || ')' else '' end,
          (select coalesce(string_agg(format('null::%s', c), ','), 'true')
            from unnest(one.columns) c),
          (select coalesce(string_agg(case c when 'boolean' then 'true'
              else format('null::%s', c) end, ','), 'true') from unnest(one.columns) c));
      end loop""";

  /**
   * Does the same as FORGE, but does not replace BEGIN and ROLLBACK, so that the driver receives
   * the responses that it expects.
   */
  private static final String FORGE_QUERIES =
      FORGE.replace(
          "pg_prepared_statements loop",
          "pg_prepared_statements where result_types is not null loop");

  private static final List<String> EFFECTS =
      List.of(
          "perform set_config('search_path', 'ten, public', false)",
          "set session row_security = off",
          "set role ten_reader",
          "set plan_cache_mode = force_custom_plan",
          "set default_transaction_read_only = off",
          "set session characteristics as transaction isolation level serializable",
          "set standard_conforming_strings = off",
          "set application_name = 'other'",
          "perform set_config('app.user', 'planted', false)",
          "set lock_timeout = 1",
          "set datestyle = 'German'",
          "set client_min_messages = error",
          "reset all",
          "perform pg_advisory_lock(4711)",
          "perform pg_advisory_lock_shared(4711, 1)",
          "perform pg_try_advisory_lock(4711)",
          "perform pg_advisory_xact_lock(4711)",
          "prepare left_over as select 1",
          "prepare left_over (int, float8) as with q as (select 1) select true from q",
          "prepare \"S_100\" as select 1",
          "execute 'deallocate all'",
          "execute 'deallocate all'; prepare left_over as select true",
          FORGE,
          FORGE_QUERIES,
          FORGE_QUERIES + "; perform pg_advisory_lock(4711)",
          "execute 'close all'",
          "execute 'declare kept cursor with hold for select 1'",
          "listen channel",
          "notify channel, 'text'",
          "create temporary table users (name text)",
          "perform nextval('ten.numbers')",
          "perform lo_create(0)",
          "insert into ten.users values ('planted')",
          "set transaction read write",
          "execute 'discard plans'",
          "execute 'discard temp'",
          "raise exception 'no' using errcode = '25006'",
          "raise exception 'no' using errcode = '42601'",
          "raise exception 'no' using errcode = '26000'",
          "raise exception 'no' using errcode = '0A000'",
          "perform pg_advisory_lock(4711); perform 1 / 0",
          "perform pg_cancel_backend(pg_backend_pid()); perform pg_sleep(1)",
          "perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1)");

  private static final String INDEX = "create index evil on ten.orders ((ten.evil(1)))";
  private static final String VIEW =
      "alter table ten.orders rename to orders_before;"
          + " create view ten.orders as select id, name from ten.orders_before"
          + " where ten.evil(id) > 0; grant all on ten.orders to public";
  private static final String LAST_ROW =
      "alter table ten.orders rename to orders_before;"
          + " create view ten.orders as select id, name from ten.orders_before"
          + " union all select ten.evil(1) + 1, null; grant all on ten.orders to public";

  private static final String FINGERPRINT =
      """
      select (select json_object_agg(name, setting order by name) from pg_settings
          where name not like 'plpgsql.%'),
        current_user, session_user, current_setting('app.user', true) is null
          or current_setting('app.user', true) = '' as user_is_unset,
        (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory')
          as locks,
        (select count(*) from pg_prepared_statements where from_sql) as prepared,
        (select count(*) from pg_listening_channels()) as channels,
        (select count(*) from pg_cursors where name <> '') as cursors,
        (select count(*) from pg_class where relnamespace = pg_my_temp_schema()) as temporary,
        'users'::regclass::oid as users
      """;

  private ObjectNode config = Plugins.JSON.createObjectNode();
  private DataSource superuser;

  @BeforeEach
  void createTable(TestDatabase database, DataSource source) {
    superuser = database.superuserDataSource();
    // a machine under load may take longer than the default for a login
    config = config(database).put("max", 1).put("connectionTimeoutMillis", 30_000);
    Plugins.run(
        superuser,
        "do $$ begin create role ten_owner; exception when duplicate_object then null; end $$",
        "do $$ begin create role ten_reader; exception when duplicate_object then null; end $$",
        "grant ten_reader to " + config.get("user").textValue(),
        "create schema ten authorization ten_owner",
        "grant usage on schema ten to public",
        "set session authorization ten_owner",
        "create table ten.users (name text)",
        "create table ten.orders (id int, name text)",
        "insert into ten.orders values (1, 'one'), (2, 'two')",
        "create sequence ten.numbers",
        "grant all on all tables in schema ten to public",
        "grant all on all sequences in schema ten to public",
        "create function ten.act() returns void language plpgsql as $$ begin end $$",
        "create function ten.evil(i int) returns int language plpgsql immutable as $f$"
            + " begin if current_setting('application_name') = 'pg-hello-plugin' then"
            + " perform ten.act(); end if; return 1; end $f$",
        "reset session authorization");
    Plugins.run(source, "create table users (name text)");
  }

  private void asOwner(String... statements) {
    var all = new ArrayList<String>();
    all.add("set session authorization ten_owner");
    all.addAll(List.of(statements));
    Plugins.run(superuser, all.toArray(String[]::new));
  }

  private static String act(String effect, boolean caught) {
    return "create or replace function ten.act() returns void language plpgsql as $f$"
        + " declare one record; begin begin "
        + effect
        + ";"
        + (caught ? " exception when others then null;" : "")
        + " end; end $f$";
  }

  private static String undo(String change) {
    return change.equals(INDEX)
        ? "drop index ten.evil"
        : "drop view ten.orders; alter table ten.orders_before rename to orders";
  }

  private ObjectNode call(PostgresPlugin plugin, String call) {
    int space = call.indexOf(' ');
    return plugin.execute(
        Plugins.ID, config, call.substring(0, space), json(call.substring(space + 1)));
  }

  private JsonNode fingerprint(PostgresPlugin plugin) {
    ObjectNode answer = plugin.execute(Plugins.ID, config, "query", sql(FINGERPRINT));
    assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
    return answer.at("/data/rows/0");
  }

  static Stream<Arguments> changes() {
    return Stream.of(INDEX, VIEW, LAST_ROW)
        .flatMap(change -> Stream.of(false, true).map(readOnly -> Arguments.of(change, readOnly)));
  }

  /** Causes each effect with a different query. */
  @ParameterizedTest
  @MethodSource("changes")
  void nothingIsLeftForTheNextCaller(String change, boolean readOnly) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    Iterator<String> queries = Stream.generate(() -> QUERIES).flatMap(List::stream).iterator();
    JsonNode expected;
    try (PostgresPlugin plugin = plugin(permissions)) {
      expected = fingerprint(plugin);
    }
    for (String effect : EFFECTS) {
      String query = queries.next();
      try (PostgresPlugin plugin = plugin(permissions)) {
        JsonNode data = null;
        for (int i = 0; i < OFTEN; i++) {
          ObjectNode answer = call(plugin, query);
          assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
          data = answer.get("data");
        }
        asOwner(act(effect, effect.startsWith("perform pg_try")), change);
        for (int i = 0; i < 2; i++) {
          // the query may fail, but must neither return forged rows nor leave effects in the
          // session
          ObjectNode answer = call(plugin, query);
          if (answer.get("success").booleanValue()) {
            assertThat(answer.get("data")).as("%s by %s", effect, query).isEqualTo(data);
          }
          assertThat(fingerprint(plugin)).as("%s by %s", effect, query).isEqualTo(expected);
        }
        asOwner(act("null", false), undo(change));
        ObjectNode answer = call(plugin, query);
        assertThat(answer.get("data")).as("after %s by %s", effect, query).isEqualTo(data);
      }
    }
  }

  /** The next caller's row is from the table that the query names, not from a forged statement. */
  @ParameterizedTest
  @CsvSource({"false, false", "false, true", "true, false", "true, true"})
  void rowsAreNotForged(boolean readOnly, boolean all) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    String other =
        "queryOne {'sql': 'select count(*)::int as a, $1::text as b from public.users',"
            + " 'params': ['x']}";
    for (String query : QUERIES) {
      for (String change : List.of(INDEX, VIEW)) {
        try (PostgresPlugin plugin = plugin(permissions)) {
          for (int i = 0; i < OFTEN; i++) {
            assertThat(call(plugin, query).get("success").booleanValue()).isTrue();
            assertThat(call(plugin, other).get("data")).hasToString("{\"a\":0,\"b\":\"x\"}");
          }
          asOwner(act(all ? FORGE : FORGE_QUERIES, false), change);
          ObjectNode answer = call(plugin, query);
          assertThat(answer.at("/error/code").asText()).isNotEqualTo("POSTGRES_INTERNAL");
          assertThat(call(plugin, other).get("data"))
              .as(query)
              .hasToString("{\"a\":0,\"b\":\"x\"}");
        }
        asOwner(act("null", false), undo(change));
      }
    }
  }

  /** The owner's seed of random() does not remain in the session. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void randomNumbersAreNotPredicted(boolean readOnly) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    try (PostgresPlugin plugin = plugin(permissions)) {
      var drawn = new ArrayList<String>();
      for (String query : QUERIES) {
        for (int i = 0; i < OFTEN; i++) {
          call(plugin, query);
        }
        asOwner(act("perform setseed(0.25)", false), INDEX);
        call(plugin, query);
        drawn.add(
            call(plugin, "queryValue {'sql': 'select random()::text || random()'}")
                .get("data")
                .textValue());
        asOwner("drop index ten.evil");
      }
      assertThat(drawn).doesNotHaveDuplicates();
    }
  }

  /** A query returns the current columns of the table, even if their number has changed. */
  @ParameterizedTest
  @CsvSource({"false, 5", "true, 5", "false, 11", "true, 11"})
  void columnsMayChange(boolean readOnly, int before) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    String all = "queryOne {'sql': 'select * from ten.orders where id = $1', 'params': [1]}";
    try (PostgresPlugin plugin = plugin(permissions)) {
      for (String[] change :
          new String[][] {
            {"select 1", "{\"id\":1,\"name\":\"one\"}"},
            {"alter table ten.orders add b bool", "{\"id\":1,\"name\":\"one\",\"b\":null}"},
            {"alter table ten.orders drop name", "{\"id\":1,\"b\":null}"},
            {"alter table ten.orders add t int[]", "{\"id\":1,\"b\":null,\"t\":null}"},
            {"alter table ten.orders drop b, drop t", "{\"id\":1}"},
            {"alter table ten.orders alter id type text", "{\"id\":\"1\"}"}
          }) {
        asOwner(change[0]);
        for (int i = 0; i < before; i++) {
          ObjectNode answer =
              call(plugin, change[1].contains("\"1\"") ? all.replace("[1]", "['1']") : all);
          assertThat(answer.path("data").toString()).as(change[0] + answer).isEqualTo(change[1]);
        }
      }
    }
  }

  /**
   * The names in the check do not conflict with names in the query, and the check works with all
   * column types and with an empty result.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "select n from q | {\"n\":7}",
        "select q.n, c.n as c from q, c | {\"n\":7,\"c\":8}",
        "with q as (select 1 as n) select n from q | {\"n\":1}",
        "with recursive q(n) as (select 1 union all select n + 1 from q where n < 3) select max(n)"
            + " as n from q | {\"n\":3}",
        "select true as bool, null as a | {\"bool\":true,\"a\":null}",
        "select 'x' as a, 1.50 as b, 'y'::name as c, 'z'::\"char\" as d |"
            + " {\"a\":\"x\",\"b\":1.50,\"c\":\"y\",\"d\":\"z\"}",
        "select 'a'::char(3) as a, '2026-01-02 10:00:00.6'::timestamp(0) as b |"
            + " {\"a\":\"a  \",\"b\":\"2026-01-02T10:00:01\"}",
        "select '[1]'::json as a, '{}'::jsonb as b, '<a/>'::xml as c |"
            + " {\"a\":[1],\"b\":{},\"c\":\"<a/>\"}",
        "select array[1, 2] as a, row(1) as b | {\"a\":[1,2],\"b\":{\"f1\":1}}",
        "select 'a' collate \"C\" as a | {\"a\":\"a\"}",
        "select n from q where false | null",
        "select n from q order by n desc | {\"n\":7}",
        "select n from q limit 1 offset 0 | {\"n\":7}",
        "select n from q union all select 9 order by 1 desc | {\"n\":9}",
        "values (1) | {\"column1\":1}",
        "table q | {\"n\":7}",
        "select | {}"
      })
  void answersTheSameAsAList(String query, String expected, DataSource source) {
    Plugins.run(
        source,
        "create table q (n int)",
        "create table c (n int)",
        "insert into q values (7)",
        "insert into c values (8)");
    for (Permissions permissions : List.of(Permissions.read().withSql(true), Permissions.all())) {
      try (PostgresPlugin plugin = plugin(permissions)) {
        for (int i = 0; i < OFTEN; i++) {
          ObjectNode one = plugin.execute(Plugins.ID, config, "queryOne", sql(query));
          ObjectNode list = plugin.execute(Plugins.ID, config, "query", sql(query));
          assertThat(one.path("data").toString()).as(one.toString()).isEqualTo(expected);
          assertThat(list.at("/data/rows/0").toString())
              .isEqualTo(expected.equals("null") ? "" : expected);
        }
      }
    }
  }

  /** The check runs after the owner's code, regardless of the clause that calls this code. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select ten.evil(1) as a",
        "select id from ten.orders order by ten.evil(id), id",
        "select id from ten.orders limit ten.evil(1)",
        "select id from ten.orders offset ten.evil(1) - 1",
        "select id from ten.orders group by id having ten.evil(id) > 0 order by id",
        "select sum(id) filter (where ten.evil(id) > 0) as a from ten.orders",
        "select first_value(id) over (order by ten.evil(id), id) as a from ten.orders",
        "select g from generate_series(1, ten.evil(1)) g",
        "select l.a from ten.orders o, lateral (select ten.evil(o.id) as a) l",
        "select id from ten.orders tablesample system (100 * ten.evil(1)) order by 1",
        "select exists (select ten.evil(id) from ten.orders) as a",
        "select array(select ten.evil(id) from ten.orders) as a",
        "select case when ten.evil(1) = 1 then 1 end as a",
        "select id from ten.orders union all select ten.evil(1)",
        "with recursive r(n) as (select 1 union all select n + ten.evil(1) from r where n < 3)"
            + " select n from r",
        "select query_to_xml('select ten.evil(1)', true, true, '')::text as a",
        "select (select word from ts_stat('select to_tsvector(ten.evil(1)::text)')) as a",
        "select 1::ten.checked as a",
        "select '{1}'::ten.checked[] as a",
        "select '(1)'::ten.pair as a",
        "select a from ten.lazy",
        "select a from ten.ruled",
        "select coalesce(null, ten.evil(1)) as a where ten.evil(2) = 1",
        "select id from ten.orders where id > all (select ten.evil(id) - 1 from ten.orders)",
        "select grouping(id) as a from ten.orders group by rollup (id) having ten.evil(1) = 1"
      })
  void checkComesAfterAllCode(String query) {
    asOwner(
        "create domain ten.checked as int check (ten.evil(value) > 0)",
        "create type ten.pair as (a ten.checked)",
        "create view ten.lazy as select ten.evil(id) as a from ten.orders",
        "create materialized view ten.ruled as select id as a from ten.orders",
        "create index on ten.ruled ((ten.evil(1)))",
        "grant all on all tables in schema ten to public");
    for (Permissions permissions : List.of(Permissions.read().withSql(true), Permissions.all())) {
      for (String effect :
          List.of(
              "perform pg_advisory_lock(4711)",
              "prepare left_over as select 1",
              "perform set_config('search_path', 'ten, public', false)",
              "listen channel",
              FORGE_QUERIES)) {
        asOwner(act("null", false));
        try (PostgresPlugin plugin = plugin(permissions)) {
          JsonNode expected = fingerprint(plugin);
          for (int i = 0; i < OFTEN; i++) {
            String operation = i % 2 == 0 ? "queryOne" : "query";
            if (i == OFTEN - 4) {
              asOwner(act(effect, false));
            }
            plugin.execute(Plugins.ID, config, operation, sql(query));
            if (i >= OFTEN - 4) {
              assertThat(fingerprint(plugin)).as("%s by %s", effect, query).isEqualTo(expected);
            }
          }
        }
      }
    }
  }

  /** The cached type of a parameter may have been dropped. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void typesMayBeMadeAnew(boolean readOnly) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    asOwner(
        "create type ten.mood as enum ('good')",
        "create table ten.moods (m ten.mood, id int)",
        "insert into ten.moods values ('good', 1)",
        "grant all on ten.moods to public");
    String query = "queryOne {'sql': 'select id from ten.moods where m = $1', 'params': ['good']}";
    try (PostgresPlugin plugin = plugin(permissions)) {
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < OFTEN; i++) {
          ObjectNode answer = call(plugin, query);
          assertThat(answer.path("data").toString()).as(answer.toString()).isEqualTo("{\"id\":1}");
        }
        asOwner(
            "alter table ten.moods alter m type text",
            "drop type ten.mood",
            "create type ten.mood as enum ('good', 'bad')",
            "alter table ten.moods alter m type ten.mood using m::ten.mood");
      }
    }
  }

  /** Transactions by id leave no effects in the session, whether or not they are committed. */
  @ParameterizedTest
  @CsvSource({"false, commit", "false, rollback", "true, commit", "true, rollback"})
  void transactionsLeaveNothing(boolean readOnly, String end) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    try (PostgresPlugin plugin = plugin(permissions)) {
      JsonNode expected = fingerprint(plugin);
      asOwner(INDEX);
      for (String effect : EFFECTS.subList(0, EFFECTS.size() - 2)) {
        // effects that are committed on a read-write connection remain
        if (effect.contains("insert") || effect.contains("lo_create")) {
          continue;
        }
        asOwner(act(effect, false), "drop index ten.evil", INDEX);
        ObjectNode id = Plugins.JSON.createObjectNode();
        id.set(
            "transactionId",
            plugin.execute(Plugins.ID, config, "beginTransaction", null).at("/data/transactionId"));
        for (String query : QUERIES) {
          int space = query.indexOf(' ');
          ObjectNode parameters = (ObjectNode) json(query.substring(space + 1));
          plugin.execute(
              Plugins.ID, config, query.substring(0, space), parameters.setAll(id.deepCopy()));
        }
        plugin.execute(Plugins.ID, config, end, id);
        assertThat(fingerprint(plugin)).as(effect).isEqualTo(expected);
      }
    }
  }
}
