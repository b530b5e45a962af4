// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Texts;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Session;
import io.pghello.plugin.internal.sql.DdlSql;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** Operations on tables. */
final class Tables {
  private static final SqlStatement LIST =
      new SqlStatement(Texts.resource(Tables.class, "tables.sql"), List.of());
  // only a superuser can make functions in C
  private static final SqlStatement HELLO =
      new SqlStatement(Texts.resource(Tables.class, "hello-schema.sql"), List.of());
  private static final int TABLES_MAX = 100_000;

  private final Runner runner;

  Tables(Runner runner) {
    this.runner = runner;
  }

  JsonNode create(Call call, ObjectNode parameters) {
    JsonNode schema = parameters.get("schema");
    requireReferences(call, schema.get("columns"));
    return changed(
        call,
        schema.get("columns"),
        hello ->
            DdlSql.createTable(
                table(parameters), schema, parameters.path("ifNotExists").asBoolean(), hello));
  }

  JsonNode alter(Call call, ObjectNode parameters) {
    JsonNode alterations = parameters.get("alterations");
    requireReferences(call, alterations);
    return changed(
        call, alterations, hello -> DdlSql.alterTable(table(parameters), alterations, hello));
  }

  JsonNode drop(Call call, ObjectNode parameters) {
    return changed(
        call,
        Json.array(),
        hello ->
            List.of(DdlSql.dropTable(table(parameters), parameters.path("ifExists").asBoolean())));
  }

  JsonNode list(Call call, ObjectNode parameters) {
    Set<String> allowed = call.permissions().tables();
    ArrayNode names = Json.array();
    runner
        .read(call, session -> session.ask(LIST, TABLES_MAX))
        .rows()
        .forEach(
            row -> {
              if (allowed == null || allowed.contains(row.get("name").textValue())) {
                names.add(row.get("name"));
              }
            });
    return names;
  }

  JsonNode describe(Call call, ObjectNode parameters) {
    return runner.read(
        call, session -> TableInfo.ask(session, TableInfo.DESCRIPTION, table(parameters)));
  }

  private static void requireReferences(Call call, JsonNode columns) {
    columns.forEach(
        column ->
            OperationTable.requireTable(
                call.permissions().tables(), column.path("references").path("table")));
  }

  private JsonNode changed(Call call, JsonNode columns, Function<String, List<String>> statements) {
    // what is wrong with them is said before anything is asked
    var unused = statements.apply("public");
    boolean hello = false;
    for (JsonNode column : columns) {
      hello |= column.at("/default/fn").asText().equals("now_ms");
    }
    boolean asks = hello;
    return runner.transaction(
        call,
        null,
        session -> {
          session.changeAll(statements.apply(asks ? helloSchema(session) : "public"));
          return Json.object().put("done", true);
        });
  }

  /** Returns where pg_hello is: a function of the same name elsewhere may be anybody's. */
  private static String helloSchema(Session session) {
    var rows = session.ask(HELLO, 1).rows();
    if (rows.isEmpty()) {
      throw Failures.withRemedy(
          Code.BAD_SQL,
          "The database has no function now_ms of pg_hello.",
          "Have a superuser run CREATE EXTENSION pg_hello, or use now.");
    }
    return rows.get(0).get("name").textValue();
  }

  private static String table(ObjectNode parameters) {
    return parameters.get("table").textValue();
  }
}
