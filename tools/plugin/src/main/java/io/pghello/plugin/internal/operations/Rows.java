// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.pghello.plugin.QueryResult;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Session;
import io.pghello.plugin.internal.sql.CrudSql;
import io.pghello.plugin.internal.sql.CrudSql.Change;
import io.pghello.plugin.internal.sql.CrudSql.Find;
import io.pghello.plugin.internal.sql.DollarSql;
import java.util.function.BiFunction;

/** Operations on rows, without caller-supplied SQL. */
final class Rows {
  private final Runner runner;

  Rows(Runner runner) {
    this.runner = runner;
  }

  JsonNode insert(Call call, Change change) {
    SqlStatement text = CrudSql.insert(change);
    DollarSql sql = DollarSql.of(text.sql());
    return Queries.first(runner.write(call, session -> session.execute(sql, text.params(), 1)));
  }

  JsonNode update(Call call, Change change) {
    return changed(call, change, CrudSql::update);
  }

  JsonNode delete(Call call, Change change) {
    return changed(call, change, CrudSql::delete);
  }

  JsonNode find(Call call, Find find) {
    return Queries.json(read(call, find, call.permissions().maxRows(), CrudSql::find));
  }

  JsonNode findOne(Call call, Find find) {
    return Queries.first(read(call, find, 1, CrudSql::find));
  }

  JsonNode count(Call call, Find find) {
    return Queries.first(read(call, find, 1, CrudSql::count));
  }

  private JsonNode changed(
      Call call, Change change, BiFunction<Change, JsonNode, SqlStatement> write) {
    // Reject invalid parameters before the server is contacted.
    var unused = write.apply(change, MissingNode.getInstance());
    long changed =
        runner.write(
            call,
            session ->
                session.change(
                    write.apply(change, operators(session, change.table(), change.where()))));
    return Json.object().put("rowCount", changed);
  }

  private QueryResult read(
      Call call, Find find, int most, BiFunction<Find, JsonNode, SqlStatement> write) {
    var unused = write.apply(find, MissingNode.getInstance());
    return runner.read(
        call,
        session ->
            session.read(write.apply(find, operators(session, find.table(), find.where())), most));
  }

  private static JsonNode operators(Session session, String table, JsonNode where) {
    return where.isEmpty() ? MissingNode.getInstance() : TableInfo.operators(session, table);
  }
}
