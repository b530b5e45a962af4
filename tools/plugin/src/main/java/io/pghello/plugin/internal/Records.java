// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.Isolation;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Converts validated JSON to records. Unlike Jackson's data binding, this class does not copy JSON:
 * components of type {@link JsonNode} are the caller's nodes, so numbers keep all their digits.
 */
public final class Records {
  private Records() {}

  /** Reads the value of a member of an object. */
  private interface Reader extends Function<JsonNode, @Nullable Object> {}

  /**
   * Returns a function that converts a JSON object to a record whose components have the same names
   * as the object's members. If a member is missing, the component is an empty list, a missing JSON
   * node, false, or null, depending on the component's type.
   */
  public static <R extends Record> Function<JsonNode, R> reader(Class<R> type) {
    Reader reader = ofRecord(type);
    return json -> type.cast(Objects.requireNonNull(reader.apply(json)));
  }

  /** Returns the names of the members that a record reads. */
  public static List<String> names(Class<? extends Record> type) {
    return Arrays.stream(type.getRecordComponents()).map(Records::name).toList();
  }

  private static String name(RecordComponent component) {
    // The annotation is used for names that are reserved words in Java.
    JsonProperty other = component.getAccessor().getAnnotation(JsonProperty.class);
    return other == null ? component.getName() : other.value();
  }

  private static Reader ofRecord(Class<? extends Record> type) {
    RecordComponent[] components = type.getRecordComponents();
    List<String> names = names(type);
    List<Reader> readers =
        Arrays.stream(components).map(component -> of(component.getGenericType())).toList();
    Constructor<?> constructor = type.getDeclaredConstructors()[0];
    constructor.setAccessible(true);
    return json -> {
      var values = new @Nullable Object[components.length];
      Arrays.setAll(values, i -> readers.get(i).apply(json.path(names.get(i))));
      try {
        return constructor.newInstance(values);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(type.getName(), e);
      }
    };
  }

  private static Reader of(Type type) {
    if (type instanceof ParameterizedType list) {
      Reader element = of(list.getActualTypeArguments()[0]);
      return json -> {
        var elements = new ArrayList<@Nullable Object>(json.size());
        json.forEach(one -> elements.add(element.apply(one)));
        return Collections.unmodifiableList(elements);
      };
    } else if (type == JsonNode.class) {
      return json -> json;
    } else if (type == String.class) {
      return JsonNode::textValue;
    } else if (type == Isolation.class) {
      return json -> json.isTextual() ? Isolation.valueOf(json.textValue()) : null;
    } else if (type == boolean.class) {
      return JsonNode::booleanValue;
    } else if (type == Boolean.class) {
      return json -> json.isBoolean() ? json.booleanValue() : null;
    } else if (type == int.class) {
      return JsonNode::intValue;
    } else if (type == long.class) {
      return JsonNode::longValue;
    } else if (type == Long.class) {
      return json -> json.isNumber() ? json.longValue() : null;
    }
    Reader record = ofRecord(((Class<?>) type).asSubclass(Record.class));
    return json -> json.isObject() ? record.apply(json) : null;
  }
}
