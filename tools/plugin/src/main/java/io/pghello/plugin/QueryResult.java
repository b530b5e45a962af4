// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * The rows of a result. Each row is a JSON object.
 *
 * @param rows one object for each row, with members in the order of the columns
 * @param rowCount the number of rows; for statements that return no rows, the number of changed
 *     rows
 * @param truncated whether there were more rows than the connection's row limit
 */
public record QueryResult(List<ObjectNode> rows, long rowCount, boolean truncated) {
  /** Copies the list. */
  public QueryResult {
    rows = List.copyOf(rows);
  }
}
