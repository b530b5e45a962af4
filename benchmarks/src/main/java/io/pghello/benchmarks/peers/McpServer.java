// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.FreshJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.jr.ob.JSON;

/** An MCP server with an SQL tool, used through its standard input and output. */
public final class McpServer implements AutoCloseable {
  private final Process process;
  private final PrintWriter in;
  private final BufferedReader out;
  private int id;

  private McpServer(Address address, List<String> command) throws IOException {
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder
        .environment()
        .putAll(
            Map.of(
                "PGHOST", address.host(),
                "PGPORT", String.valueOf(address.port()),
                "PGDATABASE", address.database(),
                "PGUSER", address.user(),
                "PGPASSWORD", address.password()));
    process = builder.start();
    in = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    out = process.inputReader(StandardCharsets.UTF_8);
    Map<String, ?> client = Map.of("name", "bench", "version", "1");
    var unused =
        request(
            "initialize",
            Map.of(
                "protocolVersion", "2024-11-05", "capabilities", Map.of(), "clientInfo", client));
    in.println("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
  }

  /**
   * Starts this project's server with the options of {@code ./dev mcp}, as documented in
   * docs/mcp.md.
   */
  public static McpServer ours(Address address) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(FreshJvm.startFast());
    command.addAll(List.of("-cp", property("pg-hello.bench.mcp"), "io.pghello.mcp.PgHelloMcp"));
    return new McpServer(address, command);
  }

  /** Starts the protocol's reference server for PostgreSQL. */
  public static McpServer reference(Address address) throws IOException {
    return new McpServer(
        address,
        List.of(
            "node",
            property("pg-hello.bench.reference"),
            "postgresql://%s@%s:%d/%s"
                .formatted(address.user(), address.host(), address.port(), address.database())));
  }

  private static String property(String name) {
    return Objects.requireNonNull(
        System.getProperty(name), "the MCP servers are not installed; run ./dev bench");
  }

  /** Returns the server's process ID. */
  public long pid() {
    return process.pid();
  }

  /** Returns the result of a query as JSON. */
  public String query(String sql) throws IOException {
    return request("tools/call", Map.of("name", "query", "arguments", Map.of("sql", sql)));
  }

  private String request(String method, Map<String, ?> parameters) throws IOException {
    id++;
    in.println(
        JSON.std.asString(
            Map.of("jsonrpc", "2.0", "id", id, "method", method, "params", parameters)));
    String answer = out.readLine();
    if (answer == null || answer.contains("\"error\":{")) {
      throw new IOException(method + " failed: " + answer);
    }
    return answer;
  }

  @Override
  public void close() {
    process.destroy();
  }
}
