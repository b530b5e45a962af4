// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PluginOperation;
import io.pghello.plugin.internal.Records;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Timeouts;
import io.pghello.plugin.internal.run.Transactions;
import io.pghello.plugin.internal.sql.DdlSql;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The described parameters of operations match their record types. */
class OperationTableTest {
  private static Map<String, Class<? extends Record>> types() {
    try (var timeouts = new Timeouts()) {
      var transactions = new Transactions(timeouts, 1_000);
      return new OperationTable(new Runner(timeouts, transactions), transactions).types();
    }
  }

  @Test
  void implementsAllDescribedOperations() {
    assertThat(types().keySet()).isEqualTo(OperationDescriptions.names());
  }

  @Test
  void readsDescribedParameters() {
    Map<String, Class<? extends Record>> types = types();
    var members = new HashMap<Class<? extends Record>, Set<String>>();
    for (PluginOperation operation : OperationDescriptions.list()) {
      Class<? extends Record> type = types.get(operation.name());
      operation
          .parameters()
          .get("properties")
          .fieldNames()
          .forEachRemaining(
              name -> {
                // Read by the call itself.
                if (!List.of("timeout", "transactionId").contains(name)) {
                  members.computeIfAbsent(type, unused -> new HashSet<>()).add(name);
                }
              });
    }
    members.forEach((type, names) -> assertThat(Records.names(type)).hasSameElementsAs(names));
  }

  @Test
  void readsDescribedColumns() {
    var names = new HashSet<String>();
    for (PluginOperation operation : OperationDescriptions.list()) {
      JsonNode parameters = operation.parameters();
      for (String columns :
          List.of("/properties/schema/properties/columns", "/properties/alterations")) {
        parameters.at(columns + "/items/properties").fieldNames().forEachRemaining(names::add);
      }
    }
    assertThat(Records.names(DdlSql.Column.class)).hasSameElementsAs(names);
  }
}
