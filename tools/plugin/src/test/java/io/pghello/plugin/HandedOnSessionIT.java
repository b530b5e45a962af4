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
import java.util.List;
import java.util.Random;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** After any call, the next caller gets a session in its state after login. */
@PgHelloTest(create = false)
class HandedOnSessionIT {
  private static final int DRAWS = 100;
  private static final int DRAWS_OF_A_LONG_TEST = 1_500;

  /** Effects that may remain in a session. */
  private static final List<String> EFFECTS =
      List.of(
          "set search_path = evil, public",
          "set timezone = 'Asia/Tokyo'",
          "set intervalstyle = 'sql_standard'",
          "set datestyle = 'German'",
          "set bytea_output = 'escape'",
          "set extra_float_digits = -5",
          "set default_transaction_read_only = on",
          "set default_transaction_isolation = 'serializable'",
          "set session characteristics as transaction read only",
          "set standard_conforming_strings = off",
          "set statement_timeout = 0",
          "set client_connection_check_interval = 0",
          "set idle_in_transaction_session_timeout = 0",
          "set lock_timeout = 1",
          "set work_mem = '64kB'",
          "set enable_seqscan = off",
          "set role colleague",
          "set client_min_messages = 'error'",
          "listen channel",
          "create temporary table users (a int)",
          "create temporary view tv as select 1 as a",
          "create temporary sequence ts",
          "select pg_advisory_lock(7)",
          "select pg_advisory_lock_shared(7, 8)",
          "select nextval('s')",
          "prepare p as select 1",
          "deallocate all",
          "declare c cursor with hold for select 1",
          "select set_config('search_path', 'evil', false)",
          "select lo_creat(-1)",
          "load 'plpgsql'",
          "reset all");

  /**
   * Ways in which a caller can cause an effect. 0 is replaced with the effect as a string, and 1
   * with the effect as SQL.
   */
  private static final List<String> WAYS =
      List.of(
          "execute {'sql': '1'}",
          "query {'sql': '1'}",
          "execute {'sql': 'select run($1)', 'params': ['0']}",
          "query {'sql': 'select run($1)', 'params': ['0']}",
          "queryOne {'sql': 'select run($1)', 'params': ['0']}",
          "queryValue {'sql': 'select query_to_xml($1, true, true, \\'\\')', 'params': ['0']}",
          "query {'sql': 'select run($1), 1 / (a - a) from t', 'params': ['0']}",
          "query {'sql': 'select u.a from t, effect_view u'}",
          "execute {'sql': 'do $d$ begin perform run($e$1$e$); end $d$'}",
          "execute {'sql': 'call calls($1)', 'params': ['0']}",
          "execute {'sql': 'update acts set effect = $1 where false', 'params': ['0']}",
          "execute {'sql': 'insert into acts values ($1) returning effect', 'params': ['0']}",
          "execute {'sql': 'with w as (insert into acts values ($1) returning 1) table w', 'params':"
              + " ['0']}",
          "transaction {'operations': [{'sql': 'select run($1)', 'params': ['0']}, {'sql': 'select"
              + " 1'}]}",
          "transaction {'operations': [{'sql': 'select run($1)', 'params': ['0']}, {'sql': 'select"
              + " 1/0'}]}",
          "insert {'table': 'acts', 'data': {'effect': '0'}}",
          "update {'table': 'acts', 'data': {'effect': '0'}, 'all': true}",
          "batchInsert {'table': 'acts', 'records': [{'effect': '0'}, {'effect': 'select 1'}]}",
          "find {'table': 'effect_view'}",
          "findOne {'table': 'effect_view', 'where': {'a': 1}}",
          "count {'table': 'effect_view', 'where': {'a': '1'}}",
          "update {'table': 'pg_settings', 'data': {'setting': 'evil'}, 'where': {'name':"
              + " 'search_path'}}",
          "update {'table': 'pg_catalog.pg_settings', 'data': {'setting': 'on'}, 'where': {'name':"
              + " 'default_transaction_read_only'}}");

  private static final String FINGERPRINT =
      """
      select (select json_object_agg(name, setting order by name) from pg_settings
          where name not like 'plpgsql.%'),
        (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory')
          as locks,
        (select count(*) from pg_class where relnamespace = pg_my_temp_schema()) as temporary,
        current_user, session_user, last_value_here(),
        (select count(*) from pg_listening_channels()) as channels,
        (select count(*) from pg_cursors where name <> '') as cursors,
        (select count(*) from pg_prepared_statements where from_sql) as prepared,
        (select count(*) from users) as users
      """;

  private ObjectNode config = Plugins.JSON.createObjectNode();

  @BeforeEach
  void createThings(TestDatabase database, DataSource source) {
    config = config(database).put("max", 2);
    Plugins.run(
        database.superuserDataSource(),
        "do $$ begin create role colleague; exception when duplicate_object then null; end $$",
        "grant colleague to " + config.get("user").textValue());
    Plugins.run(
        source,
        "create schema evil",
        "create table evil.users (a int)",
        "create table users (a int)",
        "insert into users values (1), (2)",
        "create table t (a int)",
        "insert into t values (1)",
        "create sequence s",
        "grant usage on sequence s to public",
        "create table acts (effect text)",
        "create table current_effect (effect text)",
        "insert into current_effect values ('select 1')",
        "grant all on acts, t, current_effect to public",
        "create function run(effect text) returns int language plpgsql as"
            + " $$ begin execute effect; return 1; end $$",
        "create procedure calls(effect text) language plpgsql as"
            + " $$ begin execute effect; commit; end $$",
        "create view effect_view as select run(effect) as a from current_effect",
        "create function acts() returns trigger language plpgsql as"
            + " $$ begin execute new.effect; return new; end $$",
        "create trigger acts before insert or update on acts for each row execute function acts()",
        "insert into acts values ('select 1')",
        "create function last_value_here() returns bigint language plpgsql as"
            + " $$ begin return lastval(); exception when others then return -1; end $$");
  }

  private List<String> fingerprint(PostgresPlugin plugin) {
    ObjectNode answer = plugin.execute(Plugins.ID, config, "query", sql(FINGERPRINT));
    assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
    var members = new ArrayList<String>();
    JsonNode row = answer.at("/data/rows/0");
    row.properties().forEach(one -> members.add(one.toString()));
    members.remove(0);
    row.get("json_object_agg").properties().forEach(one -> members.add(one.toString()));
    return members;
  }

  private static void runOne(PostgresPlugin plugin, ObjectNode config, String way, String effect) {
    int space = way.indexOf(' ');
    String quoted = effect.replace("'", "\\u0027");
    String text =
        way.substring(space + 1)
            .replace("'0'", "'" + quoted + "'")
            .replace("'1'}", "'" + quoted + "'}")
            .replace("$e$1$e$", "$e$" + quoted + "$e$");
    var unused = plugin.execute(Plugins.ID, config, way.substring(0, space), json(text));
  }

  private void byId(PostgresPlugin plugin, String effect, boolean commit) {
    ObjectNode id = Plugins.JSON.createObjectNode();
    id.set(
        "transactionId",
        plugin.execute(Plugins.ID, config, "beginTransaction", null).at("/data/transactionId"));
    plugin.execute(
        Plugins.ID, config, "query", sql("select run($1)", effect).setAll(id.deepCopy()));
    plugin.execute(Plugins.ID, config, commit ? "commit" : "rollback", id);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void nextCallerGetsLoginSession(boolean readOnly, DataSource source) {
    // Use the same random numbers in each run. The long test uses new ones.
    nextCallerGetsLoginSession(readOnly, source, 26, DRAWS);
  }

  @Tag("long")
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void nextCallerGetsLoginSessionAfterRandomEffects(boolean readOnly, DataSource source) {
    nextCallerGetsLoginSession(readOnly, source, System.nanoTime(), DRAWS_OF_A_LONG_TEST);
  }

  private void nextCallerGetsLoginSession(
      boolean readOnly, DataSource source, long seed, int draws) {
    var random = new Random(seed);
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    List<String> expected;
    try (PostgresPlugin fresh = plugin(permissions)) {
      expected = fingerprint(fresh);
    }
    try (PostgresPlugin plugin = plugin(permissions)) {
      for (int draw = 0; draw < draws; draw++) {
        String effect = EFFECTS.get(random.nextInt(EFFECTS.size()));
        Plugins.run(source, "update current_effect set effect = $e$" + effect + "$e$");
        int way = random.nextInt(WAYS.size() + 2);
        String what =
            way < WAYS.size() ? WAYS.get(way) : way == WAYS.size() ? "commit" : "rollback";
        // Some draws run often enough for the optimizations of frequent statements.
        int runs = random.nextInt(4) == 0 ? 7 : 1;
        for (int i = 0; i < runs; i++) {
          if (way < WAYS.size()) {
            runOne(plugin, config, what, effect);
          } else {
            byId(plugin, effect, way == WAYS.size());
          }
        }
        List<String> found = fingerprint(plugin);
        found.removeAll(expected);
        assertThat(found).as("seed %s, draw %s: %s by %s", seed, draw, effect, what).isEmpty();
      }
    }
  }

  /** A caller without SQL cannot redirect the next caller's rows. */
  @Test
  void settingsDoNotRedirectTables(DataSource source) {
    try (PostgresPlugin plugin = plugin(Permissions.write())) {
      plugin.execute(
          Plugins.ID,
          config,
          "update",
          json(
              "{'table': 'pg_settings', 'data': {'setting': 'evil'}, 'where': {'name':"
                  + " 'search_path'}}"));
      plugin.execute(Plugins.ID, config, "insert", json("{'table': 'users', 'data': {'a': 3}}"));
      assertThat(
              plugin
                  .execute(Plugins.ID, config, "count", json("{'table': 'users'}"))
                  .at("/data/count")
                  .intValue())
          .isEqualTo(3);
    }
  }

  /** Causes each effect in a hidden way, because the random test may miss one. */
  @Test
  void resetsEachEffect() {
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      config.put("max", 1);
      List<String> expected = fingerprint(plugin);
      for (String effect : EFFECTS) {
        runOne(plugin, config, "execute {'sql': 'select run($1)', 'params': ['0']}", effect);
        assertThat(fingerprint(plugin)).as(effect).isEqualTo(expected);
      }
    }
  }

  /** A reset does not undo all effects of such statements, so the plugin closes their session. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select set_config('app.user', 'x', false)",
        "select pg_advisory_lock(4711) is null",
        "select pg_catalog.\"set_config\"('app.user', 'x', false)",
        "select count(*) from pg_temp.missing",
        "do 'begin set app.user = x; end'"
      })
  void sessionEndsIfAStatementNamesIt(String statement) {
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      config.put("max", 1);
      ObjectNode pid = sql("select pg_backend_pid() as pid");
      JsonNode before = plugin.execute(Plugins.ID, config, "queryValue", pid).get("data");
      plugin.execute(Plugins.ID, config, "execute", sql(statement));
      JsonNode after = plugin.execute(Plugins.ID, config, "queryValue", pid).get("data");
      assertThat(after).isNotEqualTo(before);
      ObjectNode setting = sql("select current_setting('app.user', true) as user");
      assertThat(plugin.execute(Plugins.ID, config, "queryValue", setting).get("data").isNull())
          .isTrue();
    }
  }

  /** An operator hides the function that it calls, even a built-in one. */
  @Test
  void recognizesOperatorFunctionsThatKeepTheSession(DataSource source) {
    Plugins.run(
        source,
        "create operator public.+! (leftarg = int, rightarg = int,"
            + " function = pg_catalog.pg_try_advisory_lock)");
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      config.put("max", 1);
      List<String> expected = fingerprint(plugin);
      for (int run = 1; run <= 7; run++) {
        ObjectNode answer =
            plugin.execute(Plugins.ID, config, "query", sql("select 1 operator(public.+!) 2 as x"));
        assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
        assertThat(fingerprint(plugin)).as("after run %s", run).isEqualTo(expected);
      }
    }
  }

  /**
   * Code that the planner evaluates for a table can change a session, like code called by a query.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select x from public.stats where x = 1 and y = 1",
        "select x from public.parent where x = 1",
        "select x from public.parts where x = 1",
        "select x from public.keys where x = 1",
        "select x from public.indexed where x = 1",
        "select x from public.\"a\"\"b\"",
        "select public.\"c\"\"d\"() as x",
        "select x from public.chained where x = 1",
        "select public.steady() as x",
        "select x from public.secured where x = 1"
      })
  void recognizesFrequentQueriesThatKeepTheSession(String query, DataSource source) {
    Plugins.run(
        source,
        "create function changes() returns int language plpgsql immutable as"
            + " $$ begin if current_setting('application_name') = 'pg-hello-plugin'"
            + " then perform set_config('search_path', 'evil', false); end if; return 1; end $$",
        "create table stats (x int, y int)",
        "create statistics mixed on (x + changes()), y from stats",
        "create table parent (x int)",
        "create table child (check (x >= changes())) inherits (parent)",
        "create table parts (x int) partition by range (x)",
        "create table part (x int check (x >= changes()))",
        "alter table parts attach partition part for values from (0) to (10)",
        "create table keys (x int) partition by range ((x + changes()))",
        "create table key partition of keys for values from (0) to (10)",
        "create table indexed (x int) partition by range (x)",
        "create table index_one partition of indexed for values from (0) to (10)",
        "create index on index_one ((x + changes()))",
        "create view \"a\"\"b\" as select changes() as x",
        "create function public.\"c\"\"d\"() returns int language plpgsql as"
            + " $$ begin return public.changes(); end $$",
        // This function does not call changes(), because the result of changes() would become part
        // of its plan.
        "create function public.steady() returns int language plpgsql stable as"
            + " $$ begin perform set_config('search_path', 'evil', false); return 1; end $$",
        "create table secured (x int)",
        "alter table secured enable row level security, force row level security",
        "create policy mine on secured using (x >= changes())",
        "create table chained (x int) partition by range (x)",
        "create table link partition of chained for values from (0) to (10) partition by range (x)",
        "create table end_one partition of link for values from (0) to (10)",
        "alter table end_one add check (x >= changes())");
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      config.put("max", 1);
      List<String> expected = fingerprint(plugin);
      for (int i = 0; i < 6; i++) {
        // A changed table is planned again.
        Plugins.run(source, "analyze");
        ObjectNode answer = plugin.execute(Plugins.ID, config, "query", sql(query));
        assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
        assertThat(fingerprint(plugin)).as("after run %s", i + 1).isEqualTo(expected);
      }
    }
  }

  /** Anyone who knows the seed could predict random() for the next caller. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void nextCallersRandomNumbersAreUnpredictable(boolean readOnly) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    try (PostgresPlugin plugin = plugin(permissions)) {
      config.put("max", 1);
      for (String seeds :
          List.of(
              "select setseed(0.5) is null",
              "select query_to_xml('select setseed(0.5)', true, true, '') is null",
              "select run('set seed = 0.5')")) {
        var drawn = new ArrayList<String>();
        for (int i = 0; i < 2; i++) {
          plugin.execute(Plugins.ID, config, "queryValue", sql(seeds));
          ObjectNode next =
              plugin.execute(
                  Plugins.ID, config, "queryValue", sql("select random()::text || random()"));
          drawn.add(next.get("data").textValue());
        }
        assertThat(drawn).as(seeds).doesNotHaveDuplicates();
      }
    }
  }

  /**
   * A hidden DEALLOCATE removes the driver's prepared statements. The next call must not notice.
   */
  @Test
  void recoversFromHiddenDeallocate() {
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      config.put("max", 1);
      for (int i = 0; i < 8; i++) {
        ObjectNode answer =
            plugin.execute(Plugins.ID, config, "query", sql("select a + $1 as b from t", i));
        assertThat(answer.at("/data/rows/0/b").intValue()).as(answer.toString()).isEqualTo(i + 1);
        if (i == 6) {
          plugin.execute(Plugins.ID, config, "query", sql("select run($1)", "deallocate all"));
        }
      }
    }
  }

  /** A successful commit is reported as such, even if the session cannot be reset. */
  @ParameterizedTest
  @ValueSource(strings = {"execute", "transaction", "commit"})
  void reportsCommitAsDoneIfOnlyResetFails(String way, TestDatabase database, DataSource source)
      throws Exception {
    // Every reset calls this function, but a login does not.
    Plugins.run(
        database.superuserDataSource(),
        "revoke execute on function pg_catalog.pg_advisory_unlock_all() from public");
    ObjectNode insert = sql("insert into t values (2) returning pg_backend_pid() as pid");
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      config.put("max", 2);
      ObjectNode answer;
      if (way.equals("execute")) {
        answer = plugin.execute(Plugins.ID, config, "execute", insert);
      } else if (way.equals("transaction")) {
        ObjectNode several = Plugins.JSON.createObjectNode();
        several.putArray("operations").add(insert);
        answer = plugin.execute(Plugins.ID, config, "transaction", several);
      } else {
        ObjectNode id = Plugins.JSON.createObjectNode();
        id.set(
            "transactionId",
            plugin.execute(Plugins.ID, config, "beginTransaction", null).at("/data/transactionId"));
        plugin.execute(Plugins.ID, config, "execute", insert.setAll(id.deepCopy()));
        answer = plugin.execute(Plugins.ID, config, "commit", id);
      }
      assertThat(Plugins.value(source, "select count(*) from t where a = 2")).isEqualTo("1");
      assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
      Waits.until(
          () ->
              Plugins.value(
                      source,
                      "select count(*) from pg_stat_activity where application_name ="
                          + " 'pg-hello-plugin' and datname = current_database()")
                  .equals("0"));
    }
  }

  /** A failed commit is reported as such, and the session is reused. */
  @ParameterizedTest
  @ValueSource(strings = {"execute", "transaction"})
  void reportsFailedCommit(String way, DataSource source) {
    Plugins.run(
        source,
        "create table late (a int unique deferrable initially deferred)",
        "grant all on late to public");
    ObjectNode insert = sql("insert into late values (1), (1) returning a");
    ObjectNode several = Plugins.JSON.createObjectNode();
    several.putArray("operations").add(insert);
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      ObjectNode answer =
          plugin.execute(Plugins.ID, config, way, way.equals("execute") ? insert : several);
      assertThat(answer.at("/error/code").textValue())
          .as(answer.toString())
          .isEqualTo("POSTGRES_CONSTRAINT_VIOLATED");
      assertThat(Plugins.value(source, "select count(*) from late")).isEqualTo("0");
      assertThat(fingerprint(plugin)).isNotEmpty();
    }
  }
}
