// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures.Detail;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalAmount;
import java.util.Arrays;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** Converts Java values to JSON, and JSON to text. */
public final class Json {
  private static final JsonMapper MAPPER = new JsonMapper();

  private Json() {}

  /** Returns a new object. */
  public static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** Returns a new array. */
  public static ArrayNode array() {
    return JsonNodeFactory.instance.arrayNode();
  }

  /** Returns the elements of an array, or the values of an object. */
  public static Stream<JsonNode> elements(JsonNode json) {
    return StreamSupport.stream(json.spliterator(), false);
  }

  /** Reads JSON from a resource in the same package as a class. */
  public static JsonNode resource(Class<?> beside, String name) {
    try {
      return MAPPER.readTree(Texts.resource(beside, name));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns JSON as text. Rejects JSON that is nested too deeply for parsers. */
  public static String text(JsonNode json) {
    try {
      return MAPPER.writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw Failures.of(Code.BAD_VALUE, "A value is nested too deeply, or is not JSON.");
    }
  }

  /** Rejects duplicate column names. */
  public static void requireDistinct(String[] names) {
    ObjectNode row = object();
    for (String name : names) {
      add(row, name, row.nullNode());
    }
  }

  /** Adds a column to a row, with JSON null for a null value. Rejects a duplicate name. */
  public static void add(ObjectNode row, String name, @Nullable JsonNode value) {
    if (row.replace(name, value) != null) {
      throw Failures.builder(Code.BAD_SQL, "Two columns of the result have the same name.")
          .with(Detail.COLUMN, name)
          .remedy("Rename one of them with AS.")
          .build();
    }
  }

  /** Converts a record to an object. */
  public static JsonNode of(Record value) {
    return MAPPER.valueToTree(value);
  }

  /** Converts a Java value to JSON; see {@link io.pghello.plugin.SqlStatement#of}. */
  public static JsonNode of(@Nullable Object value) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    if (value == null) {
      return nodes.nullNode();
    } else if (value instanceof String text) {
      return nodes.textNode(text);
    } else if (value instanceof JsonNode node) {
      return node;
    } else if (value instanceof Boolean known) {
      return nodes.booleanNode(known);
    } else if (value instanceof BigDecimal number) {
      return nodes.numberNode(number);
    } else if (value instanceof BigInteger number) {
      return nodes.numberNode(number);
    } else if (value instanceof Double || value instanceof Float) {
      return nodes.numberNode(Double.parseDouble(value.toString()));
    } else if (value instanceof Number number) {
      return nodes.numberNode(number.longValue());
    } else if (value instanceof byte[] bytes) {
      return nodes.binaryNode(bytes);
    } else if (value.getClass() == Date.class) {
      return nodes.textNode(((Date) value).toInstant().toString());
    } else if (value instanceof CharSequence
        || value instanceof Character
        || value instanceof UUID
        || value instanceof Enum
        || value instanceof TemporalAccessor
        || value instanceof TemporalAmount) {
      return nodes.textNode(value.toString());
    } else if (value instanceof Map<?, ?> map) {
      ObjectNode object = object();
      map.forEach((name, member) -> object.set(String.valueOf(name), of(member)));
      return object;
    } else if (value instanceof Iterable<?> many) {
      ArrayNode array = nodes.arrayNode();
      many.forEach(element -> array.add(of(element)));
      return array;
    } else if (value instanceof Object[] many) {
      return of(Arrays.asList(many));
    }
    throw new IllegalArgumentException(
        "a parameter cannot be a " + value.getClass().getName() + "; convert it to a string");
  }

  /** Returns a row. The column names must be distinct. */
  public static ObjectNode row(String[] names, JsonNode[] values, int begin, int end) {
    Map<String, JsonNode> members = new LinkedHashMap<>(2 * (end - begin));
    for (int i = begin; i < end; i++) {
      members.put(names[i], values[i]);
    }
    return new ObjectNode(JsonNodeFactory.instance, members);
  }
}
