// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Records;
import io.pghello.plugin.internal.Schema;
import io.pghello.plugin.internal.Texts;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Reads a configuration in JSON, flat or nested. Each option works, or is refused by its name. */
public final class ConfigReader {
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}");
  private static final Pattern AUTH =
      Pattern.compile(
          "(!?)(password|md5|scram-sha-256|none)(,\\1(password|md5|scram-sha-256|none))*");
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "::1");
  private static final int IDLE_MILLIS_MIN = 10_000;

  /** The options by their groups, with the schema of each. */
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
   * Returns the configuration.
   *
   * @throws PostgresException if an option is unknown, wrong, or has a replacement
   */
  public static ConnectionConfig read(JsonNode json) {
    Schema.check(SCHEMA, json, "config", Code.BAD_CONFIG);
    return new ConfigReader(json).read();
  }

  private void put(Map.Entry<String, JsonNode> option) {
    String name = option.getKey();
    if (option.getValue().isTextual()) {
      Texts.check(option.getValue().textValue(), Code.BAD_CONFIG, "The option " + name);
    }
    if (options.replace(name, option.getValue()) != null) {
      throw bad("The option " + name + " is given twice.", "Give it once, flat or nested.");
    }
  }

  private ConnectionConfig read() {
    refuseReplaced();
    String host = options.get("host").textValue();
    if (!HOST.matcher(host).matches()) {
      throw bad("host is no name or address of a host.", "Give one host; port has its own option.");
    }
    if (options.get("min").intValue() > options.get("max").intValue()) {
      throw bad("min is greater than max.", "Lower pool.min, or raise pool.max.");
    }
    long idle = options.get("idleTimeoutMillis").longValue();
    if (idle > 0 && idle < IDLE_MILLIS_MIN) {
      throw bad(
          "idleTimeoutMillis is less than " + IDLE_MILLIS_MIN + ".",
          "Give " + IDLE_MILLIS_MIN + " or more, or 0 to keep idle connections.");
    }
    if (!options.has("user")) {
      throw bad("The option user is missing.", "Give it the role that logs in.");
    }
    if (options.has("requireAuth")
        && !AUTH.matcher(options.get("requireAuth").textValue()).matches()) {
      throw bad(
          "requireAuth is no list of password, md5, scram-sha-256 and none.",
          "Name those that the server may ask by, with commas between; or with ! before each, those"
              + " that it may not.");
    }
    options.putIfAbsent("database", options.get("user"));
    options.set("tls", tls(host));
    return READER.apply(options);
  }

  private void refuseReplaced() {
    if (options.has("maxUses")) {
      throw bad(
          "The option pool.maxUses has no counterpart: the pool does not count uses.",
          "Use pool.maxLifetimeMillis.");
    }
    if (!options.get("allowExitOnIdle").booleanValue()) {
      throw bad(
          "The option pool.allowExitOnIdle cannot be false: a pool keeps no program alive.",
          "Leave it out, and keep a thread of your own.");
    }
    if (options.get("logParameters").booleanValue()) {
      throw bad(
          "The option logging.logParameters cannot be true: parameters are data, and logs are not"
              + " the place for it.",
          "Leave it out; logging.logQueries logs statements without their parameters.");
    }
    if (!options.path("ssl").path("rejectUnauthorized").asBoolean(true)) {
      throw bad(
          "The option ssl.rejectUnauthorized cannot be false: anybody's certificate would pass.",
          "Give the server's certificate, or that of its authority, as ssl.ca.");
    }
  }

  private ObjectNode tls(String host) {
    JsonNode ssl = options.path("ssl");
    if (!ssl.isObject() && !ssl.asBoolean(!LOOPBACK.contains(host))) {
      return Json.object().put("mode", Tls.DISABLE);
    }
    ObjectNode tls = Json.object().put("mode", "verify-" + ssl.path("verify").asText("full"));
    tls.setAll(ssl instanceof ObjectNode given ? given : Json.object());
    // once, as the driver would hide what is wrong
    Pem.context(
        tls.path("ca").textValue(), tls.path("cert").textValue(), tls.path("key").textValue());
    return tls;
  }

  private static PostgresException bad(String message, String remedy) {
    return Failures.withRemedy(Code.BAD_CONFIG, message, remedy);
  }
}
