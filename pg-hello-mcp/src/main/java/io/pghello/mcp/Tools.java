// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncToolSpecification;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import io.modelcontextprotocol.spec.McpSchema.ToolAnnotations;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PluginOperation;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.PostgresPlugin;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import reactor.core.publisher.Mono;

/** Makes a tool of each operation that some connection may do. */
final class Tools {
  /** The greatest length of an answer, in characters of JSON. An answer is in a message twice. */
  static final int ANSWER_MAX = 4 << 20;

  private static final String PRIVILEGED =
      " Its role may be one that can write files and settings of the server by functions, which no"
          + " rollback undoes.";
  private static final int DEPTH_MAX = 900;
  private static final String CONNECTION = "connection";
  // these only add
  private static final Set<String> ADDING = Set.of("insert", "createTable");
  // so that the message around it is one that others read
  private static final JsonMapper ANSWERS =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamWriteConstraints(
                      StreamWriteConstraints.builder().maxNestingDepth(DEPTH_MAX).build())
                  .build())
          .build();
  private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() {};

  private final PostgresPlugin plugin;
  private final Connections connections;
  private final ExecutorService calls;

  /**
   * Creates them.
   *
   * @param calls runs calls, each of which blocks
   */
  Tools(PostgresPlugin plugin, Connections connections, ExecutorService calls) {
    this.plugin = plugin;
    this.connections = connections;
    this.calls = calls;
  }

  /** Returns the tools, in the order of the operations. */
  List<AsyncToolSpecification> all() {
    var tools = new ArrayList<AsyncToolSpecification>();
    for (PluginOperation operation : plugin.operations()) {
      List<String> ids = connections.ids().stream().filter(id -> mayDo(id, operation)).toList();
      if (!ids.isEmpty()) {
        tools.add(
            AsyncToolSpecification.builder()
                .tool(tool(operation, ids))
                .callHandler((exchange, request) -> call(operation.name(), ids, request))
                .build());
      }
    }
    return tools;
  }

  private boolean mayDo(String id, PluginOperation operation) {
    Permissions permissions = connections.permissions(id);
    Set<String> operations = permissions.operations();
    return (operations == null || operations.contains(operation.name()))
        && !(operation.writes() && permissions.readOnly())
        && !(operation.needsSql() && !permissions.sql());
  }

  private Tool tool(PluginOperation operation, List<String> ids) {
    ObjectNode parameters = operation.parameters();
    if (several()) {
      ObjectNode connection = Messages.JSON.createObjectNode();
      connection.put("type", "string").put("description", "Which connection to use.");
      ids.forEach(connection.putArray("enum")::add);
      parameters.withObject("/properties").set(CONNECTION, connection);
      parameters.withArray("required").add(CONNECTION);
    }
    boolean reads = reads(operation, ids);
    return Tool.builder(operation.name(), map(parameters))
        .title(title(operation.name()))
        .description(operation.description() + warning(ids))
        .outputSchema(map(answer(operation)))
        .annotations(
            ToolAnnotations.builder()
                .readOnlyHint(reads)
                .destructiveHint(!reads && !ADDING.contains(operation.name()))
                .openWorldHint(false)
                .build())
        .build();
  }

  /** Returns a name in words: List tables. */
  private static String title(String name) {
    String words = name.replaceAll("(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
  }

  /** Returns what a description says of connections whose roles can do more than read. */
  private String warning(List<String> ids) {
    return ids.stream().anyMatch(this::isPrivileged) ? PRIVILEGED : "";
  }

  private boolean isPrivileged(String id) {
    Permissions permissions = connections.permissions(id);
    return permissions.readOnly() && permissions.privileged();
  }

  /** Returns whether a tool changes nothing: SQL may call functions that write where it may. */
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

  private static Map<String, Object> map(ObjectNode json) {
    return Messages.JSON.convertValue(json, MAP);
  }

  private boolean several() {
    return connections.ids().size() > 1;
  }

  private Mono<CallToolResult> call(String operation, List<String> ids, CallToolRequest request) {
    return Mono.create(
        sink -> {
          var cancellation = new CompletableFuture<Void>();
          sink.onCancel(() -> cancellation.complete(null));
          calls.execute(
              () -> {
                try {
                  if (!cancellation.isDone()) {
                    sink.success(result(answer(operation, ids, request, cancellation)));
                  }
                } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                  // its words may have data
                  sink.error(
                      new IllegalStateException("The call failed: " + e.getClass().getName()));
                }
              });
        });
  }

  private ObjectNode answer(
      String operation,
      List<String> ids,
      CallToolRequest request,
      CompletableFuture<Void> cancellation) {
    ObjectNode parameters =
        request.arguments() == null
            ? Messages.JSON.createObjectNode()
            : Messages.JSON.valueToTree(request.arguments());
    String id = ids.get(0);
    if (several()) {
      id = String.valueOf(parameters.path(CONNECTION).textValue());
      parameters.remove(CONNECTION);
      if (!ids.contains(id)) {
        return error(
            Code.BAD_REQUEST, "connection must be one of " + String.join(", ", ids) + ".", "");
      }
    }
    return plugin.execute(id, connections.config(id), operation, parameters, cancellation);
  }

  private static CallToolResult result(ObjectNode answer) {
    try {
      String text = ANSWERS.writeValueAsString(answer);
      if (text.length() > ANSWER_MAX) {
        return failed(
            error(
                Code.LIMIT_REACHED,
                "The result is too large for an answer.",
                "Ask for fewer rows or columns, or shorter values."));
      }
      return answer.path("success").booleanValue()
          ? CallToolResult.builder()
              .addTextContent(text)
              .structuredContent(answer)
              .isError(false)
              .build()
          : failed(answer);
    } catch (JsonProcessingException e) {
      return failed(
          error(
              Code.LIMIT_REACHED,
              "The result is nested too deeply for an answer.",
              "Ask for parts of it."));
    }
  }

  private static CallToolResult failed(ObjectNode answer) {
    return CallToolResult.builder().addTextContent(answer.toString()).isError(true).build();
  }

  /** Returns an error as the plugin's calls answer it. */
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
   * Returns what an agent should know beside the tools.
   *
   * @param owners the connections whose roles own tables
   */
  String instructions(Set<String> owners) {
    var text =
        new StringBuilder(
            "Tools on PostgreSQL databases. SQL is one statement of PostgreSQL with $1, $2 for its"
                + " values in params. Times are in UTC. An error has a code and a remedy.");
    for (String id : connections.ids()) {
      Permissions permissions = connections.permissions(id);
      text.append(" Connection ")
          .append(id)
          .append(permissions.readOnly() ? " only reads" : " may write")
          .append(permissions.sql() ? ", takes SQL" : ", takes no SQL")
          .append(", and answers ")
          .append(permissions.maxRows())
          .append(" rows at most.");
      if (isPrivileged(id)) {
        text.append(PRIVILEGED);
      }
      if (owners.contains(id)) {
        text.append(
            " Its role owns tables or views: row security does not bound what it reads of them.");
      }
    }
    return text.toString();
  }
}
