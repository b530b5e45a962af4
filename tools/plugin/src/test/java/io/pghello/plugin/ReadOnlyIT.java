// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.json;
import static io.pghello.plugin.Plugins.plugin;
import static io.pghello.plugin.Plugins.sql;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Attempts to write through a read-only connection. */
@PgHelloTest(create = false)
class ReadOnlyIT {
  private static final List<String> ATTACKS =
      List.of(
          "insert into e values (2)",
          "select 1; insert into e values (2)",
          "commit; insert into e values (2)",
          "commit; insert into e values (2); --",
          "select 1; commit; insert into e values (2)",
          "rollback; insert into e values (2)",
          "set transaction read write",
          "set session characteristics as transaction read write",
          "set default_transaction_read_only = off",
          "begin read write",
          "with x as (insert into e values (2) returning a) select * from x",
          "with x as (delete from e returning a) select * from x",
          "update e set a = 3 returning a",
          "delete from e returning a",
          "merge into e using (select 2 as b) s on false when not matched then insert values (2)",
          "select a into stolen from e",
          "select 1) q; insert into e values (2); --",
          "select 1) q, lateral (insert into e values (2) returning a",
          "select 1) q union all select to_json(z)::text from (select writes()",
          "select writes()",
          "select a, writes() from e",
          "select (select writes())",
          "values (writes())",
          "table e limit writes()",
          "select set_config('transaction_read_only', 'off', true), writes()",
          "select set_config('transaction_read_only', 'off', false)",
          "select set_config('default_transaction_read_only', 'off', false)",
          "select nextval('s')",
          "select setval('s', 99)",
          "select lo_create(4711)",
          "select lo_from_bytea(4711, 'x')",
          "select pg_notify('channel', 'x')",
          "create table f (a int)",
          "create temporary table f (a int)",
          "drop table e",
          "truncate e",
          "copy e from stdin",
          "copy (select 1) to program 'touch FILE'",
          "copy e to 'FILE'",
          "explain analyze insert into e values (2)",
          "explain (analyze) delete from e",
          "do $$ begin insert into e values (2); end $$",
          "call inserts()",
          "prepare p as insert into e values (2)",
          "execute p",
          "declare c cursor with hold for select writes()",
          "lock table e",
          "select a from e for update",
          "vacuum e",
          "listen channel",
          "refresh materialized view m",
          "grant all on e to public",
          "alter table e add b int",
          "create function g() returns int language sql as 'select 1'",
          "reset all",
          "discard all",
          "select 'a' -- \n; insert into e values (2)",
          "select $$ $$; insert into e values (2); select $$ $$",
          "select E'\\'; insert into e values (2); --'; insert into e values (2)",
          "/* /* */ insert into e values (2) */ insert into e values (2)",
          "select 1 as →$a$; insert into e values (2); select 1 as →$a$",
          "(insert into e values (2) returning a)",
          "select * from (insert into e values (2) returning a) z",
          "select query_to_xml('insert into e values (2) returning a', true, true, '')",
          "select query_to_xml('select writes()', true, true, '')",
          "select * from xpath_table('a', 'b', 'e', 'c', 'd') as t (x int)",
          "select definer_writes()",
          "select begins_to_write()",
          "select commits()",
          "select prepares()",
          "select a from writing_view",
          "select * from ts_stat('insert into e values (2) returning a::text::tsvector')",
          "select ts_rewrite('a'::tsquery, 'delete from e returning null::tsquery, null::tsquery')",
          "select query_to_xml('set transaction read write', true, true, '')",
          "select E'a''\\'') q; insert into e values (2); --'",
          "select E'a'\n'\\'') q; insert into e values (2); --'",
          "select\u000bE'\\'') q; insert into e values (2); --'",
          "select 1 -- \r) q; insert into e values (2); --",
          "select 1 /*/ ' */ ) q; insert into e values (2); --'",
          "select $→$ ' $→$) q; insert into e values (2); --'",
          "select 1$a$ ' $a$) q; insert into e values (2); --'",
          "prepare transaction 'x'",
          "commit prepared 'x'",
          "select lo_creat(-1)",
          "select lo_import('/etc/passwd')",
          "select lo_export(1, 'FILE')",
          "select pg_read_file('/etc/passwd')",
          "select pg_create_logical_replication_slot('x', 'test_decoding')",
          "select pg_logical_emit_message(true, 'a', 'b')",
          "select set_config('session_replication_role', 'replica', true)",
          "select set_config('role', 'postgres', true)",
          "select pg_reload_conf()",
          "copy e from program 'touch FILE'",
          "import foreign schema public from server s into public",
          "reindex table e",
          "analyze e",
          "checkpoint",
          "load 'dblink'",
          "create extension dblink",
          "alter system set work_mem = '1MB'",
          "notify channel");

  private final PostgresPlugin plugin = plugin(Permissions.read().withSql(true));
  private ObjectNode config = Plugins.JSON.createObjectNode();

  @BeforeEach
  void createTable(TestDatabase database, DataSource source) {
    config = config(database);
    Plugins.run(
        source,
        "create table e (a int)",
        "insert into e values (1)",
        "create sequence s",
        "create materialized view m as select 1 as a",
        "create function writes() returns int language plpgsql as"
            + " $$ begin insert into e values (2); return 1; end $$",
        "create procedure inserts() language sql as 'insert into e values (2)'",
        "create function definer_writes() returns int language plpgsql security definer as"
            + " $$ begin insert into e values (2); return 1; end $$",
        "create function begins_to_write() returns int language plpgsql as"
            + " $$ begin set transaction read write; insert into e values (2); return 1; end $$",
        "create function commits() returns int language plpgsql as"
            + " $$ begin commit; insert into e values (2); return 1; end $$",
        "create function prepares() returns int language plpgsql as"
            + " $$ begin execute 'prepare transaction ''x'''; return 1; end $$",
        "create view writing_view as select writes() as a");
  }

  @AfterEach
  void close() {
    plugin.close();
  }

  private String begin() {
    ObjectNode answer = run("beginTransaction", Plugins.JSON.createObjectNode());
    String id = answer.at("/data/transactionId").textValue();
    assertThat(id).as(answer.toString()).isNotNull();
    return id;
  }

  private ObjectNode run(String operation, ObjectNode parameters) {
    return plugin.execute(Plugins.ID, config, operation, parameters);
  }

  /**
   * Makes each attempt twice, because effects of the first attempt in the session could help the
   * second attempt.
   */
  @Test
  void rejectsAllWrites(@TempDir Path folder) {
    Path file = folder.resolve("attack");
    String before = state();
    for (String template : Stream.concat(ATTACKS.stream(), ATTACKS.stream()).toList()) {
      String attack = template.replace("FILE", file.toString());
      for (String operation : List.of("query", "queryOne", "queryValue", "execute")) {
        run(operation, sql(attack));
      }
      ObjectNode transaction = Plugins.JSON.createObjectNode();
      transaction.putArray("operations").add(sql(attack)).add(sql("select writes()"));
      run("transaction", transaction);
      String id = begin();
      run("query", sql(attack).put("transactionId", id));
      run("query", sql("select writes()").put("transactionId", id));
      run("commit", Plugins.JSON.createObjectNode().put("transactionId", id));
      // Repeat the attempt without a failing statement after it, so that the commit is not
      // rejected.
      String alone = begin();
      run("query", sql(attack).put("transactionId", alone));
      run("commit", Plugins.JSON.createObjectNode().put("transactionId", alone));
      assertThat(state()).as(attack).isEqualTo(before);
      assertThat(file).as(attack).doesNotExist();
    }
  }

  /**
   * With standard_conforming_strings off, a backslash escapes the quote after it, so that a string
   * literal becomes several statements.
   */
  @Test
  void stringsEndAsInTheParser() {
    String before = state();
    String off = "select set_config('standard_conforming_strings', 'off', %s)";
    if (query("select current_setting('server_version_num')::int >= 190000 as fixed")
        .contains("true")) {
      // always on since PostgreSQL 19
      assertThat(run("query", sql(off.formatted("true"))).get("success").booleanValue()).isFalse();
      return;
    }
    String split =
        "select '\\', ') q; commit; insert into e values (2); select to_json(q.*) from (select 1 --'";
    for (String local : List.of("true", "false")) {
      ObjectNode list = Plugins.JSON.createObjectNode();
      list.putArray("operations").add(sql(off.formatted(local))).add(sql(split));
      assertThat(run("transaction", list).at("/error/code").textValue())
          .isEqualTo("POSTGRES_NOT_ALLOWED");
      ObjectNode id = Plugins.JSON.createObjectNode();
      id.put("transactionId", begin());
      run("query", ((ObjectNode) sql(off.formatted(local)).setAll(id)));
      assertThat(run("query", ((ObjectNode) sql(split).setAll(id))).at("/error/code").textValue())
          .isEqualTo("POSTGRES_NOT_ALLOWED");
      run("commit", id);
      run("query", sql(off.formatted(local)));
      assertThat(run("query", sql(split)).get("success").booleanValue()).isFalse();
      assertThat(state()).isEqualTo(before);
    }
  }

  private String state() {
    return query(
        "select (select array_agg(a) from e) as rows, (select last_value from s) as last,"
            + " (select is_called from s) as called,"
            + " (select count(*) from pg_largeobject_metadata) as objects,"
            + " (select count(*) from pg_class) as classes, (select count(*) from pg_proc) as procs,"
            + " (select count(*) from pg_attribute) as attributes,"
            + " (select relacl from pg_class where relname = 'e') as acl");
  }

  private String query(String sql) {
    ObjectNode answer = run("query", sql(sql));
    assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
    return answer.at("/data/rows").toString();
  }

  @Test
  void leavesNothingInTheSession() {
    String settings =
        "select current_setting('search_path') as path, current_user, session_user,"
            + " current_setting('default_transaction_read_only') as read_only,"
            + " (select count(*) from pg_locks where locktype = 'advisory') as locks";
    String before = query(settings);
    run("query", sql("select set_config('search_path', 'evil', false)"));
    run("query", sql("select set_config('default_transaction_read_only', 'off', false)"));
    run("query", sql("select pg_advisory_lock(1), pg_advisory_lock_shared(2)"));
    run("queryValue", sql("select set_config('role', 'none', false)"));
    assertThat(query(settings)).isEqualTo(before);
  }

  @Test
  void rejectsByName() {
    assertThat(run("insert", Plugins.JSON.createObjectNode()).at("/error/message").textValue())
        .isEqualTo("The connection is read-only.");
    assertThat(run("query", sql("select writes()")).at("/error/code").textValue())
        .isEqualTo("POSTGRES_NOT_ALLOWED");
    assertThat(run("query", sql("insert into e values (2)")).at("/error/code").textValue())
        .isEqualTo("POSTGRES_BAD_SQL");
    assertThat(run("query", sql("commit; select 1")).at("/error/message").textValue())
        .startsWith("Found a second statement at index");
  }

  @Test
  void defaultsAreRestrictive() {
    try (PostgresPlugin closed = PostgresPlugin.initialize(PluginContext.defaults())) {
      for (PluginOperation operation : closed.operations()) {
        ObjectNode answer =
            closed.execute(Plugins.ID, config, operation.name(), json("{'table': 'e'}"));
        if (operation.writes() || operation.needsSql()) {
          assertThat(answer.at("/error/code").textValue())
              .as(operation.name())
              .isEqualTo("POSTGRES_NOT_ALLOWED");
        }
      }
      assertThat(closed.execute(Plugins.ID, config, "count", json("{'table': 'e'}")).get("data"))
          .hasToString("{\"count\":1}");
    }
  }

  @Test
  void restrictsTablesAndOperations(DataSource source) {
    Plugins.run(
        source, "create table secret (a int)", "create schema o", "create table o.e (a int)");
    Permissions permissions = Permissions.all().withSql(false).withTables("e");
    try (PostgresPlugin bounded = plugin(permissions)) {
      for (String name : List.of("secret", "o.e", "public.e", "E", "e ", "\"e\"")) {
        for (String operation : List.of("find", "count", "delete", "describeTable", "dropTable")) {
          ObjectNode parameters = Plugins.JSON.createObjectNode().put("table", name);
          if (operation.equals("delete")) {
            parameters.put("all", true);
          }
          assertThat(
                  bounded
                      .execute(Plugins.ID, config, operation, parameters)
                      .at("/error/code")
                      .textValue())
              .as("%s %s", operation, name)
              .isEqualTo("POSTGRES_NOT_ALLOWED");
        }
      }
      assertThat(
              bounded
                  .execute(
                      Plugins.ID,
                      config,
                      "alterTable",
                      json(
                          "{'table': 'e', 'alterations': [{'action': 'addColumn', 'name': 'b', 'type':"
                              + " 'int', 'references': {'table': 'secret'}}]}"))
                  .at("/error/code")
                  .textValue())
          .isEqualTo("POSTGRES_NOT_ALLOWED");
      assertThat(bounded.execute(Plugins.ID, config, "listTables", null).get("data"))
          .hasToString("[\"e\"]");
    }
    try (PostgresPlugin bounded = plugin(Permissions.all().withOperations("ping"))) {
      assertThat(bounded.execute(Plugins.ID, config, "ping", null).get("success").booleanValue())
          .isTrue();
      assertThat(
              bounded
                  .execute(Plugins.ID, config, "count", json("{'table': 'e'}"))
                  .at("/error/code")
                  .textValue())
          .isEqualTo("POSTGRES_NOT_ALLOWED");
    }
  }

  @Test
  void limitsRows() {
    try (PostgresPlugin bounded = plugin(Permissions.read().withSql(true).withMaxRows(3))) {
      ObjectNode query = sql("select g from generate_series(1, 1000000) g");
      assertThat(bounded.execute(Plugins.ID, config, "query", query).get("data"))
          .hasToString(
              "{\"rows\":[{\"g\":1},{\"g\":2},{\"g\":3}],\"rowCount\":3,\"truncated\":true}");
      query = sql("select g from generate_series(1, 3) g");
      assertThat(
              bounded
                  .execute(Plugins.ID, config, "query", query)
                  .at("/data/truncated")
                  .booleanValue())
          .isFalse();
    }
    ObjectNode large = run("query", sql("select repeat('x', 70000000)"));
    assertThat(large.at("/error/code").textValue()).isEqualTo("POSTGRES_LIMIT_REACHED");
    assertThat(query("select 1 as a")).isEqualTo("[{\"a\":1}]");
  }

  /** Each result is below the limit. Together they exceed the limit of a call. */
  @Test
  void limitsResultsOfAList() {
    ObjectNode list = Plugins.JSON.createObjectNode().put("timeout", 600_000);
    list.withArray("operations")
        .add(sql("select ('[' || repeat('[],', 5000000) || '0]')::json as a"))
        .add(sql("with d as (delete from e) select repeat('x', 30000000) as a"));
    try (PostgresPlugin writer = plugin(Permissions.all().withMaxTimeout(Duration.ofMinutes(10)))) {
      ObjectNode answer = writer.execute(Plugins.ID, config, "transaction", list);
      assertThat(answer.at("/error/code").textValue()).isEqualTo("POSTGRES_LIMIT_REACHED");
      list.withArray("operations").remove(1);
      answer = writer.execute(Plugins.ID, config, "transaction", list);
      assertThat(answer.get("success").booleanValue()).isTrue();
    }
  }

  private static final String SETTINGS =
      "select current_setting('search_path') as path, current_user, session_user,"
          + " current_setting('default_transaction_read_only') as read_only,"
          + " (select count(*) from pg_locks where locktype = 'advisory') as locks";

  @Test
  void commitByIdCommitsNothing(DataSource source) throws SQLException {
    config.put("max", 2);
    String before = query(SETTINGS);
    try (Connection listener = source.getConnection();
        Statement statement = listener.createStatement()) {
      statement.execute("listen channel");
      String id = begin();
      for (String sql :
          List.of(
              "select pg_notify('channel', 'from a reader')",
              "select \"set_config\"('search_path', 'evil', false)",
              "select set_config('default_transaction_read_only', 'off', false)",
              "select \"pg_advisory_lock\"(1)")) {
        ObjectNode answer = run("query", sql(sql).put("transactionId", id));
        assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
      }
      assertThat(
              run("commit", Plugins.JSON.createObjectNode().put("transactionId", id))
                  .get("success")
                  .booleanValue())
          .isTrue();
      Plugins.run(source, "select pg_notify('channel', 'end')");
      var received = new ArrayList<String>();
      PGConnection connection = listener.unwrap(PGConnection.class);
      while (!received.contains("end")) {
        for (PGNotification notification : connection.getNotifications(0)) {
          received.add(notification.getParameter());
        }
      }
      assertThat(received).containsExactly("end");
    }
    assertThat(query(SETTINGS)).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select \"set_config\"('search_path', 'evil', false)",
        "select \"pg_advisory_lock\"(1)",
        "select U&\"pg!005fadvisory_lock\" uescape '!' (1)",
        "select U&\"pg\\005fadvisory_lock\"(1)",
        "select query_to_xml('select pg_advisory_lock(1)', true, true, '')"
      })
  void leavesNothingThatNamesHide(String sql) {
    config.put("max", 1);
    String before = query(SETTINGS);
    ObjectNode answer = run("query", sql(sql));
    assertThat(query(SETTINGS)).as(answer.toString()).isEqualTo(before);
  }

  /**
   * Locks are released whether the SQL names the locking function or hides its name in a string.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select pg_advisory_lock(1)",
        "select query_to_xml('select pg_advisory_lock(1)', true, true, '')"
      })
  void releasesLocksBeforeTheResult(String sql, DataSource source) throws SQLException {
    try (Connection other = source.getConnection();
        Statement statement = other.createStatement()) {
      for (int i = 0; i < 20; i++) {
        assertThat(run("query", sql(sql)).get("success").booleanValue()).isTrue();
        try (ResultSet free =
            statement.executeQuery("select pg_try_advisory_lock(1), pg_advisory_unlock_all()")) {
          free.next();
          assertThat(free.getBoolean(1)).isTrue();
        }
      }
    }
  }

  @Test
  void roleCanLoseIrreversiblePowers(TestDatabase database) {
    String emit = "select pg_logical_emit_message(false, 'a', 'b')::text";
    assertThat(run("query", sql(emit)).get("success").booleanValue()).isTrue();
    Plugins.run(
        database.superuserDataSource(),
        "REVOKE EXECUTE ON FUNCTION pg_terminate_backend, pg_cancel_backend FROM PUBLIC",
        "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC",
        "do $$ declare f regprocedure; begin for f in select oid from pg_proc where proname ="
            + " 'pg_logical_emit_message' loop execute 'revoke execute on function ' || f ||"
            + " ' from public'; end loop; end $$");
    for (String refused :
        List.of(
            emit,
            "select pg_terminate_backend(pg_backend_pid())",
            "select pg_cancel_backend(pg_backend_pid())")) {
      assertThat(run("query", sql(refused)).at("/error/details/sqlState").textValue())
          .as(refused)
          .isEqualTo("42501");
    }
    plugin.disconnect(Plugins.ID);
    assertThat(query("select a from e")).isEqualTo("[{\"a\":1}]");
  }

  /** A dblink function uses a separate session, which the plugin's rollback does not affect. */
  @Test
  void dblinkWritesStayUnlessExecuteIsRevoked(TestDatabase database) {
    Plugins.run(database.superuserDataSource(), "create extension dblink");
    String self =
        "'host=%s port=%s dbname=%s user=%s password=%s'"
            .formatted(
                config.get("host").textValue(),
                config.get("port"),
                config.get("database").textValue(),
                config.get("user").textValue(),
                config.get("password").textValue());
    String exec = "select dblink_exec(" + self + ", 'insert into e values (2)')";
    String rows =
        "select * from dblink(" + self + ", 'insert into e values (3) returning a') as d (a int)";
    assertThat(query(exec)).isEqualTo("[{\"dblink_exec\":\"INSERT 0 1\"}]");
    assertThat(query(rows)).isEqualTo("[{\"a\":3}]");
    assertThat(query("select count(*) from e")).isEqualTo("[{\"count\":3}]");
    Plugins.run(
        database.superuserDataSource(),
        "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC");
    for (String attack : List.of(exec, rows)) {
      assertThat(run("query", sql(attack)).at("/error/details/sqlState").textValue())
          .isEqualTo("42501");
    }
    assertThat(query("select count(*) from e")).isEqualTo("[{\"count\":3}]");
  }

  /**
   * The transaction on the other server is read-write, so a function there can write. It is rolled
   * back together with the plugin's transaction.
   */
  @Test
  void rollsBackWritesOfForeignTables(TestDatabase database) {
    String user = config.get("user").textValue();
    Plugins.run(
        database.superuserDataSource(),
        "create extension postgres_fdw",
        "create server s foreign data wrapper postgres_fdw options (host '%s', port '%s', dbname '%s')"
            .formatted(
                config.get("host").textValue(),
                config.get("port"),
                config.get("database").textValue()),
        "create user mapping for %s server s options (user '%s', password '%s')"
            .formatted(user, user, config.get("password").textValue()),
        "grant usage on foreign server s to " + user);
    Plugins.run(
        database.dataSource(),
        // The search_path of the other session is pg_catalog.
        "create function writes_there() returns int language plpgsql as"
            + " $$ begin insert into public.e values (2); return 1; end $$",
        "create view writing_there as select writes_there() as a",
        "create foreign table far_e (a int) server s options (table_name 'e')",
        "create foreign table far_writing (a int) server s options (table_name 'writing_there')",
        "create function writes_far() returns int language plpgsql as"
            + " $$ begin insert into far_e values (2); return 1; end $$");
    String before = state();
    assertThat(query("select a from far_e")).isEqualTo("[{\"a\":1}]");
    assertThat(run("query", sql("select writes_far()")).at("/error/code").textValue())
        .isEqualTo("POSTGRES_NOT_ALLOWED");
    assertThat(query("select a from far_writing")).isEqualTo("[{\"a\":1}]");
    assertThat(state()).isEqualTo(before);
    ObjectNode id = Plugins.JSON.createObjectNode().put("transactionId", begin());
    ObjectNode answer = run("query", (ObjectNode) sql("select a from far_writing").setAll(id));
    assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
    assertThat(run("commit", id).get("success").booleanValue()).isTrue();
    assertThat(state()).isEqualTo(before);
  }

  /**
   * The plugin puts all statements in parentheses, so it also rejects statements that the server
   * would allow in a read-only transaction.
   */
  @Test
  void transactionsAcceptOnlyQueries() {
    for (String statement :
        List.of("explain select 1", "show work_mem", "notify channel", "do 'begin end'")) {
      ObjectNode several = Plugins.JSON.createObjectNode();
      several.putArray("operations").add(Plugins.sql(statement));
      ObjectNode answer = plugin.execute(Plugins.ID, config, "transaction", several);
      assertThat(answer.at("/error/code").textValue()).as(statement).isEqualTo("POSTGRES_BAD_SQL");
    }
  }
}
