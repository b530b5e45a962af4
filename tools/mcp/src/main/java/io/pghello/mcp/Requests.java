// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Validates the parameters of requests.
 *
 * @param tools the names of the available tools
 */
record Requests(Set<String> tools) {
  static final String INITIALIZE = "initialize";
  static final String PING = "ping";
  static final String LIST_TOOLS = "tools/list";
  static final String CALL_TOOL = "tools/call";

  private static final int NAME_MAX = 100;

  /** Returns the problem with a request's parameters; null if they are valid. */
  @Nullable String wrong(String method, JsonNode params) {
    if (!params.isObject() && !isAbsent(params)) {
      return "params must be an object";
    }
    JsonNode meta = params.path("_meta");
    if (!meta.isObject() && !isAbsent(meta)) {
      return "params._meta must be an object";
    }
    return switch (method) {
      case INITIALIZE -> wrongInitialize(params);
      case CALL_TOOL -> wrongCall(params);
      case LIST_TOOLS ->
          // The first page contains all results, so there are no cursors.
          isAbsent(params.path("cursor"))
              ? null
              : "params.cursor is unknown: this server does not return cursors";
      default -> null;
    };
  }

  private static @Nullable String wrongInitialize(JsonNode params) {
    if (!params.path("protocolVersion").isTextual()) {
      return "params.protocolVersion must be a string";
    }
    if (!params.path("capabilities").isObject()) {
      return "params.capabilities must be an object";
    }
    JsonNode client = params.path("clientInfo");
    if (!client.path("name").isTextual() || !client.path("version").isTextual()) {
      return "params.clientInfo must be an object with the strings name and version";
    }
    for (String name : List.of("elicitation", "roots", "sampling")) {
      JsonNode capability = params.path("capabilities").path(name);
      JsonNode listChanged = capability.path("listChanged");
      if (!(capability.isObject() || isAbsent(capability))
          || !(listChanged.isBoolean() || isAbsent(listChanged))) {
        return "params has a member of the wrong type";
      }
    }
    return null;
  }

  private @Nullable String wrongCall(JsonNode params) {
    JsonNode name = params.path("name");
    if (!name.isTextual()) {
      return "params.name must be a string: the name of a tool";
    }
    if (!tools.contains(name.textValue())) {
      String unknown = name.textValue();
      return "Unknown tool: "
          + (unknown.length() > NAME_MAX ? unknown.substring(0, NAME_MAX) + "…" : unknown);
    }
    JsonNode arguments = params.path("arguments");
    return arguments.isObject() || isAbsent(arguments)
        ? null
        : "params.arguments must be an object";
  }

  private static boolean isAbsent(JsonNode node) {
    return node.isMissingNode() || node.isNull();
  }
}
