// SPDX-License-Identifier: MIT
package io.pghello.cli;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;

/**
 * How many rows each table of a database has, and a sum over all their values, whatever their
 * order. Two databases with the same contents have the same rows in their tables, computed values
 * among them.
 */
final class Contents {
  // what pg_dump keeps: not what extensions bring along, but what they have marked as the user's
  private static final String TABLES =
      """
      SELECT format('%I.%I', n.nspname, c.relname)
      FROM pg_class c
        JOIN pg_namespace n ON c.relnamespace = n.oid
      WHERE c.relkind = 'r' AND c.relpersistence <> 't'
        AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')
        AND NOT EXISTS (
          SELECT FROM pg_depend d
            JOIN pg_extension e ON d.refobjid = e.oid
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
            AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
            AND NOT EXISTS (SELECT FROM unnest(e.extconfig, e.extcondition) k (oid, condition)
              WHERE k.oid = c.oid AND k.condition = ''))
      ORDER BY 1
      """;

  private static final String[] SETTINGS = {
    "SET row_security = off",
    "SET extra_float_digits = 3",
    "SET DateStyle = ISO",
    "SET IntervalStyle = postgres",
    "SET TimeZone = 'UTC'",
    "SET bytea_output = hex",
    "SET xmloption = content",
    "SET statement_timeout = 0",
    // an owner may put a view in the place of a table meanwhile; servers know it since August 2024
    "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings"
        + " WHERE name = 'restrict_nonsystem_relation_kind'"
  };

  private Contents() {}

  /** Reads all rows of all tables, each once. */
  static Properties of(Connection connection) throws SQLException {
    var contents = new Properties();
    try (Statement statement = connection.createStatement()) {
      for (String setting : SETTINGS) {
        statement.execute(setting);
      }
      for (String table : tables(statement)) {
        try (ResultSet row =
            statement.executeQuery(
                // a cast of the row to text may be a function of the table's owner
                "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(format('%s', t.*), 0)), 0) FROM ONLY "
                    + table
                    + " t")) {
          row.next();
          contents.setProperty(table, row.getString(1));
        }
      }
    }
    return contents;
  }

  private static List<String> tables(Statement statement) throws SQLException {
    var tables = new ArrayList<String>();
    try (ResultSet rows = statement.executeQuery(TABLES)) {
      while (rows.next()) {
        tables.add(rows.getString(1));
      }
    }
    return tables;
  }

  /** Returns a sentence for each table that differs. */
  static List<String> differences(Properties expected, Properties found) {
    var differences = new ArrayList<String>();
    var tables = new TreeSet<String>(expected.stringPropertyNames());
    tables.addAll(found.stringPropertyNames());
    for (String table : tables) {
      String before = expected.getProperty(table);
      String after = found.getProperty(table);
      if (before == null || after == null) {
        differences.add(
            "table " + table + (after == null ? " is missing" : " is not in the backup"));
      } else if (!before.equals(after)) {
        String rows = rows(before);
        differences.add(
            rows.equals(rows(after))
                ? "table " + table + " has other values"
                : "table " + table + " has " + rows(after) + " rows, and not " + rows);
      }
    }
    return differences;
  }

  static long rows(Properties contents) {
    return contents.stringPropertyNames().stream()
        .mapToLong(table -> Long.parseLong(rows(contents.getProperty(table))))
        .sum();
  }

  private static String rows(String value) {
    return value.substring(0, value.indexOf(' '));
  }
}
