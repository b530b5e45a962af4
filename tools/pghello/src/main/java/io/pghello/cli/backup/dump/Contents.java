// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * The contents of a database: for each table, the number of rows and an order-independent checksum
 * of all values. If two databases have the same contents, their tables have the same rows,
 * including computed values.
 *
 * <p>The planner evaluates functions in expressions of indexes, constraints and statistics with the
 * rights of the role that reads the table. Therefore, a table is read with a planned query only if
 * these expressions call no functions other than PostgreSQL's own, and only under one of these
 * conditions:
 *
 * <ul>
 *   <li>superusers or this role own the table and its schema
 *   <li>this role is a superuser on a primary, and a second session has locked the table and then
 *       found no other functions
 * </ul>
 *
 * <p>The second session holds its lock only until the query is planned, and does not wait for it.
 * It also prevents schemas from being renamed. All other tables are read with COPY, which is not
 * planned and does not return computed values. This includes tables with virtual generated columns,
 * because their owners could define values that cannot be computed.
 *
 * <p>The reading session takes no lock that conflicts with concurrent index builds or vacuum.
 * CREATE INDEX CONCURRENTLY, for example, holds such a lock while it waits for the end of the
 * transactions that began before, including the reading session's, so both would wait forever.
 */
public final class Contents {
  // The tables that pg_dump includes. Tables of extensions are included only if they are
  // configuration tables.
  private static final String TABLES =
      """
      SELECT format('%I.%I', n.nspname, c.relname), c.oid, n.nspname, c.relname,
        c.relpersistence <> 'u' OR NOT pg_is_in_recovery(),
        (SELECT bool_and(r.rolsuper OR r.rolname = current_user
            OR r.rolname = 'pg_database_owner' AND (o.rolsuper OR o.rolname = current_user))
          FROM pg_roles r CROSS JOIN pg_database d JOIN pg_roles o ON d.datdba = o.oid
          WHERE r.oid IN (c.relowner, n.nspowner) AND d.datname = current_database()),
        EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attgenerated = 'v' AND NOT a.attisdropped)
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

  /**
   * Query for the functions that are not part of PostgreSQL and that the planner may evaluate for
   * the table {@code c}. If an expression casts to a domain, the result includes the functions in
   * the domain's checks.
   */
  static final String EVALUATED =
      """
      SELECT FROM pg_depend d
      WHERE (d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
          OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT y.oid FROM pg_type y WHERE y.typtype = 'd'))
        AND (d.classid = 'pg_class'::regclass AND d.objid IN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = c.oid)
          OR d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT k.oid FROM pg_constraint k WHERE k.conrelid = c.oid)
          OR d.classid = 'pg_statistic_ext'::regclass
            AND d.objid IN (SELECT s.oid FROM pg_statistic_ext s WHERE s.stxrelid = c.oid))
      """;

  private static final String IS_EVALUATED =
      "SELECT EXISTS (" + EVALUATED + ") FROM pg_class c WHERE c.oid = ?::oid";

  // Waits for pending schema renames, and blocks new ones.
  private static final String KEEP_NAMES =
      "SELECT count(*) FROM (SELECT FROM pg_namespace WHERE nspname <> 'information_schema'"
          + " AND NOT starts_with(nspname, 'pg_') FOR KEY SHARE) n";

  // Checks in the current catalog that the locked table still has this name.
  private static final String IS_PLANNED =
      "SELECT NOT EXISTS ("
          + EVALUATED
          + ") FROM pg_class c JOIN pg_namespace n ON c.relnamespace = n.oid"
          + " WHERE c.oid = ?::oid AND n.nspname = ? AND c.relname = ? AND c.relkind = 'r'";

  private static final String CAN_LOCK =
      "SELECT rolsuper AND NOT pg_is_in_recovery() FROM pg_roles WHERE rolname = current_user";

  private static final String[] SETTINGS = {
    "SET row_security = off",
    "SET extra_float_digits = 3",
    "SET DateStyle = ISO",
    "SET IntervalStyle = postgres",
    "SET TimeZone = 'UTC'",
    "SET bytea_output = hex",
    "SET xmloption = content",
    // An owner could replace a table with a view at any time. This setting makes queries of views
    // fail. It exists in minor versions released since August 2024.
    "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings"
        + " WHERE name = 'restrict_nonsystem_relation_kind'"
  };

  // The value for an unlogged table on a standby, because a standby cannot read unlogged tables.
  // pg_dump does not dump the rows of such a table.
  private static final String NO_ROWS = "0 0";

  private static final String COPIED = " copied ";

  // A cursor, because its query is planned before the first row is fetched. Does not cast the row
  // to text, because the cast could call a function of the table's owner.
  private static final String SUM =
      "DECLARE pghello_sum NO SCROLL CURSOR FOR"
          + " SELECT count(*) || ' ' || coalesce(sum(hashtextextended(format('%s', t.*), 0)), 0) FROM ONLY ";

  private static final String LOCK = "LOCK TABLE ONLY ";

  private static final String LOCK_NOT_AVAILABLE = "55P03";

  // Autovacuum holds the lock on a small table for a moment only.
  private static final int LOCK_ATTEMPTS = 20;
  private static final long LOCK_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /**
   * A table as seen by the reading session.
   *
   * @param name the quoted name with its schema
   * @param isReadable false if the table is unlogged and this is a standby
   * @param isTrusted whether only superusers and this role own the table and its schema
   * @param hasVirtual whether the table has virtual generated columns (PostgreSQL 18), because a
   *     query would compute their values
   */
  private record TableToRead(
      String name,
      String oid,
      String schema,
      String relation,
      boolean isReadable,
      boolean isTrusted,
      boolean hasVirtual) {}

  private Contents() {}

  /**
   * Reads all rows of all tables once.
   *
   * @param target the database of the connection; the second session connects to it
   * @param expected the contents to compare with, which determine the tables to read with COPY; may
   *     be empty
   */
  public static Properties of(Connection connection, Target target, Properties expected)
      throws SQLException {
    if (!Query.isTrue(connection, CAN_LOCK)) {
      return read(connection, null, expected);
    }
    try (Connection current = target.connectForLong()) {
      current.setAutoCommit(false);
      Query.value(current, KEEP_NAMES);
      return read(connection, current, expected);
    }
  }

  private static Properties read(
      Connection connection, @Nullable Connection current, Properties expected)
      throws SQLException {
    var contents = new Properties();
    try (Statement statement = connection.createStatement()) {
      for (String setting : SETTINGS) {
        statement.execute(setting);
      }
      boolean autoCommit = connection.getAutoCommit();
      connection.setAutoCommit(false);
      for (TableToRead table : tables(statement)) {
        boolean wasCopied = expected.getProperty(table.name(), "").contains(COPIED);
        contents.setProperty(
            table.name(),
            table.isReadable() ? sum(connection, statement, current, table, wasCopied) : NO_ROWS);
      }
      if (autoCommit) {
        connection.commit();
        connection.setAutoCommit(true);
      }
    }
    return contents;
  }

  private static String sum(
      Connection connection,
      Statement statement,
      @Nullable Connection current,
      TableToRead table,
      boolean wasCopied)
      throws SQLException {
    Savepoint before = connection.setSavepoint();
    statement.execute(LOCK + table.name() + " IN ACCESS SHARE MODE");
    boolean isPlanned =
        !wasCopied && !table.hasVirtual() && plan(connection, statement, current, table);
    String sum =
        isPlanned
            ? String.valueOf(Query.value(connection, "FETCH pghello_sum"))
            : copied(connection, table.name());
    // Closes the cursor and releases the lock.
    connection.rollback(before);
    return sum;
  }

  /** Declares a cursor for the sum of a table. Returns false if planning it could run code. */
  private static boolean plan(
      Connection connection, Statement statement, @Nullable Connection current, TableToRead table)
      throws SQLException {
    if (current == null) {
      if (!table.isTrusted() || Query.isTrue(connection, IS_EVALUATED, table.oid())) {
        return false;
      }
      statement.execute(SUM + table.name() + " t");
      return true;
    }
    Savepoint before = current.setSavepoint();
    try {
      if (!lock(current, before, table)
          || Query.isTrue(connection, IS_EVALUATED, table.oid())
          || !isPlanned(current, table)) {
        return false;
      }
      statement.execute(SUM + table.name() + " t");
      return true;
    } finally {
      // Releases the lock.
      current.rollback(before);
    }
  }

  /**
   * Prevents the creation of indexes, constraints and statistics on a table. Does not wait in the
   * server, because the holder of a conflicting lock may be waiting for the reading session.
   */
  private static boolean lock(Connection current, Savepoint before, TableToRead table)
      throws SQLException {
    for (int attempt = 1; ; attempt++) {
      try (Statement statement = current.createStatement()) {
        statement.execute(LOCK + table.name() + " IN SHARE UPDATE EXCLUSIVE MODE NOWAIT");
        return true;
      } catch (SQLException e) {
        if (!LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
          throw e;
        }
        current.rollback(before);
        if (attempt == LOCK_ATTEMPTS) {
          return false;
        }
        LockSupport.parkNanos(LOCK_PAUSE_NANOS);
      }
    }
  }

  private static boolean isPlanned(Connection current, TableToRead table) throws SQLException {
    String isPlanned =
        Query.value(current, IS_PLANNED, table.oid(), table.schema(), table.relation());
    if (isPlanned == null) {
      throw Failure.critical(
          "table " + table.name() + " was replaced during the read: run this again");
    }
    return isPlanned.equals("t");
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
    return rows + COPIED + sum;
  }

  private static List<TableToRead> tables(Statement statement) throws SQLException {
    var tables = new ArrayList<TableToRead>();
    try (ResultSet rows = statement.executeQuery(TABLES)) {
      while (rows.next()) {
        tables.add(
            new TableToRead(
                rows.getString(1),
                rows.getString(2),
                rows.getString(3),
                rows.getString(4),
                rows.getBoolean(5),
                rows.getBoolean(6),
                rows.getBoolean(7)));
      }
    }
    return tables;
  }

  /** Returns a message for each table with different contents. */
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
                ? "table " + table + " has different values"
                : "table " + table + " has " + rows(after) + " rows instead of " + rows);
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
