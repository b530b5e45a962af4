// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Texts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes parameters of values in JSON: texts, whose types the server knows. */
public final class Bindings {
  // one of 1e999999999 would have a gigabyte of zeros
  private static final int PLAIN_SCALE_MAX = 400;
  private static final int DIMENSIONS_MAX = 6;

  private Bindings() {}

  /**
   * Sets the parameters of a statement. An array may be one of PostgreSQL's or one of JSON, so the
   * server is asked once, which costs a round trip. Returns whether it was asked before.
   *
   * @param order for each place, the number of its value, from 1
   * @param cache types that were asked for, by the statement's text
   */
  static boolean bind(
      PreparedStatement statement,
      String text,
      List<Integer> order,
      List<JsonNode> values,
      Map<String, List<String>> cache)
      throws SQLException {
    List<String> types = List.of();
    List<String> known = null;
    if (hasArray(values)) {
      known = cache.get(text);
      types = known == null ? types(statement) : known;
      if (text.length() <= BoundedCache.TEXT_MAX) {
        cache.put(text, types);
      }
    }
    for (int i = 0; i < order.size(); i++) {
      JsonNode value = values.get(order.get(i) - 1);
      String parameter =
          text(
              value,
              !types.isEmpty() && types.get(i).startsWith("_"),
              "The value of $" + order.get(i));
      if (parameter == null) {
        statement.setNull(i + 1, Types.OTHER);
      } else {
        statement.setObject(i + 1, parameter, Types.OTHER);
      }
    }
    return known != null;
  }

  private static boolean hasArray(List<JsonNode> values) {
    for (JsonNode value : values) {
      if (value.isArray()) {
        return true;
      }
    }
    return false;
  }

  private static List<String> types(PreparedStatement statement) throws SQLException {
    ParameterMetaData parameters = statement.getParameterMetaData();
    var types = new ArrayList<String>();
    for (int i = 1; i <= parameters.getParameterCount(); i++) {
      types.add(parameters.getParameterTypeName(i));
    }
    return types;
  }

  /**
   * Returns a value as PostgreSQL reads it; null for null.
   *
   * @param array whether an array is PostgreSQL's, and not JSON's
   */
  public static @Nullable String text(JsonNode value, boolean array, String what) {
    if (value.isNull()) {
      return null;
    } else if (value.isTextual()) {
      return Texts.check(value.textValue(), Code.BAD_VALUE, what);
    } else if (value.isBigDecimal()) {
      var number = value.decimalValue();
      return Math.abs((long) number.scale()) > PLAIN_SCALE_MAX
          ? number.toString()
          : number.toPlainString();
    } else if (value.isBinary()) {
      try {
        return "\\x" + HexFormat.of().formatHex(value.binaryValue());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    } else if (value.isArray() && array) {
      return literal(value, what, 1);
    } else if (value.isPojo()) {
      throw Failures.of(Code.BAD_VALUE, what + " is no JSON.");
    }
    return value.isContainerNode()
        ? Texts.check(Json.text(value), Code.BAD_VALUE, what)
        : value.asText();
  }

  private static String literal(JsonNode array, String what, int dimension) {
    if (dimension > DIMENSIONS_MAX) {
      throw Failures.of(Code.BAD_VALUE, what + " has more dimensions than an array may have.");
    }
    var literal = new StringBuilder("{");
    for (JsonNode element : array) {
      if (literal.length() > 1) {
        literal.append(',');
      }
      if (element.isArray()) {
        literal.append(literal(element, what, dimension + 1));
      } else {
        appendQuoted(literal, text(element, false, what));
      }
    }
    return literal.append('}').toString();
  }

  /** Appends an element of an array to its literal. */
  public static void appendQuoted(StringBuilder literal, @Nullable String element) {
    if (element == null) {
      literal.append("NULL");
      return;
    }
    literal.append('"');
    for (int i = 0; i < element.length(); i++) {
      char c = element.charAt(i);
      if (c == '"' || c == '\\') {
        literal.append('\\');
      }
      literal.append(c);
    }
    literal.append('"');
  }
}
