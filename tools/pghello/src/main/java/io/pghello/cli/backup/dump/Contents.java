// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import io.pghello.cli.connect.Query;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * The contents of a database: each table's number of rows, and a sum over all their values,
 * whatever their order. Two databases with the same contents have the same rows in their tables,
 * computed values among them.
 *
 * <p>The planner evaluates functions in expressions of indexes, constraints and statistics, as the
 * role that reads the table. A table with functions there that are not the server's own is read by
 * COPY, which is not planned, and which leaves out computed values.
 */
public final class Contents {
  // what pg_dump keeps: not what extensions bring along, but what they have marked as the user's
  private static final String TABLES =
      """
      SELECT format('%I.%I', n.nspname, c.relname), c.relpersistence <> 'u' OR NOT pg_is_in_recovery()
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

  /** The functions, not the server's own, that the planner may evaluate for the table {@code c}. */
  static final String EVALUATED =
      """
      SELECT FROM pg_depend d
      WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
        AND (d.classid = 'pg_class'::regclass AND d.objid IN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = c.oid)
          OR d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT k.oid FROM pg_constraint k WHERE k.conrelid = c.oid)
          OR d.classid = 'pg_statistic_ext'::regclass
            AND d.objid IN (SELECT s.oid FROM pg_statistic_ext s WHERE s.stxrelid = c.oid))
      """;

  private static final String IS_EVALUATED =
      "SELECT EXISTS (" + EVALUATED + ") FROM pg_class c WHERE c.oid = ?::regclass";

  // an index that is made between the check and the reading would be planned with
  private static final String LOCK =
      """
      SELECT CASE WHEN rolsuper AND NOT pg_is_in_recovery() THEN 'SHARE UPDATE EXCLUSIVE' ELSE 'ACCESS SHARE' END
      FROM pg_roles WHERE rolname = current_user
      """;

  private static final String[] SETTINGS = {
    "SET row_security = off",
    "SET extra_float_digits = 3",
    "SET DateStyle = ISO",
    "SET IntervalStyle = postgres",
    "SET TimeZone = 'UTC'",
    "SET bytea_output = hex",
    "SET xmloption = content",
    // an owner may put a view in the place of a table meanwhile; servers know it since August 2024
    "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings"
        + " WHERE name = 'restrict_nonsystem_relation_kind'"
  };

  // of an unlogged table of a standby, which cannot be read there, and whose rows pg_dump leaves
  // out
  private static final String NO_ROWS = "0 0";

  private Contents() {}

  /** Reads all rows of all tables, each once. */
  public static Properties of(Connection connection) throws SQLException {
    var contents = new Properties();
    try (Statement statement = connection.createStatement()) {
      for (String setting : SETTINGS) {
        statement.execute(setting);
      }
      boolean autoCommit = connection.getAutoCommit();
      connection.setAutoCommit(false);
      String lock = String.valueOf(Query.value(connection, LOCK));
      for (Map.Entry<String, Boolean> table : tables(statement).entrySet()) {
        contents.setProperty(
            table.getKey(),
            table.getValue() ? sum(connection, statement, table.getKey(), lock) : NO_ROWS);
      }
      if (autoCommit) {
        connection.commit();
        connection.setAutoCommit(true);
      }
    }
    return contents;
  }

  private static String sum(Connection connection, Statement statement, String table, String lock)
      throws SQLException {
    Savepoint before = connection.setSavepoint();
    statement.execute("LOCK TABLE ONLY " + table + " IN " + lock + " MODE");
    @Nullable String sum;
    if (Query.isTrue(connection, IS_EVALUATED, table)) {
      sum = copied(connection, table);
    } else {
      // a cast of the row to text may be a function of the table's owner
      sum =
          Query.value(
              connection,
              "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(format('%s', t.*), 0)), 0) FROM ONLY "
                  + table
                  + " t");
    }
    // which gives the lock back
    connection.rollback(before);
    return String.valueOf(sum);
  }

  private static String copied(Connection connection, String table) throws SQLException {
    CopyOut copy =
        connection.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY " + table + " TO STDOUT");
    long rows = 0;
    long sum = 0;
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (byte[] row; (row = copy.readFromCopy()) != null; rows++) {
        sum += ByteBuffer.wrap(digest.digest(row)).getLong();
      }
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
    return rows + " copied " + sum;
  }

  /** Returns the tables, and whether each can be read. */
  private static Map<String, Boolean> tables(Statement statement) throws SQLException {
    var tables = new LinkedHashMap<String, Boolean>();
    try (ResultSet rows = statement.executeQuery(TABLES)) {
      while (rows.next()) {
        tables.put(rows.getString(1), rows.getBoolean(2));
      }
    }
    return tables;
  }

  /** Returns a sentence for each table that differs. */
  public static List<String> differences(Properties expected, Properties found) {
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

  public static long rows(Properties contents) {
    return contents.stringPropertyNames().stream()
        .mapToLong(table -> Long.parseLong(rows(contents.getProperty(table))))
        .sum();
  }

  private static String rows(String value) {
    return value.substring(0, value.indexOf(' '));
  }
}
