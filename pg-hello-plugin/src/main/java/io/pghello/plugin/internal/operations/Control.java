// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.ConnectionStats;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Transactions;
import java.util.List;

/** Operations on transactions by id, and on the connection itself. */
final class Control {
  private static final SqlStatement PING = new SqlStatement("SELECT 1 AS one", List.of());

  private final Runner runner;
  private final Transactions transactions;

  Control(Runner runner, Transactions transactions) {
    this.runner = runner;
    this.transactions = transactions;
  }

  JsonNode begin(Call call, ObjectNode parameters) {
    return Json.object()
        .put("transactionId", transactions.begin(call, Queries.isolation(parameters)));
  }

  JsonNode commit(Call call, ObjectNode parameters) {
    transactions.commit(call);
    return Json.object().put("committed", true);
  }

  JsonNode rollback(Call call, ObjectNode parameters) {
    transactions.rollback(call);
    return Json.object().put("rolledBack", true);
  }

  JsonNode ping(Call call, ObjectNode parameters) {
    boolean alive = runner.read(call, session -> session.ask(PING, 1).rowCount() == 1);
    return Json.object().put("alive", alive);
  }

  JsonNode stats(Call call, ObjectNode parameters) {
    ConnectionStats stats = call.pool().stats();
    return Json.object()
        .put("total", stats.total())
        .put("idle", stats.idle())
        .put("waiting", stats.waiting())
        .put("max", stats.max())
        .put("min", stats.min())
        .put("queryCount", stats.queryCount())
        .put("errorCount", stats.errorCount())
        .put("avgQueryTime", stats.avgQueryTime())
        .put("maxQueryTime", stats.maxQueryTime());
  }
}
