// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * Rows, as the server made JSON of them.
 *
 * @param rows one object for each row, whose members are in the order of the columns
 * @param rowCount the number of rows; of a statement that returns none, of those it changed
 * @param truncated whether the connection's limit of rows cut the rest off
 */
public record QueryResult(List<ObjectNode> rows, long rowCount, boolean truncated) {
  /** Copies the list. */
  public QueryResult {
    rows = List.copyOf(rows);
  }
}
