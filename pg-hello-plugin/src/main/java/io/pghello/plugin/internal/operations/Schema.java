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

/** Checks values by the part of JSON Schema that our schemas use. */
public final class Schema {
  private Schema() {}

  /** Returns a copy of a schema with the definitions that it names in place of their names. */
  static JsonNode resolved(JsonNode schema, JsonNode definitions) {
    if (schema.has("$ref")) {
      return resolved(definitions.get(schema.get("$ref").textValue()), definitions);
    } else if (schema.isArray()) {
      ArrayNode array = Json.array();
      schema.forEach(element -> array.add(resolved(element, definitions)));
      return array;
    } else if (schema.isObject()) {
      ObjectNode object = Json.object();
      schema
          .properties()
          .forEach(one -> object.set(one.getKey(), resolved(one.getValue(), definitions)));
      return object;
    }
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
