// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PluginOperation;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.PostgresPlugin;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** The tools, one for each operation that at least one connection allows. */
final class Tools {
  private static final String PRIVILEGED =
      " Its role may be able to change files and settings of the server through "
          + "functions, and no rollback can undo these changes.";
  private static final int DEPTH_MAX = 900;
  private static final String CONNECTION = "connection";
  // Tools that only add data, and do not change existing data.
  private static final Set<String> ADDING = Set.of("insert", "createTable");
  // Limits the nesting depth, so that clients can parse the message.
  private static final JsonMapper ANSWERS =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamWriteConstraints(
                      StreamWriteConstraints.builder().maxNestingDepth(DEPTH_MAX).build())
                  .build())
          .build();

  private final PostgresPlugin plugin;
  private final Connections connections;
  private final Map<String, List<String>> idsByTool = new LinkedHashMap<>();

  /** Creates the tools. */
  Tools(PostgresPlugin plugin, Connections connections) {
    this.plugin = plugin;
    this.connections = connections;
    for (PluginOperation operation : plugin.operations()) {
      List<String> ids =
          connections.ids().stream()
              .filter(id -> operation.rejection(connections.permissions(id)).isEmpty())
              .toList();
      if (!ids.isEmpty()) {
        idsByTool.put(operation.name(), ids);
      }
    }
  }

  /** Returns the names of the tools, in the order of the operations. */
  Set<String> names() {
    return idsByTool.keySet();
  }

  /** Returns the connections that allow a tool. */
  private List<String> idsOf(String tool) {
    return idsByTool.getOrDefault(tool, List.of());
  }

  /** Returns the descriptions of the tools for clients. */
  ObjectNode list() {
    ObjectNode result = Messages.JSON.createObjectNode();
    ArrayNode list = result.putArray("tools");
    for (PluginOperation operation : plugin.operations()) {
      if (idsByTool.containsKey(operation.name())) {
        list.add(tool(operation, idsOf(operation.name())));
      }
    }
    return result;
  }

  private ObjectNode tool(PluginOperation operation, List<String> ids) {
    ObjectNode parameters = operation.parameters();
    if (several()) {
      ObjectNode connection = Messages.JSON.createObjectNode();
      connection.put("type", "string").put("description", "Id of the connection to use.");
      ids.forEach(connection.putArray("enum")::add);
      parameters.withObject("/properties").set(CONNECTION, connection);
      parameters.withArray("required").add(CONNECTION);
    }
    boolean reads = reads(operation, ids);
    ObjectNode tool =
        Messages.JSON
            .createObjectNode()
            .put("name", operation.name())
            .put("title", title(operation.name()))
            .put("description", operation.description() + warning(ids));
    tool.set("inputSchema", parameters);
    tool.set("outputSchema", answer(operation));
    tool.putObject("annotations")
        .put("readOnlyHint", reads)
        .put("destructiveHint", !reads && !ADDING.contains(operation.name()))
        .put("openWorldHint", false);
    return tool;
  }

  /** Returns the name of a tool as words, e.g. {@code List tables}. */
  private static String title(String name) {
    String words = name.replaceAll("(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
  }

  /**
   * Returns a warning for the descriptions of tools if a read-only connection is allowed to have a
   * privileged role. Otherwise, returns an empty string.
   */
  private String warning(List<String> ids) {
    return ids.stream().anyMatch(this::isPrivileged) ? PRIVILEGED : "";
  }

  private boolean isPrivileged(String id) {
    Permissions permissions = connections.permissions(id);
    return permissions.readOnly() && permissions.privileged();
  }

  /**
   * Returns whether a tool only reads. If a connection allows writes, a tool that accepts SQL can
   * call functions that write.
   */
  private boolean reads(PluginOperation operation, List<String> ids) {
    return ids.stream().allMatch(id -> connections.permissions(id).readOnly())
        || !(operation.writes() || operation.needsSql() || operation.name().equals("commit"));
  }

  private static ObjectNode answer(PluginOperation operation) {
    ObjectNode schema = Messages.JSON.createObjectNode().put("type", "object");
    ObjectNode members = schema.putObject("properties");
    members.putObject("success").put("type", "boolean");
    members.set("data", operation.result());
    members.putObject("durationMillis").put("type", "number");
    schema.putArray("required").add("success").add("data").add("durationMillis");
    return schema;
  }

  private boolean several() {
    return connections.ids().size() > 1;
  }

  /**
   * Calls a tool.
   *
   * @param params the parameters of the request: the name of an existing tool, and its arguments
   * @param cancellation the stage that cancels the call when the stage completes
   * @param taker the consumer that receives the result, on the calling thread; the database
   *     connection may be returned to the pool later
   */
  void call(JsonNode params, CompletionStage<?> cancellation, Consumer<ObjectNode> taker) {
    String tool = params.get("name").textValue();
    List<String> ids = idsOf(tool);
    ObjectNode arguments =
        params.path("arguments") instanceof ObjectNode given
            ? given
            : Messages.JSON.createObjectNode();
    String id = ids.get(0);
    if (several()) {
      id = String.valueOf(arguments.path(CONNECTION).textValue());
      arguments.remove(CONNECTION);
      if (!ids.contains(id)) {
        String message = "connection must be one of " + String.join(", ", ids) + ".";
        taker.accept(failed(error(Code.BAD_REQUEST, message, "")));
        return;
      }
    }
    plugin.execute(
        id,
        connections.config(id),
        tool,
        arguments,
        cancellation,
        answer -> taker.accept(result(answer)));
  }

  private static ObjectNode result(ObjectNode answer) {
    try {
      String text = ANSWERS.writeValueAsString(answer);
      if (text.length() > Connections.ANSWER_MAX) {
        return failed(
            error(
                Code.LIMIT_REACHED,
                "The result is too large.",
                "Request fewer rows or columns, or shorter values."));
      }
      return answer.path("success").booleanValue()
          ? content(text, false).putRawValue("structuredContent", new RawValue(text))
          : failed(answer);
    } catch (JsonProcessingException e) {
      return failed(
          error(
              Code.LIMIT_REACHED,
              "The result is nested too deeply.",
              "Request only parts of the result."));
    }
  }

  private static ObjectNode failed(ObjectNode answer) {
    return content(answer.toString(), true);
  }

  private static ObjectNode content(String text, boolean error) {
    ObjectNode result = Messages.JSON.createObjectNode();
    result.putArray("content").addObject().put("type", "text").put("text", text);
    return result.put("isError", error);
  }

  /** Returns an error in the format of the plugin. */
  private static ObjectNode error(Code code, String message, String remedy) {
    ObjectNode answer = Messages.JSON.createObjectNode().put("success", false);
    ObjectNode error = answer.putObject("error").put("code", code.text()).put("message", message);
    ObjectNode details = error.putObject("details");
    if (!remedy.isEmpty()) {
      details.put("remedy", remedy);
    }
    error.put("timestamp", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
    return answer;
  }

  /**
   * Returns the instructions for agents.
   *
   * @param owners the ids of the connections that use a role that owns tables or views
   */
  String instructions(Set<String> owners) {
    var text =
        new StringBuilder(
            "Tools for PostgreSQL databases. SQL is a single PostgreSQL statement. "
                + "Its parameters are $1, $2 and so on, with their values in params. Times are "
                + "in UTC. Errors have a code and a remedy.");
    for (String id : connections.ids()) {
      Permissions permissions = connections.permissions(id);
      text.append(" Connection ")
          .append(id)
          .append(permissions.readOnly() ? " is read-only" : " can write")
          .append(permissions.sql() ? ", accepts SQL" : ", does not accept SQL")
          .append(", and returns at most ")
          .append(permissions.maxRows())
          .append(" rows.");
      if (isPrivileged(id)) {
        text.append(PRIVILEGED);
      }
      if (owners.contains(id)) {
        text.append(
            " Its role owns tables or views, so row security does not restrict reading them.");
      }
    }
    return text.toString();
  }
}
