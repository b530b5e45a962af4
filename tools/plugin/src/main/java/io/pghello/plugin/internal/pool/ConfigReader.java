// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.ParameterSchema;
import io.pghello.plugin.internal.Records;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Parses a flat or nested JSON configuration. If an option would have no effect, parsing fails with
 * an error that names the option.
 */
public final class ConfigReader {
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "::1");
  private static final int IDLE_MILLIS_MIN = 10_000;

  /** The schema of each option, by group. */
  private static final JsonNode GROUPS = Json.resource(ConfigReader.class, "options.json");

  private static final JsonNode SCHEMA = schema();

  private static final Function<JsonNode, ConnectionConfig> READER =
      Records.reader(ConnectionConfig.class);

  private final ObjectNode options = Json.object();

  private ConfigReader(JsonNode json) {
    for (Map.Entry<String, JsonNode> member : json.properties()) {
      if (GROUPS.has(member.getKey())) {
        member.getValue().properties().forEach(this::put);
      } else {
        put(member);
      }
    }
    for (JsonNode group : GROUPS) {
      for (Map.Entry<String, JsonNode> option : group.properties()) {
        if (option.getValue().has("default")) {
          options.putIfAbsent(option.getKey(), option.getValue().get("default"));
        }
      }
    }
  }

  private static JsonNode schema() {
    ObjectNode flat = Json.object();
    flat.setAll((ObjectNode) GROUPS.get("connection"));
    flat.setAll((ObjectNode) GROUPS.get("pool"));
    GROUPS.properties().forEach(group -> flat.set(group.getKey(), object(group.getValue())));
    return object(flat);
  }

  private static ObjectNode object(JsonNode properties) {
    ObjectNode schema = Json.object().put("type", "object").put("additionalProperties", false);
    return schema.set("properties", properties);
  }

  /**
   * Parses a configuration.
   *
   * @throws PostgresException if an option is unknown or invalid, or has been replaced by another
   *     option
   */
  public static ConnectionConfig read(JsonNode json) {
    ParameterSchema.check(SCHEMA, json, "config", Code.BAD_CONFIG);
    return new ConfigReader(json).read();
  }

  private void put(Map.Entry<String, JsonNode> option) {
    String name = option.getKey();
    if (option.getValue().isTextual()) {
      Failures.requireText(option.getValue().textValue(), Code.BAD_CONFIG, "The option " + name);
    }
    if (options.replace(name, option.getValue()) != null) {
      throw Failures.badConfig(
          "The option " + name + " is set twice.", "Set it once, flat or nested.");
    }
  }

  private ConnectionConfig read() {
    String host = options.get("host").textValue();
    if (options.get("min").intValue() > options.get("max").intValue()) {
      throw Failures.badConfig(
          "min must not be greater than max.", "Decrease pool.min, or increase pool.max.");
    }
    long idle = options.get("idleTimeoutMillis").longValue();
    if (idle > 0 && idle < IDLE_MILLIS_MIN) {
      throw Failures.badConfig(
          "idleTimeoutMillis must be 0 or at least " + IDLE_MILLIS_MIN + ".",
          "Set it to " + IDLE_MILLIS_MIN + " or more, or to 0 to keep idle connections.");
    }
    if (!options.has("user")) {
      throw Failures.badConfig("The option user is missing.", "Set it to the login role.");
    }
    options.putIfAbsent("database", options.get("user"));
    options.set("tls", tls(host));
    return READER.apply(options);
  }

  private ObjectNode tls(String host) {
    JsonNode ssl = options.path("ssl");
    if (!ssl.isObject() && !ssl.asBoolean(!LOOPBACK.contains(host))) {
      return Json.object().put("mode", Tls.DISABLE);
    }
    ObjectNode tls = Json.object().put("mode", "verify-" + ssl.path("verify").asText("full"));
    tls.setAll(ssl instanceof ObjectNode given ? given : Json.object());
    // Validate the certificates and keys here, because the driver would hide the cause of an error.
    Pem.context(
        tls.path("ca").textValue(), tls.path("cert").textValue(), tls.path("key").textValue());
    return tls;
  }
}
