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
 * One statement, and the values of {@code $1}, {@code $2} and so on.
 *
 * @param sql one statement, with or without a semicolon at its end
 * @param params the values, as JSON has them
 */
public record SqlStatement(String sql, List<JsonNode> params) {
  /** Copies the list. */
  public SqlStatement {
    Objects.requireNonNull(sql, "sql");
    params = List.copyOf(params);
  }

  /** Returns the SQL, and how many values it has; these are data, and are left out. */
  @Override
  public String toString() {
    return "SqlStatement[sql=" + sql + ", params=" + params.size() + "]";
  }

  /**
   * Returns a statement with values of Java.
   *
   * @param params each null, text, number, boolean, {@code byte[]}, UUID, date or time, JSON, or a
   *     collection or map of these
   * @throws IllegalArgumentException if one is anything else
   */
  public static SqlStatement of(String sql, @Nullable Object... params) {
    var nodes = new ArrayList<JsonNode>(params.length);
    Arrays.stream(params).map(Json::of).forEach(nodes::add);
    return new SqlStatement(sql, nodes);
  }
}
