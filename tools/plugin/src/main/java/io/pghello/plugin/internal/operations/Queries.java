// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.Isolation;
import io.pghello.plugin.QueryResult;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Session;
import io.pghello.plugin.internal.sql.DollarSql;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Operations that accept SQL from the caller. */
final class Queries {
  private final Runner runner;

  Queries(Runner runner) {
    this.runner = runner;
  }

  /** Statements of a transaction. */
  record Several(List<SqlStatement> operations, @Nullable Isolation isolationLevel) {}

  JsonNode query(Call call, SqlStatement statement) {
    return json(read(call, statement, call.permissions().maxRows()));
  }

  JsonNode queryOne(Call call, SqlStatement statement) {
    return first(read(call, statement, 1));
  }

  JsonNode queryValue(Call call, SqlStatement statement) {
    Iterator<JsonNode> values = queryOne(call, statement).iterator();
    return values.hasNext() ? values.next() : NullNode.instance;
  }

  JsonNode execute(Call call, SqlStatement statement) {
    DollarSql sql = DollarSql.of(statement.sql());
    int most = call.permissions().maxRows();
    return json(runner.write(call, session -> session.execute(sql, statement.params(), most)));
  }

  JsonNode transaction(Call call, Several several) {
    // Check all statements before running the first.
    for (SqlStatement statement : several.operations()) {
      DollarSql sql = DollarSql.of(statement.sql());
      sql.requireNoSessionControl();
      sql.requireParameters(statement.params().size());
    }
    int most = call.permissions().maxRows();
    ObjectNode answer = Json.object();
    ArrayNode results = answer.putArray("results");
    return runner.transaction(
        call,
        several.isolationLevel(),
        session -> {
          for (SqlStatement statement : several.operations()) {
            DollarSql sql = DollarSql.of(statement.sql());
            results.add(json(session.execute(sql, statement.params(), most)));
          }
          return answer;
        });
  }

  /** Returns a result as JSON that matches the result schema in {@code operations.json}. */
  static ObjectNode json(QueryResult result) {
    ObjectNode json = Json.object();
    json.putArray("rows").addAll(result.rows());
    return json.put("rowCount", result.rowCount()).put("truncated", result.truncated());
  }

  /** Returns the first row; JSON null if there is none. */
  static JsonNode first(QueryResult result) {
    return result.rows().isEmpty() ? NullNode.instance : result.rows().get(0);
  }

  private QueryResult read(Call call, SqlStatement statement, int most) {
    DollarSql sql = DollarSql.of(statement.sql());
    List<JsonNode> params = statement.params();
    // Unless the transaction is read-only, a function in the query may write.
    return call.permissions().readOnly()
        ? runner.read(call, session -> read(session, sql, params, most))
        : runner.write(call, session -> read(session, sql, params, most));
  }

  private static QueryResult read(Session session, DollarSql sql, List<JsonNode> params, int most) {
    sql.requireNoSessionControl();
    return session.read(sql, params, most);
  }
}
