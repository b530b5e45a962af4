// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * SQL that this library has written, with {@code $1}, {@code $2} and so on.
 *
 * @param sql the statement
 * @param params the values
 */
public record Text(String sql, List<JsonNode> params) {
  /** Copies the list. */
  public Text {
    params = List.copyOf(params);
  }
}
