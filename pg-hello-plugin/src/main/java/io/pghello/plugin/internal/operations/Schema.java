// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Texts;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes JSON schemas, and checks values by the part of JSON Schema that they use. */
public final class Schema {
  private Schema() {}

  /** Returns the schema of an object, to which {@link #with} adds members; there are no others. */
  static ObjectNode object() {
    ObjectNode schema = Json.object().put("type", "object");
    schema.putObject("properties");
    return schema.put("additionalProperties", false);
  }

  /** Adds a member, which is required if its name ends in an exclamation mark. */
  static ObjectNode with(ObjectNode object, String name, ObjectNode member) {
    boolean required = name.endsWith("!");
    String known = required ? name.substring(0, name.length() - 1) : name;
    ((ObjectNode) object.get("properties")).set(known, member);
    if (required) {
      object.withArray("required").add(known);
    }
    return object;
  }

  static ObjectNode any(String description) {
    return Json.object().put("description", description);
  }

  static ObjectNode text(String description) {
    return any(description).put("type", "string");
  }

  static ObjectNode bool(String description) {
    return any(description).put("type", "boolean");
  }

  static ObjectNode number(String description) {
    return any(description).put("type", "number");
  }

  static ObjectNode integer(String description, long least, long most) {
    return any(description).put("type", "integer").put("minimum", least).put("maximum", most);
  }

  static ObjectNode choice(String description, String... values) {
    ObjectNode schema = text(description);
    ArrayNode known = schema.putArray("enum");
    for (String value : values) {
      known.add(value);
    }
    return schema;
  }

  /** Returns the schema of an object whose members have any names. */
  static ObjectNode map(String description) {
    return any(description).put("type", "object");
  }

  static ObjectNode map(String description, ObjectNode members) {
    return map(description).set("additionalProperties", members);
  }

  static ObjectNode array(String description, ObjectNode elements) {
    return any(description).put("type", "array").set("items", elements);
  }

  static ObjectNode nullable(ObjectNode schema) {
    String type = schema.get("type").textValue();
    schema.putArray("type").add(type).add("null");
    return schema;
  }

  /**
   * Refuses a value that is not as a schema says.
   *
   * @throws PostgresException if it is not; the message says where
   */
  public static void check(JsonNode schema, JsonNode value, String where) {
    check(schema, value, new Place(null, where));
  }

  /** Where a value is, which is written only when it is refused. */
  private record Place(@Nullable Place parent, Object member) {
    Place at(Object name) {
      return new Place(this, name);
    }

    @Override
    public String toString() {
      if (parent == null) {
        return member.toString();
      }
      return parent
          + (member instanceof Integer ? "[" + member + "]" : "." + Texts.oneLine((String) member));
    }
  }

  private static void check(JsonNode schema, JsonNode value, Place where) {
    requireType(schema.path("type"), value, where);
    if (schema.has("enum") && !contains(schema.get("enum"), value)) {
      throw bad(where, "must be one of " + schema.get("enum"));
    }
    if (value.isNumber()) {
      requireRange(schema, value, where);
    } else if (value.isArray()) {
      requireElements(schema, value, where);
    } else if (value.isObject()) {
      requireMembers(schema, value, where);
    }
  }

  private static void requireType(JsonNode type, JsonNode value, Place where) {
    boolean right = type.isMissingNode() || (type.isTextual() && is(type.textValue(), value));
    for (JsonNode one : type) {
      right = right || is(one.textValue(), value);
    }
    if (!right) {
      throw bad(where, "must be of type " + type.toString().replace("\"", ""));
    }
  }

  private static boolean is(String type, JsonNode value) {
    return switch (type) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "boolean" -> value.isBoolean();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      default -> value.isNull();
    };
  }

  private static void requireRange(JsonNode schema, JsonNode value, Place where) {
    if (schema.has("minimum")
        && (!value.canConvertToLong()
            || value.longValue() < schema.get("minimum").longValue()
            || value.longValue() > schema.get("maximum").longValue())) {
      throw bad(
          where, "must be between " + schema.get("minimum") + " and " + schema.get("maximum"));
    }
  }

  private static void requireElements(JsonNode schema, JsonNode value, Place where) {
    if (value.size() < schema.path("minItems").asInt(0)) {
      throw bad(where, "must not be empty");
    }
    JsonNode items = schema.get("items");
    if (items != null) {
      for (int i = 0; i < value.size(); i++) {
        check(items, value.get(i), where.at(i));
      }
    }
  }

  private static void requireMembers(JsonNode schema, JsonNode value, Place where) {
    for (JsonNode name : schema.path("required")) {
      if (!value.has(name.textValue())) {
        throw bad(where, "needs " + name.textValue());
      }
    }
    JsonNode properties = schema.path("properties");
    JsonNode others = schema.path("additionalProperties");
    if (properties.isMissingNode() && others.isMissingNode()) {
      return;
    }
    for (Map.Entry<String, JsonNode> member : value.properties()) {
      JsonNode known = properties.path(member.getKey());
      if (known.isObject()) {
        check(known, member.getValue(), where.at(member.getKey()));
      } else if (others.isObject()) {
        check(others, member.getValue(), where.at(member.getKey()));
      } else if (others.isBoolean()) {
        throw bad(where, "has no member " + Texts.oneLine(member.getKey()));
      }
    }
  }

  private static boolean contains(JsonNode values, JsonNode value) {
    for (JsonNode known : values) {
      if (known.equals(value)) {
        return true;
      }
    }
    return false;
  }

  private static PostgresException bad(Place where, String what) {
    return Failures.badRequest(where + " " + what + ".");
  }
}
