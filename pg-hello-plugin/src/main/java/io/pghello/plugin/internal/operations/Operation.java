// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PluginOperation;
import io.pghello.plugin.internal.run.Call;

/**
 * A row of the table of operations.
 *
 * @param about what callers see of it
 * @param parameters the schema that parameters are checked by, which no caller has
 * @param handler what does it
 */
record Operation(PluginOperation about, ObjectNode parameters, Handler handler) {
  /** Does an operation, whose parameters are as its schema says. */
  interface Handler {
    /** Returns what the result's schema says. */
    JsonNode run(Call call, ObjectNode parameters);
  }
}
