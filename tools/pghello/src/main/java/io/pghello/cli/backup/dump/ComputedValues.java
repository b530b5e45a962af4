// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import io.pghello.cli.connect.ExtensionFunctions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks the stored values of generated columns that call the extension's functions. A copied
 * server contains these values. This class compares them with the functions' current results.
 */
public final class ComputedValues {
  // Selects columns whose expressions call only functions of the extension and of PostgreSQL, in
  // tables for which the planner calls no other functions. Therefore, the check runs no code of the
  // tables' owners.
  private static final String COLUMNS =
      """
      WITH uses AS (
        SELECT d.objid AS expression, f.oid IS NOT NULL AS is_own
        FROM pg_depend d
          LEFT JOIN (FUNCTIONS) f ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = f.oid AND f.foreigner IS NULL
        WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid <> 'pg_class'::regclass
      )
      SELECT format('%I.%I', n.nspname, c.relname), format('%I', a.attname), pg_get_expr(f.adbin, f.adrelid)
      FROM pg_attrdef f
        JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
        JOIN pg_class c ON c.oid = f.adrelid
        JOIN pg_namespace n ON c.relnamespace = n.oid
      WHERE a.attgenerated = 's' AND c.relkind = 'r' AND c.relpersistence = 'p'
        AND (SELECT bool_and(u.is_own) FROM uses u WHERE u.expression = f.oid)
        AND NOT EXISTS (EVALUATED
          AND NOT EXISTS (SELECT FROM (FUNCTIONS) o WHERE d.refclassid = 'pg_proc'::regclass AND o.oid = d.refobjid
            AND o.foreigner IS NULL))
      ORDER BY 1, a.attnum
      """
          .replace("EVALUATED", Contents.EVALUATED)
          .replace("FUNCTIONS", ExtensionFunctions.PG_HELLO.query());

  private ComputedValues() {}

  /**
   * Compares all values, adds a message to {@code wrong} for each column with differences, and
   * returns the number of compared values.
   */
  public static long check(Connection connection, String database, List<String> wrong)
      throws SQLException {
    long all = 0;
    try (Statement statement = connection.createStatement()) {
      for (List<String> column : columns(statement)) {
        try (ResultSet row =
            statement.executeQuery(
                "SELECT count(*), count(*) FILTER (WHERE t.%s IS DISTINCT FROM (%s)) FROM ONLY %s t"
                    .formatted(column.get(1), column.get(2), column.get(0)))) {
          row.next();
          all += row.getLong(1);
          if (row.getLong(2) > 0) {
            wrong.add(
                "%s: table %s has %d values in %s that differ from the function's result"
                    .formatted(database, column.get(0), row.getLong(2), column.get(1)));
          }
        }
      }
    }
    return all;
  }

  private static List<List<String>> columns(Statement statement) throws SQLException {
    var columns = new ArrayList<List<String>>();
    try (ResultSet rows = statement.executeQuery(COLUMNS)) {
      while (rows.next()) {
        columns.add(List.of(rows.getString(1), rows.getString(2), rows.getString(3)));
      }
    }
    return columns;
  }
}
