// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Rows to print, from a query or from records. */
public record Table(List<String> columns, List<List<@Nullable Object>> rows) {
  public static Table of(ResultSet results) throws SQLException {
    ResultSetMetaData metaData = results.getMetaData();
    var columns = new ArrayList<String>();
    for (int i = 1; i <= metaData.getColumnCount(); i++) {
      columns.add(metaData.getColumnLabel(i));
    }
    var rows = new ArrayList<List<@Nullable Object>>();
    while (results.next()) {
      var row = new ArrayList<@Nullable Object>();
      for (int i = 1; i <= columns.size(); i++) {
        Object value = results.getObject(i);
        // Use the server's format for all other types, such as times.
        row.add(value instanceof Number || value instanceof Boolean ? value : results.getString(i));
      }
      rows.add(row);
    }
    return new Table(columns, rows);
  }

  /** Returns a table of records, with their components as columns. */
  public static <T extends Record> Table of(Class<T> type, List<T> rows) {
    var table = new Table(Records.names(type), new ArrayList<>());
    rows.forEach(row -> table.rows.add(new ArrayList<>(Records.map(row).values())));
    return table;
  }

  /** Returns a copy with an additional column. */
  public Table with(String column, List<?> values) {
    var table = new Table(new ArrayList<>(columns), new ArrayList<>());
    table.columns.add(column);
    for (int i = 0; i < rows.size(); i++) {
      var row = new ArrayList<>(rows.get(i));
      row.add(values.get(i));
      table.rows.add(row);
    }
    return table;
  }

  public boolean isEmptyIn(String column) {
    int index = columns.indexOf(column);
    return rows.stream().allMatch(row -> row.get(index) == null);
  }

  public boolean contains(String column, Object value) {
    int index = columns.indexOf(column);
    return rows.stream().anyMatch(row -> Objects.equals(row.get(index), value));
  }

  public List<Map<String, @Nullable Object>> toMaps() {
    var maps = new ArrayList<Map<String, @Nullable Object>>();
    for (List<@Nullable Object> row : rows) {
      var map = new LinkedHashMap<String, @Nullable Object>();
      for (int i = 0; i < columns.size(); i++) {
        map.put(columns.get(i), row.get(i));
      }
      maps.add(map);
    }
    return maps;
  }

  /** Returns a header line and the rows. Each column is as wide as its widest value. */
  @Override
  public String toString() {
    int[] widths = new int[columns.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = columns.get(i).length();
      for (List<@Nullable Object> row : rows) {
        widths[i] = Math.max(widths[i], text(row.get(i)).length());
      }
    }
    var lines = new ArrayList<String>();
    lines.add(line(columns, widths));
    for (List<@Nullable Object> row : rows) {
      lines.add(line(row, widths));
    }
    return String.join(System.lineSeparator(), lines);
  }

  private static String line(List<? extends @Nullable Object> values, int[] widths) {
    var line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String text = text(values.get(i));
      String padding = " ".repeat(widths[i] - text.length());
      line.append(values.get(i) instanceof Number ? padding + text : text + padding).append("  ");
    }
    return line.toString().stripTrailing();
  }

  private static String text(@Nullable Object value) {
    return value instanceof java.math.BigDecimal number
        ? number.toPlainString()
        : value == null ? "" : TerminalText.line(value.toString());
  }
}
