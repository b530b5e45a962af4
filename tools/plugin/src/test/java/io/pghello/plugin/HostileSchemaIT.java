// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.json;
import static io.pghello.plugin.Plugins.plugin;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Objects that others create in a schema of the search_path are never used by the plugin's own SQL.
 * Each operation returns the same result as without these objects. Each of the functions raises an
 * error, and each of the relations is empty.
 */
@PgHelloTest
class HostileSchemaIT {
  private static final String RAISE =
      "begin raise exception 'hijacked' using errcode = 'HJ001'; end";

  /**
   * Same names and arguments as in pg_catalog, for a search_path in which pg_catalog comes later.
   */
  private static final String TWINS =
      """
      do $do$
      declare it record;
      begin
        create function evil.hit() returns int language plpgsql as $m$%1$s$m$;
        for it in select p.proname, pg_get_function_identity_arguments(p.oid) as args,
            p.proretset, format_type(p.prorettype, null) as result
            from pg_catalog.pg_proc p where pronamespace = 'pg_catalog'::regnamespace
            and prokind = 'f' loop
          begin
            execute format('create function evil.%%I(%%s) returns %%s %%s language plpgsql as %%L',
              it.proname, it.args, case when it.proretset then 'setof' else '' end, it.result,
              $m$%1$s$m$);
          exception when others then null;
          end;
        end loop;
        for it in select relname from pg_catalog.pg_class
            where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v') loop
          begin
            execute format('create table evil.%%I (like pg_catalog.%%I)', it.relname, it.relname);
          exception when others then null;
          end;
        end loop;
        execute 'create aggregate evil.count(*) (sfunc = evil.int8inc, stype = pg_catalog.int8)';
        execute 'create domain evil.text as pg_catalog.int4';
        execute 'create domain evil.name as pg_catalog.int4';
        execute 'create domain evil.json as pg_catalog.int4';
        execute 'create domain evil.int2 as pg_catalog.text';
        execute 'create domain evil.regclass as pg_catalog.text';
      end $do$
      """
          .formatted(RAISE);

  /** Functions and operators that match the arguments more closely than those in pg_catalog. */
  private static final String NEARER =
      """
      do $do$
      declare
        types text[] := '{text,name,varchar,bpchar,"char",oid,int2,int4,int8,regclass,bool,timestamptz,json,record}';
        one text; two text; op text; f text;
      begin
        foreach one in array types loop
          foreach f in array '{to_json,json_agg,json_build_object,format_type,obj_description,
              col_description,pg_get_expr,pg_get_constraintdef,pg_get_indexdef,unnest,to_regclass,
              pg_table_is_visible,has_schema_privilege,has_table_privilege,set_config,count,
              current_setting,now,json_object_agg,pg_advisory_unlock_all}'::text[] loop
            begin
              execute format('create function HERE.%I(%s) returns %s language plpgsql as %L', f,
                one, case when f like '%to_json' then 'json' else 'text' end, $m$BODY$m$);
            exception when others then null;
            end;
            begin
              execute format('create function HERE.%I(%s[]) returns setof text language plpgsql as %L',
                f, one, $m$BODY$m$);
            exception when others then null;
            end;
            foreach two in array types loop
              begin
                execute format('create function HERE.%I(%s, %s) returns text language plpgsql as %L',
                  f, one, two, $m$BODY$m$);
              exception when others then null;
              end;
            end loop;
          end loop;
          foreach two in array types loop
            begin
              execute format('create function HERE.raises(%s, %s) returns bool language plpgsql as %L',
                one, two, $m$BODY$m$);
              execute format('create function HERE.joins(%s, %s) returns text language plpgsql as %L',
                one, two, $m$BODY$m$);
            exception when others then null;
            end;
            foreach op in array '{=,<>,<,<=,>,>=,~~,~~*,!~~,~}'::text[] loop
              begin
                execute format('create operator HERE.%s (leftarg = %s, rightarg = %s, function = HERE.raises)',
                  op, one, two);
              exception when others then null;
              end;
            end loop;
            begin
              execute format('create operator HERE.|| (leftarg = %s, rightarg = %s, function = HERE.joins)',
                one, two);
            exception when others then null;
            end;
          end loop;
        end loop;
      end $do$
      """;

  private static final List<String> READS =
      List.of(
          "find {'table': 'users', 'where': {'name': 'ada'}, 'fields': ['id', 'name'],"
              + " 'orderBy': ['name', {'column': 'id', 'desc': true}], 'limit': 5, 'offset': 0}",
          "find {'table': 'users', 'where': {'id': {'gte': 1, 'lt': 3, 'ne': 9}}}",
          "find {'table': 'users', 'where': {'id': {'lte': 2, 'gt': 0}, 'name': {'like': 'a%'}}}",
          "find {'table': 'users', 'where': {'name': {'ilike': 'A%', 'ne': 'x'}}}",
          "find {'table': 'users', 'where': {'name': {'in': ['ada', 'bob']}, 'id': {'in': [1, 2]}}}",
          "find {'table': 'users', 'where': {'name': {'notIn': ['ada']}, 'mood': 'happy'}}",
          "find {'table': 'users', 'where': {'mood': {'in': ['happy', 'sad']}, 'tags': {'eq': ['a']}}}",
          "find {'table': 'users', 'where': {'tags': {'in': [['a'], ['b']]}}}",
          "find {'table': 'users', 'where': {'$not': {'$or': [{'name': 'x'}, {'small': 7}]}}}",
          "find {'table': 'users', 'where': {'code': {'eq': 'a', 'like': 'a%', 'in': ['a']}}}",
          "find {'table': 'users', 'where': {'moment': {'lt': '2030-01-01T00:00:00Z'}}}",
          "findOne {'table': 'users', 'where': {'name': 'ada'}}",
          "count {'table': 'users', 'where': {'name': 'ada'}}",
          "count {'table': 'users'}",
          "listTables {}",
          "describeTable {'table': 'users'}",
          "describeTable {'table': 'public.users'}",
          "ping {}",
          "query {'sql': 'select u.id, u.name, u.tags from public.users u'}",
          "query {'sql': 'select u.id, $1 as a from public.users u', 'params': [['a']]}",
          "query {'sql': 'values (1)'}",
          "queryOne {'sql': 'select u.mood from public.users u'}",
          "queryValue {'sql': 'table public.users'}",
          "transaction {'operations': [{'sql': 'select u.id from public.users u'}]}");

  private static final List<String> WRITES =
      List.of(
          "insert {'table': 'users', 'data': {'id': 3, 'name': 'cy', 'code': 'c', 'tags': ['c']}}",
          "update {'table': 'users', 'data': {'name': 'di'}, 'where': {'name': 'cy'}}",
          "update {'table': 'users', 'data': {'mood': 'sad'}, 'where': {'code': 'c'}}",
          "delete {'table': 'users', 'where': {'name': {'in': ['di', 'x']}}}",
          "execute {'sql': 'update public.users set small = 1'}",
          "execute {'sql': 'insert into public.users (id) values (9) returning id, name'}",
          "execute {'sql': 'with d as (delete from public.users u returning u.id) table d'}",
          "transaction {'operations': [{'sql': 'insert into public.users (id) values (8)'}]}",
          "createTable {'table': 'public.made', 'schema': {'columns': [{'name': 'id', 'type': 'bigserial',"
              + " 'primaryKey': true}, {'name': 'a', 'type': 'varchar(9)', 'default': 'now'},"
              + " {'name': 't', 'type': 'timestamp with time zone', 'default': {'fn': 'now'}},"
              + " {'name': 'u', 'type': 'char(36)', 'default': {'fn': 'gen_random_uuid'}},"
              + " {'name': 'm', 'type': 'bigint', 'default': {'fn': 'now_ms'}},"
              + " {'name': 'c', 'type': 'char(9)', 'comment': 'c'}], 'comment': 'it'}}",
          "alterTable {'table': 'public.made', 'alterations': [{'action': 'setType', 'name': 'c',"
              + " 'type': 'char(12)'}, {'action': 'setDefault', 'name': 'a', 'default': 'today'}]}",
          "describeTable {'table': 'public.made'}",
          "batchInsert {'table': 'public.made', 'records': [{'id': 5, 'a': 'x', 'm': 1, 't': '2020-01-01T00:00Z',"
              + " 'u': 'u'}]}",
          "batchInsert {'table': 'users', 'conflictStrategy': 'update', 'records': [{'id': 1,"
              + " 'name': 'ada', 'tags': ['z'], 'mood': 'sad'}]}",
          "find {'table': 'public.made', 'fields': ['id', 'a', 'm', 'u', 'c'], 'where': {'a': 'x'}}",
          "find {'table': 'users'}",
          "dropTable {'table': 'public.made'}");

  private static void create(TestDatabase database, DataSource source) {
    Plugins.run(
        database.superuserDataSource(),
        "create extension citext",
        "grant create on schema public to public");
    Plugins.run(
        source,
        "create type mood as enum ('sad', 'happy')",
        "create domain code as varchar(10)",
        "create table users (id int primary key, name varchar(20), mood mood default 'happy',"
            + " small smallint, tags text[], code code, nick citext,"
            + " moment timestamptz default '2020-01-01T00:00Z')",
        "insert into users values (1, 'ada', 'happy', 1, '{a}', 'a', 'Ada'),"
            + " (2, 'bob', 'sad', 2, '{b}', 'b', 'Bob')",
        "comment on table users is 'people'",
        "create index on users (name)");
  }

  private static void attack(TestDatabase database, String schema, String path) {
    DataSource superuser = database.superuserDataSource();
    String mallory = "mallory_" + database.name();
    Plugins.run(
        superuser,
        "create role " + mallory,
        "create schema evil authorization " + mallory,
        "grant usage on schema evil to public",
        "set session authorization " + mallory,
        NEARER.replace("HERE", schema).replace("BODY", RAISE),
        "reset session authorization");
    if (path.contains("pg_catalog")) {
      Plugins.run(
          superuser,
          "set session authorization " + mallory,
          TWINS,
          "create function evil.now_ms() returns bigint language plpgsql as $m$" + RAISE + "$m$");
    }
    Plugins.run(superuser, "alter database \"" + database.name() + "\" set search_path = " + path);
  }

  private static List<String> answers(TestDatabase database, Permissions permissions) {
    var answers = new ArrayList<String>();
    var calls = new ArrayList<String>(READS);
    if (!permissions.readOnly()) {
      calls.addAll(WRITES);
    }
    try (PostgresPlugin plugin = plugin(permissions)) {
      for (String call : calls) {
        int space = call.indexOf(' ');
        String operation = call.substring(0, space);
        ObjectNode parameters = (ObjectNode) json(call.substring(space + 1));
        int runs = permissions.readOnly() ? 6 : 1;
        for (int i = 0; i < runs; i++) {
          JsonNode answer = plugin.execute(Plugins.ID, config(database), operation, parameters);
          answers.add(
              call
                  + " -> "
                  + answer.path("data")
                  + answer.at("/error/code").asText("")
                  + answer.at("/error/details/sqlState").asText(""));
        }
      }
      Set<String> done = new HashSet<>();
      calls.forEach(call -> done.add(call.substring(0, call.indexOf(' '))));
      plugin.operations().stream()
          .filter(operation -> !(operation.writes() && permissions.readOnly()))
          .map(PluginOperation::name)
          .filter(
              name -> !Set.of("beginTransaction", "commit", "rollback", "getStats").contains(name))
          .forEach(name -> assertThat(done).contains(name));
    }
    return answers;
  }

  @ParameterizedTest
  @ValueSource(strings = {"public", "evil, public", "evil, pg_catalog, public"})
  void returnsSameResultsAsCleanDatabase(String path, TestDatabase database, DataSource source) {
    create(database, source);
    List<String> expected = answers(database, Permissions.read().withSql(true));
    assertThat(expected).noneMatch(answer -> answer.contains("POSTGRES_"));
    attack(database, path.startsWith("evil") ? "evil" : "public", path);
    List<String> actual = answers(database, Permissions.read().withSql(true));
    for (int i = 0; i < expected.size(); i++) {
      assertThat(unqualified(actual.get(i))).isEqualTo(unqualified(expected.get(i)));
    }
    assertThat(answers(database, Permissions.all()).stream().filter(a -> a.contains("POSTGRES_")))
        .isEmpty();
  }

  // The server qualifies a name if another object hides it.
  private static String unqualified(String answer) {
    return answer.replaceAll("pg_catalog\\.|public\\.", "");
  }
}
