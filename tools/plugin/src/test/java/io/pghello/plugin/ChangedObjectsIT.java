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
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/**
 * The owner of a table changes it after queries on it were found to have no side effects. The next
 * caller must still get a session in its state after login. Two callers share the only connection
 * of a pool.
 */
@PgHelloTest(create = false)
class ChangedObjectsIT {
  private static final int OFTEN = 7;
  private static final String FIND = "find {'table': 'ten.orders'}";
  // the text that is sent for this query includes the check for effects
  private static final String FIND_ONE = "findOne {'table': 'ten.orders'}";

  /** Effects that the owner's code tries to leave in a session. */
  private static final String[] EFFECTS = {
    "perform set_config('search_path', 'ten, public', false)",
    "set session role ten_reader",
    "perform set_config('row_security', 'off', false)",
    "perform pg_advisory_lock(4711)",
    "perform pg_advisory_lock_shared(4711, 1)",
    "prepare left_over as select 1",
    "listen channel",
    "execute 'declare kept cursor with hold for select 1'",
    "create temporary table users (name text)",
    "perform setseed(0.5)",
    "perform nextval('ten.numbers')",
    "deallocate all"
  };

  /** Ways in which the owner lets the planner or the executor run the code. */
  private static final String INDEX = "create index on ten.orders ((ten.evil(1)))";

  private static final String PARTIAL = "create index on ten.orders (name) where id > ten.evil(1)";
  private static final String POLICY =
      "alter table ten.orders enable row level security;"
          + " create policy p on ten.orders using (ten.evil(id) > 0)";
  private static final String VIEW =
      "alter table ten.orders rename to orders_before;"
          + " create view ten.orders as select id, name from ten.orders_before"
          + " where ten.evil(id) > 0; grant all on ten.orders to public";
  private static final String CHECK =
      "alter table ten.orders add constraint c check (id >= ten.evil(1)) not valid;"
          + " alter table ten.orders validate constraint c";
  private static final String STATISTICS =
      "create statistics ten.s on (id + ten.evil(1)), name from ten.orders; analyze ten.orders";
  private static final String CHILD =
      "create table ten.child (check (id >= ten.evil(1))) inherits (ten.orders)";
  private static final String DOMAIN =
      "create domain ten.checked as int check (ten.evil(value) > 0);"
          + " alter table ten.orders alter id type ten.checked";

  private static final String FINGERPRINT =
      """
      select current_setting('search_path') as path, current_setting('row_security') as security,
        current_user, session_user,
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
    config = config(database).put("max", 1);
    String login = config.get("user").textValue();
    Plugins.run(
        superuser,
        "do $$ begin create role ten_owner; exception when duplicate_object then null; end $$",
        "do $$ begin create role ten_reader; exception when duplicate_object then null; end $$",
        "grant ten_reader to " + login,
        "create schema ten authorization ten_owner",
        "grant usage on schema ten to public",
        "set session authorization ten_owner",
        "create table ten.users (name text)",
        "create table ten.orders (id int, name text)",
        "insert into ten.orders values (1, 'one')",
        "create sequence ten.numbers",
        "grant all on all tables in schema ten to public",
        "grant all on all sequences in schema ten to public",
        effect("null"),
        "reset session authorization");
    Plugins.run(source, "create table users (name text)");
  }

  private static String effect(String effect) {
    // The planner only runs an immutable function, which may run no commands other than queries.
    // The function also runs when the owner's own statements are planned.
    return "create or replace function ten.act() returns void language plpgsql as $f$ begin "
        + effect
        + "; end $f$; create or replace function ten.evil(i int) returns int language plpgsql"
        + " immutable as $f$ begin if current_setting('application_name') = 'pg-hello-plugin' then"
        + " begin perform ten.act(); exception when others then null; end; end if; return 1; end $f$";
  }

  private void asOwner(String... statements) {
    var all = new ArrayList<String>();
    all.add("set session authorization ten_owner");
    all.addAll(List.of(statements));
    Plugins.run(superuser, all.toArray(String[]::new));
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

  private static void requireSuccess(ObjectNode answer) {
    assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
  }

  /**
   * The callers cannot run SQL. The next caller's row must be written to the table on that caller's
   * search_path.
   */
  @ParameterizedTest
  @ValueSource(strings = {INDEX, PARTIAL, POLICY, VIEW, CHECK, STATISTICS, CHILD, DOMAIN})
  void nextCallerWritesToItsOwnTable(String change, DataSource source) {
    try (PostgresPlugin plugin = plugin(Permissions.write())) {
      for (int i = 0; i < OFTEN; i++) {
        requireSuccess(call(plugin, FIND));
      }
      asOwner(effect("perform set_config('search_path', 'ten, public', false)"), change);
      requireSuccess(call(plugin, FIND));
      requireSuccess(call(plugin, "insert {'table': 'users', 'data': {'name': 'TOP-SECRET'}}"));
    }
    assertThat(Plugins.value(superuser, "select count(*) from ten.users")).isEqualTo("0");
    assertThat(Plugins.value(source, "select count(*) from public.users")).isEqualTo("1");
  }

  static Stream<Arguments> effects() {
    return Stream.of(EFFECTS)
        .flatMap(
            effect ->
                Stream.of(INDEX, VIEW)
                    .flatMap(
                        change ->
                            Stream.of(false, true)
                                .map(readOnly -> Arguments.of(effect, change, readOnly))));
  }

  @ParameterizedTest
  @MethodSource("effects")
  void leavesNoEffectsForNextCaller(String effect, String change, boolean readOnly) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    try (PostgresPlugin plugin = plugin(permissions)) {
      JsonNode expected = fingerprint(plugin);
      List<String> calls = List.of(FIND, FIND_ONE);
      for (int i = 0; i < OFTEN; i++) {
        calls.forEach(call -> requireSuccess(call(plugin, call)));
      }
      asOwner(effect(effect), change);
      for (int i = 0; i < OFTEN; i++) {
        for (String call : calls) {
          requireSuccess(call(plugin, call));
          assertThat(fingerprint(plugin)).as("after run %s of %s", i, call).isEqualTo(expected);
        }
      }
    }
  }

  /** A query that fails or is cancelled leaves no effects either, not even behind a pooler. */
  @ParameterizedTest
  @CsvSource({
    "false, raise, true",
    "true, raise, true",
    "false, sleep, true",
    "true, sleep, true",
    "false, none, false",
    "true, none, false"
  })
  void failedQueriesLeaveNoEffects(boolean readOnly, String end, boolean prepared) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    config.putObject("options").put("preparedStatements", prepared);
    try (PostgresPlugin plugin = plugin(permissions)) {
      JsonNode expected = fingerprint(plugin);
      for (int i = 0; i < OFTEN; i++) {
        requireSuccess(call(plugin, FIND));
      }
      asOwner(
          "create function ten.fails() returns int language plpgsql as $f$ begin"
              + " perform set_config('search_path', 'ten, public', false);"
              + " perform pg_advisory_lock(4711); prepare left_over as select 1; listen channel;"
              + (end.equals("raise") ? " raise exception 'no';" : "")
              + (end.equals("sleep") ? " perform pg_sleep(60);" : "")
              + " return 1; end $f$",
          VIEW.replace("ten.evil(id)", "ten.fails()"));
      for (int i = 0; i < 3; i++) {
        ObjectNode answer =
            call(plugin, FIND.replace("}", end.equals("sleep") ? ", 'timeout': 1000}" : "}"));
        assertThat(answer.get("success").booleanValue())
            .as(answer.toString())
            .isEqualTo(end.equals("none"));
        assertThat(fingerprint(plugin)).as("after run %s", i).isEqualTo(expected);
      }
    }
  }

  /** A name with escapes could be any function, so a lost call may have written. */
  @Test
  void queriesThatNameTheSessionMayWrite(DataSource source) {
    Plugins.run(
        source,
        "create function public.ends(i int) returns int language plpgsql as $f$ begin if i = 0 then"
            + " perform pg_terminate_backend(pg_backend_pid()); end if; return i; end $f$");
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      for (int i = OFTEN; i >= 0; i--) {
        ObjectNode answer =
            plugin.execute(
                Plugins.ID,
                config,
                "query",
                sql("select public.U&\"!0065nds\" uescape '!' ($1) as x", i));
        if (i > 0) {
          requireSuccess(answer);
        } else {
          assertThat(answer.at("/error/code").textValue())
              .as(answer.toString())
              .isEqualTo("POSTGRES_OUTCOME_UNKNOWN");
        }
      }
    }
  }

  /** A value that fits only the new type of a column is accepted, and so is the next one. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          int | bigint | 1 | 3000000000
          smallint | int | 1 | 40000
          int[] | jsonb | [1] | [1,2]
          date | text | "2026-01-01" | "2026-13-01"
          timestamp | text | "2026-01-01T00:00" | "tomorrow's"
          """)
  void columnsCanGetAnotherType(
      String before, String after, String value, String later, DataSource source) throws Exception {
    String stored =
        (later.startsWith("\"") ? later.substring(1, later.length() - 1) : later)
            .replace("'", "''");
    for (boolean readOnly : new boolean[] {false, true}) {
      Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
      Plugins.run(source, "drop table if exists c", "create table c (a " + before + ")");
      Plugins.run(source, "grant all on c to public");
      try (PostgresPlugin plugin = plugin(permissions)) {
        for (String call :
            List.of(
                "query {\"sql\": \"select 1 as n from c where a = $1\", \"params\": [§]}",
                "find {\"table\": \"c\", \"where\": {\"a\": {\"eq\": §}}}")) {
          Plugins.run(
              source,
              "drop table c",
              "create table c (a " + before + ")",
              "grant all on c to public");
          int space = call.indexOf(' ');
          String operation = call.substring(0, space);
          for (int i = 0; i < 2 * OFTEN; i++) {
            ObjectNode answer =
                plugin.execute(
                    Plugins.ID,
                    config,
                    operation,
                    Plugins.JSON.readTree(call.substring(space).replace("§", value)));
            requireSuccess(answer);
          }
          Plugins.run(
              source,
              "drop table c",
              "create table c (a " + after + ")",
              "insert into c values ('" + stored + "')",
              "grant all on c to public");
          for (int i = 0; i < 2; i++) {
            ObjectNode answer =
                plugin.execute(
                    Plugins.ID,
                    config,
                    operation,
                    Plugins.JSON.readTree(call.substring(space).replace("§", later)));
            requireSuccess(answer);
            assertThat(answer.at("/data/rowCount").intValue()).as(answer.toString()).isEqualTo(1);
          }
        }
      }
    }
  }

  /** Queries that are rolled back handle parameters like other queries, prepared or not. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void bindsParametersIdentically(boolean readOnly) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    String many =
        IntStream.rangeClosed(1, 60)
            .mapToObj(i -> "$" + i + "::int")
            .collect(Collectors.joining("+"));
    try (PostgresPlugin plugin = plugin(permissions)) {
      PostgresConnection connection = plugin.connect(Plugins.ID, config);
      for (int i = 1; i <= 2 * OFTEN; i++) {
        assertThat(connection.queryValue("select cardinality($1::text[]) as a", List.of("x", "y")))
            .hasToString("2");
        assertThat(connection.queryValue("select $1::jsonb as a", List.of("x", i)))
            .hasToString("[\"x\"," + i + "]");
        assertThat(
                connection.queryValue(
                    "select '{\"a\": 1}'::jsonb ? $1 and $2::text is null as a", "a", null))
            .hasToString("true");
        assertThat(connection.queryValue("select $2::int - $1 - $2 as a", i, 7))
            .hasToString(String.valueOf(-i));
        assertThat(
                connection.queryValue(
                    "select " + many + " as a", IntStream.rangeClosed(1, 60).boxed().toArray()))
            .hasToString("1830");
        assertThat(connection.query("select").rows()).hasToString("[{}]");
        assertThat(connection.query("select ';' as a, 'x' || $1 as b", "; select 1").rows())
            .hasToString("[{\"a\":\";\",\"b\":\"x; select 1\"}]");
      }
    }
  }

  /** The driver's prepared statement is replaced by another one with the same name. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void keepsDriverStatements(boolean readOnly) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    String query = "select count(*)::int as a, $1::text as b from public.users";
    try (PostgresPlugin plugin = plugin(permissions)) {
      for (int i = 0; i < OFTEN; i++) {
        requireSuccess(call(plugin, FIND));
        assertThat(
                plugin.execute(Plugins.ID, config, "query", sql(query, "x")).at("/data/rows/0/a"))
            .hasToString("0");
      }
      asOwner(
          effect(
              """
              declare one record; begin
                for one in select name from pg_prepared_statements where statement ~ 'public.users'
                loop
                  execute format('deallocate %I', one.name);
                  execute format('prepare %I (text) as select 666 as a, $1 as b', one.name);
                end loop;
              end"""),
          INDEX);
      for (int i = 0; i < OFTEN; i++) {
        requireSuccess(call(plugin, FIND));
        ObjectNode answer = plugin.execute(Plugins.ID, config, "query", sql(query, "x"));
        assertThat(answer.at("/data/rows/0/a")).as(answer.toString()).hasToString("0");
      }
    }
  }

  /**
   * Replaces only the statements that find and undo the effects, with statements that return the
   * expected results.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void checkCannotBeReplaced(boolean readOnly) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    try (PostgresPlugin plugin = plugin(permissions)) {
      JsonNode expected = fingerprint(plugin);
      for (int i = 0; i < 3 * OFTEN; i++) {
        requireSuccess(call(plugin, FIND));
      }
      asOwner(
          effect(
              """
              declare one record; begin
                perform pg_advisory_lock(4711);
                for one in select name, statement ~ 'setseed' as seeds from pg_prepared_statements
                  where statement ~ '^SELECT (pg_catalog.setseed|[(]pg_catalog.pg_prepared)'
                loop
                  execute format('deallocate %I', one.name);
                  execute format('prepare %I %s', one.name,
                    case when one.seeds then '(float8) as select null, null' else 'as select false' end);
                end loop;
              end"""),
          POLICY);
      for (int i = 0; i < OFTEN; i++) {
        call(plugin, FIND);
        assertThat(fingerprint(plugin)).as("after run %s", i).isEqualTo(expected);
      }
    }
  }

  /**
   * Replaces all of the driver's statements, including the ones that would detect the replacement.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "false | null, null, true",
        "true | null, null, true",
        "false | false",
        "true | false"
      })
  void cleanupStatementsCannotBeReplaced(boolean readOnly, String answer) {
    Permissions permissions = readOnly ? Permissions.read().withSql(true) : Permissions.all();
    try (PostgresPlugin plugin = plugin(permissions)) {
      JsonNode expected = fingerprint(plugin);
      for (int i = 0; i < 3 * OFTEN; i++) {
        requireSuccess(call(plugin, FIND));
      }
      asOwner(
          effect(
              """
              declare one record; begin
                perform set_config('search_path', 'ten, public', false);
                perform pg_advisory_lock(4711);
                for one in select name, parameter_types from pg_prepared_statements loop
                  execute format('deallocate %I', one.name);
                  if cardinality(one.parameter_types) = 1 then
                    execute format('prepare %I (float8) as select ANSWER', one.name);
                  else
                    execute format('prepare %I as select ANSWER', one.name);
                  end if;
                end loop;
                for i in 1..200 loop
                  begin
                    execute format('prepare %I (float8) as select ANSWER', 'S_' || i);
                  exception when others then null;
                  end;
                end loop;
              end"""
                  .replace("ANSWER", answer)),
          INDEX);
      for (int i = 0; i < OFTEN; i++) {
        // The call may fail, because the names of its statements are in use.
        call(plugin, FIND);
        assertThat(fingerprint(plugin)).as("after run %s", i).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {FIND, FIND_ONE})
  void reseedsRandomForNextCaller(String call) {
    String random = "select random()::text || random() as r";
    for (Permissions permissions : List.of(Permissions.read().withSql(true), Permissions.all())) {
      var drawn = new ArrayList<String>();
      asOwner(
          "drop policy if exists p on ten.orders",
          "alter table ten.orders disable row level security",
          effect("null"));
      try (PostgresPlugin plugin = plugin(permissions)) {
        for (int i = 0; i < OFTEN; i++) {
          requireSuccess(call(plugin, call));
        }
        asOwner(effect("perform setseed(0.25)"), POLICY);
        for (int i = 0; i < OFTEN; i++) {
          requireSuccess(call(plugin, call));
          drawn.add(
              plugin
                  .execute(Plugins.ID, config, "queryValue", sql(random))
                  .get("data")
                  .textValue());
        }
      }
      assertThat(drawn).doesNotHaveDuplicates();
    }
  }

  /**
   * The planner evaluates the partition keys of parents when it first needs them in a session, even
   * if no caller names these tables. Their effects count as effects of the query, and are not
   * undone.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void partitionKeysOfParentsCountAsEffects(boolean grandparent) throws Exception {
    asOwner(
        effect(
            "perform set_config('search_path', 'ten, public', false);"
                + " perform pg_notify('noise', 'heard')"),
        "insert into ten.users values ('planted')");
    Plugins.run(
        superuser,
        "do $$ begin execute format('alter database %I set constraint_exclusion = on',"
            + " current_database()); end $$");
    // Without a condition, there is nothing to exclude.
    String where = FIND.replace("}", ", 'where': {'id': {'lt': 5}}}");
    try (var listener = superuser.getConnection();
        PostgresPlugin plugin = plugin(Permissions.write())) {
      try (var statement = listener.createStatement()) {
        statement.execute("listen noise");
      }
      for (int i = 1; i <= OFTEN; i++) {
        // The fifth run queries the server for side effects.
        if (i >= 5) {
          String key = "partition by range ((id + ten.evil(1)))";
          asOwner(
              "create table ten.p%1$s (id int, name text) %2$s".formatted(i, key),
              grandparent
                  ? "create table ten.q%1$s partition of ten.p%1$s default partition by range (id)"
                      .formatted(i)
                  : "select 1",
              "alter table ten.%s%s attach partition ten.orders for values from (0) to (10)"
                  .formatted(grandparent ? "q" : "p", i));
        }
        requireSuccess(call(plugin, where));
        if (i >= 5) {
          int[] heard = {0};
          Waits.until(
              () -> {
                var known = listener.unwrap(PGConnection.class).getNotifications(10);
                heard[0] += known == null ? 0 : known.length;
                return heard[0] > 0;
              });
          asOwner(
              "alter table ten.%s%s detach partition ten.orders"
                  .formatted(grandparent ? "q" : "p", i));
        }
        assertThat(call(plugin, "find {'table': 'users'}").at("/data/rows")).isEmpty();
      }
    }
  }

  /**
   * A query that does not write takes one round trip. A query that writes is repeated, and writes.
   */
  @Test
  void repeatsQueryOnViewThatWrites() {
    asOwner(
        "create table ten.log (at timestamptz)",
        "grant all on ten.log to public",
        "create function ten.logs() returns int language plpgsql as"
            + " $$ begin insert into ten.log values (now()); return 1; end $$");
    try (PostgresPlugin plugin = plugin(Permissions.write())) {
      for (int i = 0; i < OFTEN; i++) {
        requireSuccess(call(plugin, FIND));
      }
      asOwner(VIEW.replace("ten.evil(id)", "ten.logs()"));
      for (int i = 1; i <= OFTEN; i++) {
        requireSuccess(call(plugin, FIND));
        assertThat(Plugins.value(superuser, "select count(*) from ten.log"))
            .isEqualTo(String.valueOf(i));
      }
    }
  }

  /**
   * Notifications of a function that is hidden in a query are delivered, however often the query
   * runs, because it is not rolled back.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "select notifies(1) as x | select 1",
        "select x from noisy | create view noisy as select notifies(1) as x",
        "select x from noisy | create table noisy as select 1 as x;"
            + " alter table noisy enable row level security, force row level security;"
            + " create policy p on noisy using (notifies(x) > 0)",
        "select table_to_xml('noisy', true, true, '')::text as x"
            + " | create view noisy as select notifies(1) as x",
        "select '1'::noisy::int as x | create domain noisy as int check (notifies(value) > 0)",
        "select ('loud'::noise)::int as x | create type noise as enum ('loud');"
            + " create function unwrap(n noise) returns int language plpgsql as"
            + " $$ begin return notifies(1); end $$;"
            + " create cast (noise as int) with function unwrap(noise)",
        "select 1 operator(public.@#) 2 as x"
            + " | create function pairs(a int, b int) returns int language plpgsql as"
            + " $$ begin return notifies(1); end $$;"
            + " create operator public.@# (leftarg = int, rightarg = int, function = pairs)"
      })
  void deliversHiddenNotifications(String query, String objects, DataSource source)
      throws Exception {
    Plugins.run(
        source,
        "create function notifies(i int) returns int language plpgsql as"
            + " $$ begin perform pg_notify('noise', 'heard'); return 1; end $$",
        objects);
    try (var listener = source.getConnection();
        PostgresPlugin plugin = plugin(Permissions.all())) {
      try (var statement = listener.createStatement()) {
        statement.execute("listen noise");
        for (int i = 0; i < OFTEN; i++) {
          requireSuccess(plugin.execute(Plugins.ID, config, "query", sql(query)));
          int[] heard = {0};
          Waits.until(
              () -> {
                var known = listener.unwrap(PGConnection.class).getNotifications(10);
                heard[0] += known == null ? 0 : known.length;
                return heard[0] > 0;
              });
        }
      }
    }
  }
}
