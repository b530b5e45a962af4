// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.QueryResult;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Session;
import io.pghello.plugin.internal.sql.CrudSql;
import io.pghello.plugin.internal.sql.DollarSql;
import java.util.function.Function;

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
        parameters,
        operators ->
            CrudSql.update(
                table(parameters),
                parameters.get("data"),
                parameters.path("where"),
                all(parameters),
                operators));
  }

  JsonNode delete(Call call, ObjectNode parameters) {
    return changed(
        call,
        parameters,
        operators ->
            CrudSql.delete(
                table(parameters), parameters.path("where"), all(parameters), operators));
  }

  JsonNode find(Call call, ObjectNode parameters) {
    int most = call.permissions().maxRows();
    return Queries.json(
        read(call, parameters, most, operators -> CrudSql.find(parameters, operators)));
  }

  JsonNode findOne(Call call, ObjectNode parameters) {
    return Queries.first(
        read(call, parameters, 1, operators -> CrudSql.find(parameters, operators)));
  }

  JsonNode count(Call call, ObjectNode parameters) {
    return Queries.first(
        read(
            call,
            parameters,
            1,
            operators -> CrudSql.count(table(parameters), parameters.path("where"), operators)));
  }

  private ObjectNode changed(
      Call call, ObjectNode parameters, Function<JsonNode, SqlStatement> write) {
    // what is wrong with it is said before anything is asked
    var unused = write.apply(MissingNode.getInstance());
    long changed =
        runner.write(call, session -> session.change(write.apply(operators(session, parameters))));
    return Json.object().put("rowCount", changed);
  }

  private QueryResult read(
      Call call, ObjectNode parameters, int most, Function<JsonNode, SqlStatement> write) {
    var unused = write.apply(MissingNode.getInstance());
    return runner.read(
        call, session -> session.read(write.apply(operators(session, parameters)), most));
  }

  private static JsonNode operators(Session session, ObjectNode parameters) {
    return parameters.path("where").isEmpty()
        ? MissingNode.getInstance()
        : TableInfo.operators(session, table(parameters));
  }

  private static boolean all(ObjectNode parameters) {
    return parameters.path("all").asBoolean();
  }

  private static String table(ObjectNode parameters) {
    return parameters.get("table").textValue();
  }
}
