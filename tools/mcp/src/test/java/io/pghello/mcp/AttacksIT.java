// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import static io.pghello.mcp.Client.JSON;
import static io.pghello.mcp.Client.quoted;
import static io.pghello.mcp.Client.sql;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.Driver;
import org.postgresql.PGConnection;

/**
 * Attempts by an agent to write through a read-only connection with a role that can write. The
 * statements of each attempt are sent as single calls, as a list in one transaction, and as calls
 * in a transaction that is begun and committed by id.
 */
@PgHelloTest(create = false)
class AttacksIT {
  private static final String INSERT = "insert into e values (2)";

  /** Sequences of statements, in which later ones rely on effects of earlier ones. */
  private static final List<List<String>> ATTACKS =
      List.of(
          List.of(INSERT),
          List.of("commit; " + INSERT),
          List.of("COMMIT/**/;/**/" + INSERT + ";--"),
          List.of("commit", INSERT),
          List.of("rollback and chain", INSERT),
          List.of("end", "select writes()"),
          List.of("set transaction read write", "select writes()"),
          List.of("select set_config('transaction_read_only', 'off', true)", "select writes()"),
          List.of("select set_config('transaction_read_only', 'off', true), writes()"),
          List.of(
              "select set_config('default_transaction_read_only', 'off', false)",
              "select writes()"),
          List.of(
              "select set_config('session_replication_role', 'replica', false)", "select writes()"),
          List.of("select set_config('role', 'none', false)", "select writes()"),
          List.of("select set_config('search_path', 'evil, public', false)", "select writes()"),
          // The driver and the server would parse the next statement differently.
          List.of(
              "select set_config('standard_conforming_strings', 'off', true)",
              "select '\\', ') q; commit; insert into e values (2); select to_json(q.*) from (select 1 --'"),
          List.of(
              "select set_config('standard_conforming_strings', 'off', false)",
              "select '\\', ') q; commit; insert into e values (2); select to_json(q.*) from (select 1 --'"),
          List.of(
              "select set_config('client_encoding', 'SJIS', false)",
              "select '表'') q; commit; insert into e values (2); --'"),
          List.of("select set_config('client_encoding', 'SQL_ASCII', true)", INSERT),
          List.of(
              "select set_config('backslash_quote', 'on', false)",
              "select 'a\\'; " + INSERT + "; --'"),
          // prepared transactions and statements, cursors
          List.of("prepare transaction 'x'"),
          List.of("commit prepared 'x'"),
          List.of("prepare p as " + INSERT, "execute p"),
          List.of("select 1) q; prepare p as " + INSERT + "; select 1 from (select 1"),
          List.of("declare c cursor with hold for select writes()", "fetch all from c"),
          List.of("select cursor_to_xml('c', 1, true, true, '')"),
          List.of("do 'begin " + INSERT + "; end'"),
          List.of("call inserts()"),
          // functions that run SQL
          List.of("select writes()"),
          List.of("select writes_and_hides()"),
          List.of("select * from writes()"),
          List.of("select a from e order by writes()"),
          List.of("select a from e limit (select writes())"),
          List.of("select a from e where exists (select writes())"),
          List.of("select count(*) filter (where writes() > 0) from e"),
          List.of("select row_number() over (order by writes()) from e"),
          List.of("select coalesce(null, writes()), nullif(writes(), 1)"),
          List.of("select case when writes() > 0 then 1 end"),
          List.of("select array(select writes()), row(writes())"),
          List.of("select * from generate_series(1, writes())"),
          List.of("select * from lateral (select writes()) x"),
          List.of("select * from v"),
          List.of("table v"),
          List.of("values (writes())"),
          List.of("with recursive r as (select writes() union all select 1) select * from r"),
          List.of("with x as materialized (insert into e values (2) returning a) table x"),
          List.of("select query_to_xml('insert into e values (2) returning a', true, true, '')"),
          List.of("select query_to_xml_and_xmlschema('delete from e returning a', true, true, '')"),
          List.of("select query_to_xml('select writes()', true, true, '')"),
          List.of("select table_to_xml('v', true, true, '')"),
          List.of("select database_to_xml(true, true, '')"),
          List.of("select * from ts_stat('insert into e values (2) returning to_tsvector(''a'')')"),
          List.of("select * from ts_stat('select to_tsvector(writes()::text)')"),
          List.of(
              "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, (writes()::text)::tsquery')"),
          List.of("select xmlelement(name a, writes())"),
          List.of("select json_agg(writes())"),
          List.of("select format('%s', writes())"),
          List.of("select pg_sleep(writes())"),
          // sequences, large objects, files
          List.of("select nextval('s')"),
          List.of("select setval('s', 99)"),
          List.of("select setval('s', 99, true), lastval()"),
          List.of("select lo_create(4711)"),
          List.of("select lo_creat(-1)"),
          List.of("select lo_from_bytea(4711, 'x')"),
          List.of("select lo_put(1, 0, 'x')"),
          List.of("select lo_unlink(1)"),
          List.of("select lowrite(lo_open(1, 131072), 'x')"),
          List.of("select lo_truncate(lo_open(1, 131072), 0)"),
          List.of("select lo_import('/etc/hostname')"),
          List.of("copy e from program 'echo 2'"),
          List.of("copy (select 1) to program 'touch FILE'"),
          List.of("select pg_read_file('/etc/passwd')"),
          // settings, roles, other sessions
          List.of("alter system set work_mem = '1GB'"),
          List.of("alter role current_user set default_transaction_read_only = off"),
          List.of("alter database current set search_path = evil"),
          List.of("select pg_reload_conf()"),
          List.of("select pg_advisory_lock(1)"),
          List.of("select pg_advisory_lock_shared(1, 2), pg_try_advisory_lock(3)"),
          List.of("select pg_advisory_xact_lock(1)"),
          List.of("notify channel, 'x'"),
          List.of("select pg_notify('channel', 'x')"),
          List.of("listen channel"),
          List.of("lock table e in access exclusive mode"),
          List.of("select a from e for update"),
          List.of("select a from e for no key update skip locked"),
          List.of("select a from e for share"),
          List.of("select a into stolen from e"),
          List.of("select a into temp stolen from e"),
          List.of("create table stolen as select a from e"),
          List.of("truncate e"),
          List.of("refresh materialized view m"),
          List.of("security label on table e is 'x'"),
          List.of("comment on table e is 'x'"),
          List.of("analyze e"),
          List.of("reindex table e"),
          // Some parsers find one statement here, and others find two.
          List.of("select 1\u2028; " + INSERT),
          List.of("select 1 \uff1b " + INSERT),
          List.of("select \uff07a\uff07; " + INSERT),
          List.of("select 1 -- \u2029" + INSERT),
          List.of("select 1 -- \r; " + INSERT),
          List.of("select 1 -- \u0085; " + INSERT),
          List.of("select 1 /* /* */ ; " + INSERT + " -- */"),
          List.of("select U&'\\0027; " + INSERT + "; --'"),
          List.of("select U&\"\\0022\" ; " + INSERT),
          List.of("select E'\\\\'; " + INSERT + "; --'"),
          List.of("select e'\\''; " + INSERT + "; --'"),
          List.of("select 'a' \n '\\'; " + INSERT + "; --'"),
          List.of("select E'a' \n '\\'; " + INSERT + "; --'"),
          List.of("select n'\\'; " + INSERT + "; --'"),
          List.of("select B'1'; " + INSERT),
          List.of("select $a$ $b$ $a$; " + INSERT + "; --$b$"),
          List.of("select $é$ $é$; " + INSERT + "; --$é$"),
          List.of("select 1$a$; " + INSERT + "; --$a$"),
          List.of("select a$a$; " + INSERT + "; select a$a$"),
          List.of("select 1) q; " + INSERT + "; --"),
          List.of("select 1) q; " + INSERT + "; select 1 from (select 1"),
          List.of("select 1) q limit 1; " + INSERT + " --"),
          List.of("select 1\n) q; " + INSERT + "; select to_json(q.*)::text FROM (select 1"),
          List.of("select {fn now()}; " + INSERT),
          List.of("{call writes()}"),
          List.of("{? = call writes()}"),
          List.of("\ufeffinsert into e values (2)"),
          List.of("insert\u00a0into e values (2)"),
          List.of("select 1 where ''='' /*! ; " + INSERT + " */"),
          List.of(";;; ; " + INSERT),
          List.of("select 1;;;;" + INSERT));

  @TempDir private Path folder;

  @BeforeEach
  void createTables(DataSource source) throws SQLException {
    Waits.run(
        source,
        "create table e (a int)",
        "insert into e values (1)",
        "create sequence s",
        "create materialized view m as select 1 as a",
        "create function writes() returns int language plpgsql as"
            + " $$ begin insert into e values (2); return 1; end $$",
        "create function writes_and_hides() returns int language plpgsql as"
            + " $$ begin begin set transaction_read_only = off; exception when others then null; end;"
            + " begin set local transaction_read_only = off; exception when others then null; end;"
            + " begin insert into e values (2); exception when others then null; end; return 1; end $$",
        "create procedure inserts() language plpgsql as"
            + " $$ begin commit; insert into e values (2); commit; end $$",
        "create view v as select writes() as a",
        "create schema evil",
        "select lo_from_bytea(1, 'large')");
  }

  private static String state(DataSource superuser, Connection listener) throws SQLException {
    String state =
        Waits.value(
            superuser,
            "select json_build_array((select array_agg(a) from e), (select last_value from s),"
                + " (select is_called from s), (select array_agg(oid) from pg_largeobject_metadata),"
                + " (select array_agg(data) from pg_largeobject),"
                + " (select count(*) from pg_class), (select count(*) from pg_proc),"
                + " (select count(*) from pg_namespace where nspname !~ 'pg_(toast_)?temp'),"
                + " (select count(*) from pg_prepared_xacts), (select count(*) from pg_description),"
                + " (select count(*) from pg_db_role_setting), (select relacl from pg_class where"
                + " relname = 'e'), (select count(*) from pg_replication_slots),"
                + " (select count(*) from pg_locks where locktype = 'advisory'),"
                + " (select count(*) from pg_locks l join pg_class c on c.oid = l.relation where"
                + " relname = 'e'), (select setting from pg_settings where name = 'work_mem'),"
                + " (select count(*) from pg_file_settings where sourcefile like '%auto.conf'))");
    int notifications = listener.unwrap(PGConnection.class).getNotifications().length;
    return state + " " + notifications;
  }

  private void attackAll(DataSource superuser, Map<String, String> environment, String... arguments)
      throws SQLException {
    Path file = folder.resolve("attack");
    try (var client = new Client(environment, arguments);
        Connection listener = superuser.getConnection();
        Statement statements = listener.createStatement()) {
      statements.execute("listen channel");
      client.initialize();
      String before = state(superuser, listener);
      List<JsonNode> settings = settings(client);
      for (List<String> template : ATTACKS) {
        List<String> attack =
            template.stream().map(text -> text.replace("FILE", file.toString())).toList();
        for (String statement : attack) {
          for (String tool : List.of("query", "queryOne", "queryValue")) {
            client.call(tool, sql(statement));
          }
        }
        ObjectNode list = JSON.createObjectNode();
        ArrayNode operations = list.putArray("operations");
        attack.forEach(statement -> operations.add(sql(statement)));
        client.call("transaction", list);
        byId(client, attack);
        assertThat(settings(client)).as(attack.toString()).isEqualTo(settings);
        assertThat(state(superuser, listener)).as(attack.toString()).isEqualTo(before);
        assertThat(file).as(attack.toString()).doesNotExist();
      }
      assertThat(client.end().status()).isZero();
    }
  }

  private static void byId(Client client, List<String> attack) {
    ObjectNode id = JSON.createObjectNode();
    JsonNode begun = client.call("beginTransaction", JSON.createObjectNode());
    JsonNode transaction = begun.at("/data/transactionId");
    assertThat(transaction.isTextual()).as(begun.toString()).isTrue();
    id.set("transactionId", transaction);
    attack.forEach(statement -> client.call("query", sql(statement).setAll(id)));
    client.call("commit", id);
  }

  /**
   * Returns the current settings of both sessions of the pool, which were reset after the previous
   * calls. A transaction holds one session, so the query outside the transaction uses the other
   * one.
   */
  private static List<JsonNode> settings(Client client) {
    ObjectNode look =
        sql(
            "select md5(string_agg(name || '=' || setting, ',' order by name)) as settings,"
                + " current_user::text, session_user::text, (select count(*) from pg_cursors) as"
                + " cursors, (select count(*) from pg_listening_channels()) as channels,"
                + " (select count(*) from pg_prepared_statements where from_sql) as prepared from"
                + " pg_settings where name not like 'plpgsql.%'");
    JsonNode id = client.call("beginTransaction", JSON.createObjectNode()).at("/data");
    ObjectNode inTransaction = look.deepCopy();
    inTransaction.setAll((ObjectNode) id);
    List<JsonNode> answers =
        List.of(client.call("query", inTransaction), client.call("query", look));
    assertThat(client.call("commit", id).get("success").booleanValue()).isTrue();
    assertThat(answers).allMatch(answer -> answer.get("success").booleanValue());
    return answers.stream().map(answer -> answer.at("/data/rows/0")).toList();
  }

  @Test
  void writesNothing(TestDatabase database) throws Exception {
    ObjectNode config =
        Client.config(database).put("password", Client.environment(database).get("PGPASSWORD"));
    attackAll(database.superuserDataSource(), Map.of(), "--config", file(config, false).toString());
  }

  /** Writes a configuration with a pool of two sessions. */
  private Path file(ObjectNode config, boolean privileged) throws IOException {
    ObjectNode file = JSON.createObjectNode();
    file.withObject("/connections/all").set("config", config.put("max", 2));
    file.withObject("/connections/all/permissions").put("privileged", privileged);
    return Files.writeString(folder.resolve("config.json"), file.toString());
  }

  /** A superuser has all privileges, so only the transactions and parentheses protect the data. */
  @Test
  void writesNothingAsSuperuser(TestDatabase database) throws Exception {
    Path path = file(superuser(database), true);
    attackAll(database.superuserDataSource(), Map.of(), "--config", path.toString());
    try (var client = new Client(Map.of(), "--config", path.toString())) {
      assertThat(client.initialize().get("instructions").textValue())
          .contains("no rollback can undo");
      client
          .answer(client.request("tools/list", null))
          .at("/result/tools")
          .forEach(
              tool ->
                  assertThat(tool.get("description").textValue()).contains("no rollback can undo"));
    }
  }

  private static ObjectNode superuser(TestDatabase database) {
    Properties parts = Objects.requireNonNull(Driver.parseURL(database.superuserJdbcUrl(), null));
    return Client.config(database)
        .put("user", parts.getProperty("user"))
        .put("password", parts.getProperty("password"));
  }

  /** Writes by superuser functions in a read-only transaction are permanent. */
  @Test
  void rejectsSuperuserOnReadOnlyConnection(TestDatabase database) {
    var environment = new HashMap<>(Client.environment(database));
    environment.put("PGUSER", superuser(database).get("user").textValue());
    environment.put("PGPASSWORD", superuser(database).get("password").textValue());
    Path file = folder.resolve("exported");
    try (var client = new Client(environment)) {
      client.initialize();
      ObjectNode list = JSON.createObjectNode();
      list.putArray("operations")
          .add(sql("select lo_from_bytea(6667, 'text')"))
          .add(sql("select lo_export(6667, $1)", file.toString()));
      JsonNode answer = client.call("transaction", list);
      assertThat(answer.at("/error/code").textValue()).isEqualTo("POSTGRES_NOT_ALLOWED");
      assertThat(answer.at("/error/message").textValue()).contains("SUPERUSER");
      assertThat(file).doesNotExist();
      assertThat(client.end().err()).contains("CREATE ROLE agent LOGIN");
    }
  }

  /** Objects that other users created in the search_path do not affect the results of tools. */
  @Test
  void doesNotRunCodeOfOtherUsers(TestDatabase database) throws SQLException {
    String raises = " language plpgsql as $$ begin raise exception 'hijacked'; end $$";
    Waits.run(
        database.dataSource(),
        "create table users (id int, name varchar(9))",
        "insert into users values (1, 'ada')");
    Map<String, String> calls =
        Map.of(
            "query", "{'sql': 'select u.name from users u'}",
            "queryOne", "{'sql': 'select u.name from users u'}",
            "queryValue", "{'sql': 'select u.name from users u'}",
            "transaction", "{'operations': [{'sql': 'select u.name from users u'}]}",
            "find", "{'table': 'users', 'where': {'name': 'ada', 'id': {'in': [1]}}}",
            "findOne", "{'table': 'users', 'where': {'name': {'like': 'a%'}}}",
            "count", "{'table': 'users', 'where': {'name': {'gte': 'a'}}}",
            "listTables", "{}",
            "describeTable", "{'table': 'users'}",
            "ping", "{}");
    try (var client = new Client(Client.environment(database))) {
      client.initialize();
      var expected = new HashMap<String, JsonNode>();
      calls.forEach(
          (tool, call) -> expected.put(tool, client.call(tool, quoted(call)).get("data")));
      assertThat(expected.values()).doesNotContainNull();
      Waits.run(
          database.superuserDataSource(),
          "create function public.to_json(record) returns json" + raises,
          "create function public.json_build_object(name, name) returns json" + raises,
          "create function public.format_type(oid, oid) returns text" + raises,
          "create function public.obj_description(oid, text) returns text" + raises,
          "create function public.b(varchar, varchar) returns bool" + raises,
          "create function public.b(oid, oid) returns bool" + raises,
          "create function public.t(name, text) returns text" + raises,
          "create operator public.= (leftarg = varchar, rightarg = varchar, function = b)",
          "create operator public.>= (leftarg = varchar, rightarg = varchar, function = b)",
          "create operator public.~~ (leftarg = varchar, rightarg = varchar, function = b)",
          "create operator public.= (leftarg = oid, rightarg = oid, function = b)",
          "create operator public.|| (leftarg = name, rightarg = text, function = t)");
      calls.forEach(
          (tool, call) ->
              assertThat(client.call(tool, quoted(call)).get("data"))
                  .as(tool)
                  .isEqualTo(expected.get(tool)));
    }
  }
}
