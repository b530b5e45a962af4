// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.sql.DdlSql;
import java.util.List;
import java.util.Set;

/** Operations on tables. */
final class Tables {
  private static final SqlStatement LIST =
      new SqlStatement(
          """
          SELECT CASE WHEN pg_table_is_visible(c.oid) THEN '' ELSE n.nspname || '.' END
            || c.relname AS name
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
            AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
            AND has_schema_privilege(n.oid, 'USAGE')
            AND has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
          ORDER BY 1
          """,
          List.of());
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
        DdlSql.createTable(table(parameters), schema, parameters.path("ifNotExists").asBoolean()));
  }

  JsonNode alter(Call call, ObjectNode parameters) {
    JsonNode alterations = parameters.get("alterations");
    requireReferences(call, alterations);
    return changed(call, DdlSql.alterTable(table(parameters), alterations));
  }

  JsonNode drop(Call call, ObjectNode parameters) {
    return changed(
        call,
        List.of(DdlSql.dropTable(table(parameters), parameters.path("ifExists").asBoolean())));
  }

  JsonNode list(Call call, ObjectNode parameters) {
    Set<String> allowed = call.permissions().tables();
    ArrayNode names = Json.array();
    runner
        .read(call, session -> session.read(LIST, TABLES_MAX))
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

  private JsonNode changed(Call call, List<String> statements) {
    return runner.transaction(
        call,
        null,
        session -> {
          session.changeAll(statements);
          return Json.object().put("done", true);
        });
  }

  private static String table(ObjectNode parameters) {
    return parameters.get("table").textValue();
  }
}
