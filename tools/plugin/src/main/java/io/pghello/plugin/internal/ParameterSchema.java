// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures.Detail;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Validates parameters, configurations and permissions against a subset of JSON Schema. */
public final class ParameterSchema {
  private ParameterSchema() {}

  /** Returns a copy of a schema, with references replaced by their definitions. */
  public static JsonNode resolved(JsonNode schema, JsonNode definitions) {
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
   * Validates a value.
   *
   * @param where the name of the value in error messages
   * @param code the code of the error
   * @throws PostgresException if the value is invalid; the message contains its path
   */
  public static void check(JsonNode schema, JsonNode value, String where, Code code) {
    check(schema, value, new Place(null, where, code));
  }

  /** The path of a value, formatted only for error messages. */
  private record Place(@Nullable Place parent, Object member, Code code) {
    Place at(Object name) {
      return new Place(this, name, code);
    }

    PostgresException refusal(JsonNode schema, String what) {
      return Failures.builder(code, this + " " + what + ".")
          .with(Detail.REMEDY, schema.path("remedy").textValue())
          .build();
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
    if (schema.has("not")) {
      throw where.refusal(schema, "is not supported");
    }
    requireType(schema, value, where);
    if (schema.has("enum") && Json.elements(schema.get("enum")).noneMatch(value::equals)) {
      String known =
          Json.elements(schema.get("enum")).map(JsonNode::asText).collect(Collectors.joining(", "));
      String are = schema.get("enum").size() == 1 ? "must be " : "must be one of ";
      throw where.refusal(schema, are + known);
    }
    if (value.isNumber()) {
      requireRange(schema, value, where);
    } else if (value.isTextual()) {
      requireText(schema, value.textValue(), where);
    } else if (value.isArray()) {
      requireElements(schema, value, where);
    } else if (value.isObject()) {
      requireMembers(schema, value, where);
    }
  }

  private static void requireType(JsonNode schema, JsonNode value, Place where) {
    JsonNode type = schema.path("type");
    boolean right =
        type.isTextual()
            ? is(type.textValue(), value)
            : type.isMissingNode()
                || Json.elements(type).anyMatch(one -> is(one.textValue(), value));
    if (!right) {
      Stream<JsonNode> types = type.isTextual() ? Stream.of(type) : Json.elements(type);
      String known =
          types.map(one -> inWords(one.textValue())).collect(Collectors.joining(", or "));
      throw where.refusal(schema, "must be " + known);
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

  private static String inWords(String type) {
    return switch (type) {
      case "object", "array" -> "an " + type;
      case "string" -> "a string";
      case "boolean" -> "true or false";
      case "integer" -> "an integer";
      default -> type;
    };
  }

  private static void requireRange(JsonNode schema, JsonNode value, Place where) {
    if (schema.has("minimum")
        && (!value.canConvertToLong()
            || value.longValue() < schema.get("minimum").longValue()
            || value.longValue() > schema.get("maximum").longValue())) {
      throw where.refusal(
          schema, "must be between " + schema.get("minimum") + " and " + schema.get("maximum"));
    }
  }

  private static void requireText(JsonNode schema, String text, Place where) {
    if (text.length() < schema.path("minLength").asInt(0)) {
      throw where.refusal(schema, "must not be empty");
    } else if (text.length() > schema.path("maxLength").asInt(Integer.MAX_VALUE)) {
      throw where.refusal(
          schema, "must not be longer than " + schema.get("maxLength") + " characters");
    } else if (schema.has("pattern") && !text.matches(schema.get("pattern").textValue())) {
      throw where.refusal(schema, "must be " + schema.get("description").textValue());
    }
  }

  private static void requireElements(JsonNode schema, JsonNode value, Place where) {
    if (value.size() < schema.path("minItems").asInt(0)) {
      throw where.refusal(schema, "must not be empty");
    }
    JsonNode items = schema.get("items");
    if (items != null) {
      String type = items.path("type").asText();
      boolean isTypeAlone = items.size() == (items.has("description") ? 2 : 1) && !type.isEmpty();
      for (int i = 0; i < value.size(); i++) {
        if (!isTypeAlone || !is(type, value.get(i))) {
          check(items, value.get(i), where.at(i));
        }
      }
    }
  }

  private static void requireMembers(JsonNode schema, JsonNode value, Place where) {
    JsonNode properties = schema.path("properties");
    JsonNode others = schema.path("additionalProperties");
    boolean closed = others.isBoolean();
    // Check for unknown members first, because one of them may be a misspelled required member.
    for (Map.Entry<String, JsonNode> member : value.properties()) {
      if (closed && !properties.has(member.getKey())) {
        throw Failures.withRemedy(
            where.code(),
            where + " has an unknown member " + Texts.oneLine(member.getKey()) + ".",
            remedy(member.getKey(), properties));
      }
    }
    for (JsonNode name : schema.path("required")) {
      if (!value.has(name.textValue())) {
        throw where.refusal(schema, "needs " + name.textValue());
      }
    }
    for (Map.Entry<String, JsonNode> member : value.properties()) {
      JsonNode known = properties.has(member.getKey()) ? properties.get(member.getKey()) : others;
      if (known.isObject()) {
        check(known, member.getValue(), where.at(member.getKey()));
      }
    }
  }

  private static String remedy(String member, JsonNode properties) {
    if (properties.isEmpty()) {
      return "Omit it.";
    }
    List<String> names = properties.properties().stream().map(Map.Entry::getKey).toList();
    String similar =
        names.stream()
            .filter(name -> Texts.areSimilar(name, member))
            .findFirst()
            .map(name -> "Did you mean " + name + "? ")
            .orElse("");
    return similar + "Valid names are " + String.join(", ", names) + ".";
  }
}
