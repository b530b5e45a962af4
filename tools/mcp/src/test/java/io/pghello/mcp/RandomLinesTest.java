// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import static io.pghello.mcp.Client.JSON;
import static io.pghello.mcp.Client.quoted;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PluginContext;
import io.pghello.plugin.PostgresPlugin;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Randomly modified lines never cause an internal error. */
class RandomLinesTest {
  private static final int ROUNDS = 1_000;
  // A port without a listener.
  private static final String CONFIG =
      "{'connections': {'shop': {'config': {'host': '127.0.0.1', 'port': 1, 'user': 'ada',"
          + " 'connectionTimeoutMillis': 250, 'autoReconnect': false}}}}";
  private static final String BEGIN =
      quoted(
              "{'jsonrpc': '2.0', 'id': 0, 'method': 'initialize', 'params': {'protocolVersion':"
                  + " '2025-03-26', 'capabilities': {'roots': {'listChanged': true}},"
                  + " 'clientInfo': {'name': 'a', 'version': '1'}}}")
          + "\n";
  private static final String PING = "{'jsonrpc': '2.0', 'id': 'last', 'method': 'ping'}";
  private static final String[] LINES = {
    BEGIN.strip().replace('"', '\''),
    "{'jsonrpc': '2.0', 'method': 'notifications/initialized'}",
    "{'jsonrpc': '2.0', 'method': 'notifications/initialized', 'params': {}}",
    "{'jsonrpc': '2.0', 'id': 1, 'method': 'tools/list', 'params': {'_meta': {'a': 1}}}",
    "{'jsonrpc': '2.0', 'id': 2, 'method': 'tools/call', 'params': {'name': 'query',"
        + " 'arguments': {'sql': 'select $1', 'params': [1, null]}}}",
    "[{'jsonrpc': '2.0', 'id': 3, 'method': 'ping'}, {'jsonrpc': '2.0', 'id': 4, 'result': {}}]",
    "{'jsonrpc': '2.0', 'method': 'notifications/cancelled', 'params': {'requestId': 2}}",
    "{'jsonrpc': '2.0', 'id': 5, 'method': 'logging/setLevel', 'params': {'level': 'info'}}"
  };
  private static final Pattern TOKEN = Pattern.compile("'[^']*'|[\\w.]+|\\S");
  private static final String[] PIECES = {
    "",
    "'",
    "{",
    "}",
    "[",
    "]",
    "{}",
    "[]",
    ",",
    ":",
    "null",
    "true",
    "-1",
    "1.5",
    "1e999",
    "''",
    "'x'",
    "\\",
    "\\u0000",
    "\\ud800",
    "\n",
    "\r",
    "\0",
    "é",
    "\u2028",
    "99999999999999999999",
    "'id'"
  };

  @TempDir private Path folder;

  @Tag("slow")
  @Test
  @Timeout(300)
  void areAnswered() throws IOException {
    Path file = Files.writeString(folder.resolve("config.json"), CONFIG.replace('\'', '"'));
    Connections connections = Connections.read(file, Map.of());
    var random = new Random(30);
    try (PostgresPlugin plugin =
        PostgresPlugin.initialize(
            PluginContext.defaults().withPermissions(connections::permissions))) {
      for (int round = 0; round < ROUNDS; round++) {
        String lines = lines(random);
        var in = new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8));
        var out = new ByteArrayOutputStream();
        try (var server = new Server(plugin, connections, Set.of(), in, out)) {
          server.run();
        }
        assertThat(out.toString(StandardCharsets.UTF_8).split("\n"))
            .as(lines)
            .allMatch(RandomLinesTest::isAnswer)
            .anyMatch(line -> line.contains("\"id\":\"last\",\"result\""));
      }
    }
  }

  private static boolean isAnswer(String line) {
    try {
      JsonNode answer = JSON.readTree(line);
      return answer.path("jsonrpc").asText().equals("2.0")
          && answer.has("result") != answer.has("error")
          && answer.at("/error/code").asInt() != ErrorCode.INTERNAL_ERROR.number();
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  private static String lines(Random random) {
    var lines = new StringBuilder(random.nextBoolean() ? BEGIN + LINES[1] + "\n" : "");
    for (int i = random.nextInt(6); i >= 0; i--) {
      List<String> line =
          TOKEN
              .matcher(LINES[random.nextInt(LINES.length)])
              .results()
              .map(MatchResult::group)
              .collect(Collectors.toCollection(ArrayList::new));
      for (int changes = random.nextInt(3); changes > 0; changes--) {
        line.set(random.nextInt(line.size()), PIECES[random.nextInt(PIECES.length)]);
      }
      lines.append(String.join(" ", line)).append('\n');
    }
    return lines.append(PING).toString().replace('\'', '"');
  }
}
