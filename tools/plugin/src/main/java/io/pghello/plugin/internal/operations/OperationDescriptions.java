// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PluginOperation;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.ParameterSchema;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The descriptions of the operations from {@code operations.json}, with their parameters, results
 * and required permissions. Thread-safe.
 */
public final class OperationDescriptions {
  private static final Map<String, PluginOperation> DESCRIBED = described();

  private OperationDescriptions() {}

  private static Map<String, PluginOperation> described() {
    var described = new LinkedHashMap<String, PluginOperation>();
    JsonNode file = Json.resource(OperationDescriptions.class, "operations.json");
    for (JsonNode given :
        ParameterSchema.resolved(file.get("operations"), file.get("definitions"))) {
      PluginOperation about = about((ObjectNode) given);
      described.put(about.name(), about);
    }
    return Collections.unmodifiableMap(described);
  }

  /** Returns the description of an operation, including the common parameters. */
  private static PluginOperation about(ObjectNode given) {
    ObjectNode parameters = (ObjectNode) given.get("parameters");
    if (given.get("within") instanceof ObjectNode common) {
      parameters.withObject("/properties").setAll(common);
    }
    return new PluginOperation(
        given.get("name").textValue(),
        given.get("description").textValue(),
        given.path("writes").asBoolean(),
        given.path("needsSql").asBoolean(),
        parameters,
        (ObjectNode) given.get("result"));
  }

  /** Returns the names of the operations in declaration order. */
  public static Set<String> names() {
    return DESCRIBED.keySet();
  }

  /** Returns the descriptions of the operations. */
  public static List<PluginOperation> list() {
    return List.copyOf(DESCRIBED.values());
  }

  /** Returns the description of an operation that exists. */
  static PluginOperation of(String name) {
    return Objects.requireNonNull(DESCRIBED.get(name), name);
  }
}
