// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.Isolation;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Transactions;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Operations on transactions by id, and on the connection. */
final class TransactionOperations {
  private static final SqlStatement PING = new SqlStatement("SELECT 1 AS one", List.of());

  private final Runner runner;
  private final Transactions transactions;

  TransactionOperations(Runner runner, Transactions transactions) {
    this.runner = runner;
    this.transactions = transactions;
  }

  /** Parameters of {@code beginTransaction}. */
  record Begin(@Nullable Isolation isolationLevel) {}

  /** Parameters of operations that take only the common parameters. */
  record Nothing() {}

  JsonNode begin(Call call, Begin begin) {
    return Json.object().put("transactionId", transactions.begin(call, begin.isolationLevel()));
  }

  JsonNode commit(Call call, Nothing nothing) {
    transactions.commit(call);
    return Json.object().put("committed", true);
  }

  JsonNode rollback(Call call, Nothing nothing) {
    transactions.rollback(call);
    return Json.object().put("rolledBack", true);
  }

  JsonNode ping(Call call, Nothing nothing) {
    boolean alive = runner.read(call, session -> session.queryCatalog(PING, 1).rowCount() == 1);
    return Json.object().put("alive", alive);
  }

  JsonNode stats(Call call, Nothing nothing) {
    return Json.of(call.pool().stats());
  }
}
