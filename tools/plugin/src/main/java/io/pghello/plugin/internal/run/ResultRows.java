// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.QueryResult;
import io.pghello.plugin.internal.rows.ColumnReader;
import io.pghello.plugin.internal.rows.RowReader;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postgresql.core.BaseConnection;

/** Reads the rows of results, up to a maximum number. */
final class ResultRows {
  private final BaseConnection server;
  private final RowReader reader;

  ResultRows(BaseConnection server, int maxBytes) {
    this.server = server;
    this.reader = new RowReader(maxBytes);
  }

  /** Returns the columns of a result; empty if the server must convert its rows to JSON. */
  Optional<ColumnReader> columns(ResultSet result) throws SQLException {
    return ColumnReader.of(result, reader);
  }

  /** Reads rows that the server has not converted to JSON. */
  static QueryResult plain(ResultSet result, ColumnReader columns, int maxRows)
      throws SQLException {
    var rows = new ArrayList<ObjectNode>();
    while (rows.size() <= maxRows && result.next()) {
      rows.add(columns.row());
    }
    return result(rows, maxRows);
  }

  /** Reads rows that the server has converted to JSON. */
  QueryResult json(ResultSet result, int maxRows) throws SQLException {
    var rows = new ArrayList<ObjectNode>();
    while (result.next() && rows.size() <= maxRows) {
      rows.add(reader.row(result.getBytes(1)));
    }
    return result(rows, maxRows);
  }

  /**
   * Runs a statement that cannot be put in parentheses. In the resulting rows, values that only the
   * server could convert to JSON, such as arrays, are text.
   */
  QueryResult execute(PreparedStatement statement, int maxRows) throws SQLException {
    statement.setMaxRows(maxRows + 1);
    if (!statement.execute()) {
      return new QueryResult(List.of(), Math.max(0, statement.getLargeUpdateCount()), false);
    }
    var rows = new ArrayList<ObjectNode>();
    try (ResultSet result = statement.getResultSet()) {
      // The statement may have changed the time zone.
      boolean utc = "UTC".equals(server.getParameterStatus("TimeZone"));
      ColumnReader columns = ColumnReader.ofAny(result, reader, utc);
      while (result.next()) {
        rows.add(columns.row());
      }
    }
    return result(rows, maxRows);
  }

  private static QueryResult result(List<ObjectNode> rows, int maxRows) {
    boolean truncated = rows.size() > maxRows;
    List<ObjectNode> kept = truncated ? rows.subList(0, maxRows) : rows;
    return new QueryResult(kept, kept.size(), truncated);
  }
}
