// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.service.Http.Answer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.json.JsonMapper;

/**
 * Sends requests to every path. Each request is smaller than 2 kB and causes as much work as
 * possible.
 */
@ServiceTest
class HostileRequestsIT {
  private static final int MAX_BYTES = 2_000;
  private static final double MAX_CPU_SECONDS = 1;
  private static final int AT_A_TIME = 32;

  private static final List<String> PATHS =
      List.of(
          "/api/greeting/Ada",
          "/api/bulk-greetings",
          "/api/config/greeting",
          "/api/timestamp",
          "/api/info",
          "/api/load",
          "/greeting/Ada",
          "/greetings/batch",
          "/health",
          "/graphql",
          "/v3/api-docs",
          "/actuator/health",
          "/error",
          "/");

  private record Hostile(String name, String method, String path, String type, String body) {
    @Override
    public String toString() {
      return method + " " + path + ": " + name;
    }
  }

  @LocalServerPort int port;
  private Http http = new Http(0);

  @BeforeEach
  void connect() {
    http = new Http(port);
  }

  private static List<Hostile> corpus() {
    var corpus = new ArrayList<Hostile>();
    bodies()
        .forEach(
            (name, body) -> {
              for (String path : PATHS) {
                corpus.add(new Hostile(name, "POST", path, "application/json", body));
              }
            });
    yamls()
        .forEach(
            (name, body) -> {
              for (String path : PATHS) {
                corpus.add(new Hostile(name, "POST", path, "application/yaml", body));
              }
            });
    queries().forEach((name, query) -> corpus.add(graphQl(name, query)));
    tails()
        .forEach(
            (name, tail) -> {
              for (String path : PATHS) {
                corpus.add(new Hostile(name, "GET", path + tail, "application/json", ""));
              }
            });
    assertThat(corpus)
        .allSatisfy(
            each ->
                assertThat(each.path().length() + utf8(each.body()).length)
                    .as("%s", each)
                    .isLessThan(MAX_BYTES));
    return corpus;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Hostile graphQl(String name, String query) {
    String body = JsonMapper.shared().writeValueAsString(Map.of("query", query));
    return new Hostile(name, "POST", "/graphql", "application/json", body);
  }

  private static Map<String, String> bodies() {
    var bodies = new LinkedHashMap<String, String>();
    bodies.put("deep arrays", "[".repeat(1_900));
    bodies.put("deep arrays that end", "[".repeat(900) + "]".repeat(900));
    bodies.put("deep objects", "{\"a\":".repeat(370));
    bodies.put("names that are deep", "{\"names\":" + "[".repeat(900) + "]".repeat(900) + "}");
    bodies.put("many names", "{\"names\":[" + "\"a\",".repeat(450) + "\"a\"],\"repeat\":10}");
    bodies.put("many bad names", "{\"names\":[" + "\"\",".repeat(600) + "\"\"]}");
    bodies.put("many members", members(IntStream.range(0, 200).mapToObj(i -> "a" + i).toList()));
    // these names have the same hash code
    bodies.put("members of one hash", members(sameHashes(200)));
    bodies.put("doubled members", "{" + "\"repeat\":1,".repeat(150) + "\"repeat\":1}");
    bodies.put("a huge number", "{\"names\":[\"a\"],\"repeat\":" + "9".repeat(1_900) + "}");
    bodies.put("a huge exponent", "{\"names\":[\"a\"],\"repeat\":1e999999999}");
    bodies.put("a huge fraction", "{\"repeat\":0." + "9".repeat(1_900) + "e-999999999}");
    bodies.put("a long name", "{\"names\":[\"" + "\\ud83d\\ude00".repeat(150) + "\"]}");
    bodies.put(
        "variables that are deep",
        "{\"query\":\"{__typename}\",\"variables\":{\"a\":"
            + "[".repeat(900)
            + "]".repeat(900)
            + "}}");
    return bodies;
  }

  private static String members(List<String> names) {
    return names.stream().map(n -> '"' + n + "\":1").collect(Collectors.joining(",", "{", "}"));
  }

  private static List<String> sameHashes(int count) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                IntStream.range(0, 8)
                    .mapToObj(bit -> (i >> bit & 1) == 0 ? "Aa" : "BB")
                    .collect(Collectors.joining()))
        .map(name -> name.substring(0, 16))
        .limit(90)
        .toList();
  }

  private static Map<String, String> yamls() {
    var bombs = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 12; i++) {
      String before = "*a" + (i - 1);
      bombs.append("a%d: &a%d [%s]%n".formatted(i, i, (before + ",").repeat(8) + before));
    }
    return Map.of(
        "aliases that multiply", bombs + "names: *a11\n",
        "deep", "[".repeat(1_900),
        "names", "names: [" + "a, ".repeat(500) + "a]\nrepeat: 2.9\n");
  }

  private static Map<String, String> queries() {
    var queries = new LinkedHashMap<String, String>();
    for (int depth = 10; depth <= 40; depth++) {
      for (String field :
          List.of("greeting(name:\"a\"){name}", "timestamp{timestamp_ms}", "__typename")) {
        queries.put("fragments of " + depth + " " + field, fragments(2, depth, field));
      }
    }
    queries.put("fragments by three", fragments(3, 30, "__typename"));
    queries.put("as many fragments as are allowed", fragments(2, 9, "a:__typename ".repeat(60)));
    queries.put(
        "fragments in a circle",
        "{...f0}" + "fragment f0 on Query{...f1}fragment f1 on Query{...f0}");
    queries.put(
        "inline fragments", "{" + "...on Query{".repeat(130) + "__typename" + "}".repeat(131));
    queries.put("one field often", "{" + "__typename ".repeat(160) + "}");
    queries.put("aliases", "{" + names(110, "a%d:__typename") + "}");
    queries.put("aliases of one name", "{" + "a:timestamp{timestamp_ms} ".repeat(70) + "}");
    queries.put("fields that differ", "{" + names(60, "a:greeting(name:\"%d\"){name}") + "}");
    queries.put("statements", "{" + names(60, "a%d:systemInfo{a:__typename}") + "}");
    queries.put(
        "the schema, deep",
        "{__schema{types{fields{type{" + "ofType{".repeat(180) + "name" + "}".repeat(185));
    queries.put(
        "the schema, often",
        "{" + names(25, "a%d:__schema{types{fields{args{type{name}}}}}") + "}");
    queries.put("deep", "{a".repeat(900));
    queries.put("a deep value", "{greeting(name:" + "[".repeat(1_800) + ")}");
    queries.put("directives", "{__typename " + "@skip(if:false)".repeat(120) + "}");
    queries.put("variables", "query(" + names(120, "$a%d:Int=1,") + "){__typename}");
    queries.put("operations", names(80, "query a%d{__typename}"));
    queries.put("commas", "{__typename" + ",".repeat(1_900) + "}");
    queries.put("a huge number", "{greeting(name:\"a\",repeat:" + "9".repeat(1_850) + "){name}}");
    queries.put("a long text", "{greeting(name:\"" + "a".repeat(1_850) + "\"){name}}");
    return queries;
  }

  private static String fragments(int times, int depth, String field) {
    var query = new StringBuilder("{...f0}");
    for (int i = 0; i < depth; i++) {
      query.append(
          "fragment f%d on Query{%s}".formatted(i, ("...f" + (i + 1) + " ").repeat(times)));
    }
    return query.append("fragment f%d on Query{%s}".formatted(depth, field)).toString();
  }

  private static String names(int count, String format) {
    return IntStream.range(0, count).mapToObj(format::formatted).collect(Collectors.joining(" "));
  }

  private static Map<String, String> tails() {
    return Map.of(
        "many parameters", "?" + "repeat=1&".repeat(200),
        "parameters of one hash", "?" + String.join("=1&", sameHashes(90)),
        "a huge number", "?repeat=" + "9".repeat(1_800),
        "a long value", "?batching=" + "%41".repeat(600),
        "segments", "/a".repeat(900),
        "matrix parameters", ";a=1".repeat(400),
        "dots", "/%2e%2e".repeat(250));
  }

  private CompletableFuture<Answer> send(Hostile request) {
    return http.sendAsync(
        request.method(),
        request.path(),
        request.body(),
        "Content-Type",
        request.type(),
        "Authorization",
        ServiceTest.BEARER);
  }

  /**
   * Returns the minimum of three measurements, to exclude JIT compilation and garbage collection.
   */
  private double cpuSeconds(Hostile request) {
    double least = Double.MAX_VALUE;
    for (int i = 0; i < 3 && least > MAX_CPU_SECONDS; i++) {
      long before = processCpuNanos();
      Answer answer = send(request).join();
      assertThat(answer.status()).as("%s", request).isBetween(200, 499);
      least = Math.min(least, (processCpuNanos() - before) / 1e9);
    }
    return least;
  }

  private static long processCpuNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  @Test
  void noneTakesASecondOfCpu() {
    List<Hostile> corpus = corpus();
    assertThat(corpus).hasSizeGreaterThan(300);
    assertThat(corpus.stream().filter(each -> cpuSeconds(each) > MAX_CPU_SECONDS)).isEmpty();
  }

  @Test
  void livenessAnswersDuringHostileRequests() throws Exception {
    var running = new ArrayDeque<CompletableFuture<Answer>>();
    for (Hostile each : corpus()) {
      running.add(send(each));
      if (running.size() == AT_A_TIME) {
        assertThat(http.get("/actuator/health/liveness").status()).isEqualTo(200);
        running.remove().join();
      }
    }
    running.forEach(CompletableFuture::join);
  }
}
