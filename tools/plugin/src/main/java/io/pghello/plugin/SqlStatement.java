// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.internal.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A single SQL statement, with values for its parameters {@code $1}, {@code $2} and so on.
 *
 * @param sql one statement, optionally followed by a semicolon
 * @param params the values as JSON
 */
public record SqlStatement(String sql, List<JsonNode> params) {
  /** Copies the list. */
  public SqlStatement {
    Objects.requireNonNull(sql, "sql");
    params = List.copyOf(params);
  }

  /** Returns the SQL and the number of values. Omits the values, which may be confidential. */
  @Override
  public String toString() {
    return "SqlStatement[sql=" + sql + ", params=" + params.size() + "]";
  }

  /**
   * Creates a statement with Java values.
   *
   * @param params the values: null, strings, numbers, booleans, {@code byte[]}, UUIDs, dates,
   *     times, JSON, or collections or maps of these
   * @throws IllegalArgumentException if a value has an unsupported type
   */
  public static SqlStatement of(String sql, @Nullable Object... params) {
    var nodes = new ArrayList<JsonNode>(params.length);
    Arrays.stream(params).map(Json::of).forEach(nodes::add);
    return new SqlStatement(sql, nodes);
  }
}
