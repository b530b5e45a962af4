// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.sql.DollarSql;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.ParameterList;
import org.postgresql.core.Query;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.ResultHandlerBase;

/**
 * Converts JSON values to statement parameters. The parameters are sent as text, and the server
 * determines their types.
 */
public final class Bindings {
  // Without this limit, 1e999999999 would expand to a gigabyte of zeros.
  private static final int PLAIN_SCALE_MAX = 400;
  private static final int DIMENSIONS_MAX = 6;

  private static final String ARRAYS =
      "SELECT t.oid::pg_catalog.int8, t.typdelim::pg_catalog.text"
          + " FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=)"
          + " ANY (?::pg_catalog.oid[]) AND (t.typcategory OPERATOR(pg_catalog.=) 'A'"
          // 2287 is the OID of record[], the pseudo-type for an array of any composite type.
          + " OR t.oid OPERATOR(pg_catalog.=) 2287)";

  private Bindings() {}

  /**
   * The values of a statement's parameters, in PostgreSQL's text format.
   *
   * @param texts the value for each placeholder; null for SQL NULL
   * @param remembered whether the information about arrays was taken from the cache
   */
  record Values(List<@Nullable String> texts, boolean remembered) {}

  /**
   * Returns the values of a statement's parameters. A JSON array can become a PostgreSQL array or a
   * JSON value. To determine which, this method queries the server once for each statement, which
   * takes two round trips.
   *
   * @param text the SQL that is sent to the server
   * @param sql the statement that this SQL contains
   * @param cache the cache that contains, for each parameter, the delimiter of its array type;
   *     empty if it is not an array. The key of an entry is the statement, because a retry can send
   *     the statement with different SQL around it
   */
  static Values values(
      BaseConnection connection,
      String text,
      DollarSql sql,
      List<JsonNode> values,
      Map<String, List<String>> cache)
      throws SQLException {
    List<Integer> order = sql.order();
    List<String> delimiters = List.of();
    List<String> known = null;
    var texts = new ArrayList<@Nullable String>(order.size());
    for (int i = 0; i < order.size(); i++) {
      JsonNode value = values.get(order.get(i) - 1);
      if (value.isArray() && delimiters.isEmpty()) {
        known = cache.get(sql.jdbc());
        delimiters = known == null ? delimiters(connection, text) : known;
        if (text.length() <= BoundedCache.TEXT_MAX) {
          cache.put(sql.jdbc(), delimiters);
        }
      }
      String delimiter = delimiters.isEmpty() ? "" : delimiters.get(i);
      texts.add(text(value, delimiter, "The value of $" + order.get(i)));
    }
    return new Values(texts, known != null);
  }

  /** Sets the parameters of a statement. */
  static void bind(PreparedStatement statement, Values values) throws SQLException {
    for (int i = 0; i < values.texts().size(); i++) {
      String text = values.texts().get(i);
      if (text == null) {
        statement.setNull(i + 1, Types.OTHER);
      } else {
        statement.setObject(i + 1, text, Types.OTHER);
      }
    }
  }

  /**
   * Returns the delimiters of the parameters' array types; empty for parameters that are not
   * arrays. The driver could look up the types too, but its query uses names that other schemas in
   * the search_path could redefine.
   */
  private static List<String> delimiters(BaseConnection connection, String text)
      throws SQLException {
    int[] types = types(connection, text);
    var delimiters = new HashMap<Long, String>();
    try (PreparedStatement ask = connection.prepareStatement(ARRAYS)) {
      String all =
          IntStream.of(types).mapToObj(Integer::toUnsignedString).collect(Collectors.joining(","));
      ask.setObject(1, "{" + all + "}", Types.OTHER);
      try (ResultSet result = ask.executeQuery()) {
        while (result.next()) {
          delimiters.put(result.getLong(1), result.getString(2));
        }
      }
    }
    return IntStream.of(types)
        .mapToObj(type -> delimiters.getOrDefault(Integer.toUnsignedLong(type), ""))
        .toList();
  }

  /** Returns the type OIDs of the parameters, in one round trip. */
  static int[] types(BaseConnection connection, String text) throws SQLException {
    Query query = connection.createQuery(text, false, true).query;
    ParameterList parameters = query.createParameterList();
    connection
        .getQueryExecutor()
        .execute(
            query,
            parameters,
            new ResultHandlerBase() {
              @Override
              public void handleWarning(SQLWarning warning) {
                // The warning is ignored, because it may contain data.
              }
            },
            0,
            0,
            QueryExecutor.QUERY_ONESHOT
                | QueryExecutor.QUERY_DESCRIBE_ONLY
                | (connection.getAutoCommit() ? QueryExecutor.QUERY_SUPPRESS_BEGIN : 0)
                | (connection.hintReadOnly() ? QueryExecutor.QUERY_READ_ONLY_HINT : 0));
    return parameters.getTypeOIDs();
  }

  /**
   * Returns a value in PostgreSQL's text format; null for JSON null.
   *
   * @param delimiter the delimiter of the array type to which a JSON array is converted; empty if
   *     the type is not an array type
   */
  public static @Nullable String text(JsonNode value, String delimiter, String what) {
    if (value.isNull()) {
      return null;
    } else if (value.isTextual()) {
      return Failures.requireText(value.textValue(), Code.BAD_VALUE, what);
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
    } else if (value.isArray() && !delimiter.isEmpty()) {
      return literal(value, delimiter, what, 1);
    } else if (value.isPojo()) {
      throw Failures.of(Code.BAD_VALUE, what + " is not JSON.");
    }
    return value.isContainerNode()
        ? Failures.requireText(Json.text(value), Code.BAD_VALUE, what)
        : value.asText();
  }

  private static String literal(JsonNode array, String delimiter, String what, int dimension) {
    if (dimension > DIMENSIONS_MAX) {
      throw Failures.of(Code.BAD_VALUE, what + " has more dimensions than an array can have.");
    }
    return Json.elements(array)
        .map(
            element ->
                element.isArray()
                    ? literal(element, delimiter, what, dimension + 1)
                    : quoted(text(element, "", what)))
        .collect(Collectors.joining(delimiter, "{", "}"));
  }

  /** Quotes an element for an array literal. */
  public static String quoted(@Nullable String element) {
    return element == null
        ? "NULL"
        : '"' + element.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
