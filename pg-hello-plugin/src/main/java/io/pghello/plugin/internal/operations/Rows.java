// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.sql.CrudSql;
import io.pghello.plugin.internal.sql.DollarSql;

/** Operations on rows, without SQL of the caller. */
final class Rows {
  private final Runner runner;

  Rows(Runner runner) {
    this.runner = runner;
  }

  JsonNode insert(Call call, ObjectNode parameters) {
    SqlStatement text = CrudSql.insert(table(parameters), parameters.get("data"));
    DollarSql sql = DollarSql.of(text.sql());
    return Queries.first(runner.write(call, session -> session.execute(sql, text.params(), 1)));
  }

  JsonNode update(Call call, ObjectNode parameters) {
    return changed(
        call,
        CrudSql.update(
            table(parameters), parameters.get("data"), parameters.path("where"), all(parameters)));
  }

  JsonNode delete(Call call, ObjectNode parameters) {
    return changed(
        call, CrudSql.delete(table(parameters), parameters.path("where"), all(parameters)));
  }

  JsonNode find(Call call, ObjectNode parameters) {
    SqlStatement text = CrudSql.find(parameters);
    int most = call.permissions().maxRows();
    return Queries.json(runner.read(call, session -> session.read(text, most)));
  }

  JsonNode findOne(Call call, ObjectNode parameters) {
    SqlStatement text = CrudSql.find(parameters);
    return Queries.first(runner.read(call, session -> session.read(text, 1)));
  }

  JsonNode count(Call call, ObjectNode parameters) {
    SqlStatement text = CrudSql.count(table(parameters), parameters.path("where"));
    return Queries.first(runner.read(call, session -> session.read(text, 1)));
  }

  private ObjectNode changed(Call call, SqlStatement text) {
    return Json.object().put("rowCount", runner.<Long>write(call, session -> session.change(text)));
  }

  private static boolean all(ObjectNode parameters) {
    return parameters.path("all").asBoolean();
  }

  private static String table(ObjectNode parameters) {
    return parameters.get("table").textValue();
  }
}
