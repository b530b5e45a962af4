// SPDX-License-Identifier: MIT
package io.pghello.examples.service.openapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pghello.examples.service.Http;
import io.pghello.examples.service.ServiceTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openapi4j.core.validation.ValidationException;
import org.openapi4j.parser.OpenApi3Parser;
import org.openapi4j.parser.model.v3.OpenApi3;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** Compares the OpenAPI document with the guide's document, and validates it. */
@ServiceTest
class OpenApiIT {
  @LocalServerPort int port;
  private JsonNode api = tools.jackson.databind.node.MissingNode.getInstance();

  @BeforeEach
  void read() throws Exception {
    api = new Http(port).get("/v3/api-docs").json();
  }

  /** Returns a schema, resolving references. */
  private JsonNode schema(JsonNode schema) {
    String reference = schema.path("$ref").asString("");
    return reference.isEmpty() ? schema : schema(api.at(reference.substring(1)));
  }

  private JsonNode operation(String path, String method) {
    JsonNode operation = api.path("paths").path(path).path(method);
    assertThat(operation.isMissingNode()).as("%s %s", method, path).isFalse();
    return operation;
  }

  private static List<String> names(JsonNode object) {
    return object.propertyNames().stream().sorted().toList();
  }

  private JsonNode answer(String path, String method) {
    JsonNode content = operation(path, method).at("/responses/200/content");
    assertThat(names(content)).as("%s %s", method, path).containsExactly("application/json");
    return schema(content.path("application/json").path("schema"));
  }

  private JsonNode body(String path) {
    JsonNode body = operation(path, "post").path("requestBody");
    assertThat(body.path("required").asBoolean()).isTrue();
    return schema(body.path("content").path("application/json").path("schema"));
  }

  @ParameterizedTest
  @CsvSource({
    "/api/greeting/{name},  get,  greeting timestamp_ms",
    "/api/config/greeting,  post, message test_result",
    "/api/bulk-greetings,   post, greetings",
    "/api/timestamp,        get,  timestamp_ms",
    "/api/info,             get,  extension_version postgresql_version",
    "/greeting/{name},      get,  cached greeting timestamp_ms",
    "/greetings/batch,      post, count greetings",
    "/health,               get,  code service status"
  })
  void hasThePathsOfTheGuideWithTheirFields(String path, String method, String fields) {
    assertThat(names(answer(path, method).path("properties"))).containsExactly(fields.split(" "));
  }

  @Test
  void hasTheTypesOfTheGuide() {
    assertThat(api.path("openapi").asString()).startsWith("3.0.");
    assertThat(api.at("/info/title").asString()).isEqualTo("pg_hello Extension API");
    JsonNode time = answer("/api/greeting/{name}", "get").at("/properties/timestamp_ms");
    assertThat(time.path("type").asString()).isEqualTo("integer");
    assertThat(time.path("format").asString()).isEqualTo("int64");
    JsonNode items =
        schema(answer("/api/bulk-greetings", "post").at("/properties/greetings/items"));
    assertThat(names(items.path("properties"))).containsExactly("greeting", "name");
  }

  @Test
  void documentsParameterLimits() {
    for (String path : List.of("/api/greeting/{name}", "/greeting/{name}")) {
      JsonNode parameters = operation(path, "get").path("parameters");
      JsonNode name = parameters.path(0);
      assertThat(name.path("in").asString()).isEqualTo("path");
      assertThat(name.path("required").asBoolean()).isTrue();
      assertThat(name.at("/schema/minLength").asInt()).isEqualTo(1);
      assertThat(name.at("/schema/maxLength").asInt()).isEqualTo(50);
      JsonNode repeat = parameters.path(1);
      assertThat(repeat.path("required").asBoolean()).isFalse();
      assertRepeat(repeat.path("schema"));
      assertThat(repeat.path("description").asString()).contains("configured count");
    }
    for (String path : List.of("/api/bulk-greetings", "/greetings/batch")) {
      JsonNode properties = body(path).path("properties");
      assertThat(properties.at("/names/maxItems").asInt()).isEqualTo(1_000);
      assertThat(properties.at("/names/items/maxLength").asInt()).isEqualTo(50);
      assertRepeat(properties.path("repeat"));
      assertThat(properties.at("/repeat/description").asString()).contains("configured count");
    }
    assertRepeat(body("/api/config/greeting").at("/properties/repeat"));
  }

  /** With the guide's default of 1, the configured count would never be used. */
  private static void assertRepeat(JsonNode schema) {
    assertThat(schema.path("type").asString()).isEqualTo("integer");
    assertThat(schema.path("minimum").asInt()).isEqualTo(1);
    assertThat(schema.path("maximum").asInt()).isEqualTo(10);
    assertThat(schema.has("default")).isFalse();
  }

  @Test
  void documentsErrorResponses() {
    assertThat(names(operation("/api/greeting/{name}", "get").path("responses")))
        .containsExactly("200", "400", "503");
    assertThat(names(operation("/greeting/{name}", "get").path("responses")))
        .containsExactly("200", "400", "503");
    for (String path : List.of("/api/bulk-greetings", "/greetings/batch")) {
      assertThat(names(operation(path, "post").path("responses")))
          .containsExactly("200", "400", "413", "415", "503");
    }
    assertThat(names(operation("/api/config/greeting", "post").path("responses")))
        .containsExactly("200", "400", "401", "403", "413", "415", "429", "503");
    assertThat(operation("/api/config/greeting", "post").at("/security/0").has("administrator"))
        .isTrue();
    JsonNode eviction = operation("/greeting/{name}", "delete");
    assertThat(names(eviction.path("responses")))
        .containsExactly("204", "400", "401", "403", "429", "503");
    assertThat(eviction.at("/security/0").has("administrator")).isTrue();
    assertThat(names(operation("/api/timestamp", "get").path("responses")))
        .containsExactly("200", "503");
    assertThat(names(operation("/health", "get").path("responses"))).containsExactly("200", "503");
    assertThat(api.at("/paths/~1health/get/responses/503/content").propertyNames())
        .containsExactly("application/json");
    for (JsonNode path : api.path("paths")) {
      for (JsonNode operation : path) {
        assertThat(operation.path("tags").toString()).isEqualTo("[\"greeting\"]");
        for (JsonNode answer : operation.path("responses")) {
          assertThat(answer.path("description").asString()).matches("[A-Z][a-z].{6,}");
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/api/greeting/{name},  get,  Get personalized greeting,     Successful greeting",
    "/api/config/greeting,  post, Update greeting configuration, Configuration updated",
    "/api/bulk-greetings,   post, Get multiple greetings,        Bulk greetings generated"
  })
  void usesTheDescriptionsOfTheGuide(String path, String method, String summary, String answer) {
    JsonNode operation = operation(path, method);
    assertThat(operation.path("summary").asString()).isEqualTo(summary);
    assertThat(operation.at("/responses/200/description").asString()).isEqualTo(answer);
    assertThat(api.at("/info/description").asString())
        .isEqualTo("REST API for PostgreSQL pg_hello extension");
  }

  @Test
  void givesGeneratedClientsNamesThatStay() {
    var ids = new ArrayList<String>();
    for (JsonNode path : api.path("paths")) {
      for (JsonNode operation : path) {
        ids.add(operation.path("operationId").asString());
        assertThat(operation.path("summary").asString()).isNotEmpty();
      }
    }
    assertThat(ids)
        .containsExactlyInAnyOrder(
            "greet",
            "configureGreeting",
            "greetMany",
            "timestamp",
            "info",
            "greetByCache",
            "evictGreeting",
            "greetBatch",
            "health");
  }

  @ParameterizedTest
  @CsvSource({
    "/api/greeting/{name},  get,  greeting timestamp_ms",
    "/api/config/greeting,  post, message test_result",
    "/api/bulk-greetings,   post, greetings",
    "/greeting/{name},      get,  cached greeting timestamp_ms",
    "/health,               get,  service status"
  })
  void documentsRequiredFields(String path, String method, String fields) {
    JsonNode required = answer(path, method).path("required");
    assertThat(required.valueStream().map(JsonNode::asString).sorted())
        .containsExactly(fields.split(" "));
    assertThat(api.at("/components/schemas/Greeting/required").size()).isEqualTo(2);
    assertThat(api.at("/components/schemas/Problem/required").size()).isEqualTo(5);
  }

  @Test
  void doesNotDependOnTheRequest() {
    assertThat(api.path("servers").toString()).isEqualTo("[{\"url\":\"/\"}]");
  }

  @Test
  void hasNothingThatMayBeOff() {
    assertThat(names(api.path("paths"))).doesNotContain("/api/load");
  }

  /** Validates the document with an independent validator. */
  @Test
  void isValid(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("api.json");
    Files.writeString(file, api.toString());
    OpenApi3 read = new OpenApi3Parser().parse(file.toFile(), true);
    assertThat(read.getPaths()).containsKey("/greeting/{name}").doesNotContainKey("/error");
    Files.writeString(file, api.toString().replace("\"in\":\"path\"", "\"in\":\"nowhere\""));
    assertThatExceptionOfType(ValidationException.class)
        .isThrownBy(() -> new OpenApi3Parser().parse(file.toFile(), true));
  }

  @Test
  void everyReferenceLeadsSomewhere() {
    Stream<String> references = api.findValues("$ref").stream().map(JsonNode::asString);
    assertThat(references).isNotEmpty().noneMatch(r -> api.at(r.substring(1)).isMissingNode());
  }
}
