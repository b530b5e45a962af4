// SPDX-License-Identifier: MIT
package io.pghello.examples.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * An independent MCP client in a separate process, connected to a server that the client has
 * started.
 */
final class Agent implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long END_SECONDS = 10;

  private final Process node;
  private final Writer in;
  private final BufferedReader out;
  private final JsonNode server;

  /**
   * Starts the client and the server.
   *
   * @param folder the directory returned by {@link Npm#directory}
   * @param command the server's program and its arguments
   */
  Agent(Path folder, Map<String, String> environment, List<String> command) {
    try {
      node =
          new ProcessBuilder("node", folder.resolve("client.mjs").toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    in = node.outputWriter(StandardCharsets.UTF_8);
    out = node.inputReader(StandardCharsets.UTF_8);
    ObjectNode start = JSON.createObjectNode().put("command", command.get(0));
    start.set("args", JSON.valueToTree(command.subList(1, command.size())));
    start.set("env", JSON.valueToTree(environment));
    server = request(start);
  }

  /** Returns the server's name and version. */
  String server() {
    return server.at("/server/name").asText() + " " + server.at("/server/version").asText();
  }

  /** Returns the server's description of its tools. */
  JsonNode tools() {
    return server.get("tools");
  }

  /** Runs SQL with the server's SQL tool and returns the result of the call. */
  JsonNode query(String sql) {
    return call("query", JSON.createObjectNode().put("sql", sql));
  }

  /**
   * Calls a tool and returns the result. If the result does not match the tool's output schema,
   * returns the error that the client reports.
   */
  JsonNode call(String tool, JsonNode arguments) {
    ObjectNode call = JSON.createObjectNode().put("name", tool);
    call.set("arguments", arguments);
    return request(call);
  }

  private JsonNode request(JsonNode question) {
    try {
      in.write(question + "\n");
      in.flush();
      String answer = out.readLine();
      if (answer == null) {
        throw new IllegalStateException("the client has ended");
      }
      return JSON.readTree(answer);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Stops the client, which stops the server. */
  @Override
  public void close() {
    try {
      in.close();
      if (!node.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        node.descendants().forEach(ProcessHandle::destroyForcibly);
        node.destroyForcibly();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      node.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
