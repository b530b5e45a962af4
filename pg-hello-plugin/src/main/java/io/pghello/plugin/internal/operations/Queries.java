// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.Isolation;
import io.pghello.plugin.QueryResult;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Session;
import io.pghello.plugin.internal.sql.DollarSql;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Operations that take SQL. */
final class Queries {
  private final Runner runner;

  Queries(Runner runner) {
    this.runner = runner;
  }

  JsonNode query(Call call, ObjectNode parameters) {
    return json(read(call, parameters, call.permissions().maxRows()));
  }

  JsonNode queryOne(Call call, ObjectNode parameters) {
    return first(read(call, parameters, 1));
  }

  JsonNode queryValue(Call call, ObjectNode parameters) {
    Iterator<JsonNode> values = queryOne(call, parameters).iterator();
    return values.hasNext() ? values.next() : NullNode.instance;
  }

  JsonNode execute(Call call, ObjectNode parameters) {
    DollarSql sql = sql(parameters);
    List<JsonNode> params = params(parameters);
    int most = call.permissions().maxRows();
    return json(runner.write(call, session -> session.execute(sql, params, most)));
  }

  JsonNode transaction(Call call, ObjectNode parameters) {
    ArrayNode operations = (ArrayNode) parameters.get("operations");
    // a mistake in the last is found before the first is run
    operations.forEach(
        operation -> {
          DollarSql sql = sql(operation);
          sql.requireNoSessionControl();
          sql.requireParameters(params(operation).size());
        });
    int most = call.permissions().maxRows();
    ObjectNode answer = Json.object();
    ArrayNode results = answer.putArray("results");
    return runner.transaction(
        call,
        isolation(parameters),
        session -> {
          for (JsonNode operation : operations) {
            results.add(json(session.execute(sql(operation), params(operation), most)));
          }
          return answer;
        });
  }

  static @Nullable Isolation isolation(ObjectNode parameters) {
    String isolation = parameters.path("isolationLevel").textValue();
    return isolation == null ? null : Isolation.valueOf(isolation);
  }

  /** Returns a result as its schema says. */
  static ObjectNode json(QueryResult result) {
    ObjectNode json = Json.object();
    json.putArray("rows").addAll(result.rows());
    return json.put("rowCount", result.rowCount()).put("truncated", result.truncated());
  }

  /** Returns the first row, or null. */
  static JsonNode first(QueryResult result) {
    return result.rows().isEmpty() ? NullNode.instance : result.rows().get(0);
  }

  private QueryResult read(Call call, ObjectNode parameters, int most) {
    DollarSql sql = sql(parameters);
    List<JsonNode> params = params(parameters);
    // a function in it may write, unless the transaction is read-only
    return call.permissions().readOnly()
        ? runner.read(call, session -> read(session, sql, params, most))
        : runner.write(call, session -> read(session, sql, params, most));
  }

  private static QueryResult read(Session session, DollarSql sql, List<JsonNode> params, int most) {
    sql.requireNoSessionControl();
    return session.read(sql, params, most);
  }

  private static DollarSql sql(JsonNode parameters) {
    return DollarSql.of(parameters.get("sql").textValue());
  }

  private static List<JsonNode> params(JsonNode parameters) {
    var params = new ArrayList<JsonNode>();
    parameters.path("params").forEach(params::add);
    return params;
  }
}
