// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import io.pghello.cli.connect.ExtensionFunctions.Own;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Status;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds problems with the extension in one database. Not thread-safe. */
final class Diagnosis {
  // The amount of memory that a session's process may allocate for other purposes between two
  // measurements.
  private static final long MEMORY_BYTES = 64 << 10;
  private static final long PROCESS_BYTES = 8 << 20;

  private static final String PRELOADED =
      """
      SELECT
        (SELECT setting ~ '(^|[ ,"])pg_hello($|[ ,"])' FROM pg_settings WHERE name = 'session_preload_libraries'),
        (SELECT setting ~ '(^|[ ,"])pg_hello($|[ ,"])' FROM pg_settings WHERE name = 'shared_preload_libraries'),
        (SELECT setting FROM pg_settings WHERE name = 'dynamic_library_path' AND setting <> '$libdir'),
        has_function_privilege('pg_get_backend_memory_contexts()', 'EXECUTE'),
        has_function_privilege('pg_read_file(text, bigint, bigint, boolean)', 'EXECUTE')
      """;

  private static final String BLOCKED =
      """
      SELECT format('session %s (%s) has waited %s s for session(s) %s', a.pid, a.usename,
          coalesce(extract(epoch FROM clock_timestamp()
            - (SELECT min(l.waitstart) FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted))::int::text, '?'),
          array_to_string(pg_blocking_pids(a.pid), ', ')),
        (SELECT string_agg(CASE WHEN b = 0 THEN 'end a transaction listed in pg_prepared_xacts'
            ELSE format('SELECT %s(%s)', CASE WHEN s.state = 'active' THEN 'pg_cancel_backend'
              ELSE 'pg_terminate_backend' END, b) END, '; ')
          FROM unnest(pg_blocking_pids(a.pid)) b
            LEFT JOIN pg_stat_activity s ON s.pid = b)
      FROM pg_stat_activity a
      WHERE a.datname = current_database() AND cardinality(pg_blocking_pids(a.pid)) > 0
      ORDER BY a.query_start
      """;

  // Works only on Linux.
  private static final String PROCESS =
      "SELECT substring(pg_read_file('/proc/self/status', 0, 8192, true) FROM 'RssAnon:\\s+([0-9]+)')";

  private final Findings findings;
  private boolean mayReadFiles;

  Diagnosis(Findings findings) {
    this.findings = findings;
  }

  void make(Connection connection) throws SQLException {
    Own function = new Health(findings).checkInstallation(connection);
    try (Statement statement = connection.createStatement()) {
      boolean mayReadMemory = checkPreload(statement);
      checkBlocked(statement);
      if (function != null) {
        checkMemory(statement, function, mayReadMemory);
      }
    }
  }

  /**
   * Checks how the library is loaded. Returns whether this role may read the memory usage of its
   * session.
   */
  private boolean checkPreload(Statement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery(PRELOADED)) {
      row.next();
      boolean inSession = row.getBoolean(1);
      boolean hidden = row.wasNull();
      boolean shared = row.getBoolean(2);
      if (hidden) {
        findings.add(
            Status.OK,
            "preload",
            "this role may not see which libraries sessions load when they start",
            "grant it pg_read_all_settings");
      } else if (shared) {
        findings.add(
            Status.WARNING,
            "preload",
            "pg_hello is in shared_preload_libraries, so a new library requires a restart",
            "remove it there, and append it to session_preload_libraries");
      } else if (inSession) {
        findings.ok("preload", "sessions load pg_hello when they start");
      } else {
        findings.add(
            Status.OK,
            "preload",
            "sessions recognize pg_hello.repeat only after their first call",
            "append pg_hello to session_preload_libraries");
      }
      String path = row.getString(3);
      if (path != null) {
        findings.add(
            Status.WARNING,
            "preload",
            "dynamic_library_path is " + path,
            "keep only one pg_hello.so: a session that loads two of them fails");
      }
      mayReadFiles = row.getBoolean(5);
      return row.getBoolean(4);
    }
  }

  private void checkBlocked(Statement statement) throws SQLException {
    boolean none = true;
    try (ResultSet rows = statement.executeQuery(BLOCKED)) {
      while (rows.next()) {
        none = false;
        findings.add(Status.WARNING, "locks", rows.getString(1), rows.getString(2));
      }
    }
    if (none) {
      findings.ok("locks", "no session is blocked by another one");
    }
  }

  /**
   * Runs two rounds of calls. Measures the memory use of only the second round, because the first
   * round includes one-time allocations.
   */
  void checkMemory(Statement statement, Own function, boolean mayRead) throws SQLException {
    if (!mayRead) {
      findings.ok("memory", "this role may not read the memory usage of its session");
      return;
    }
    String calls =
        String.format(
            Locale.ROOT,
            "SELECT count(%s) FROM generate_series(1, 20000) i",
            function.guarded(function.name() + "('name ' || i)"));
    query(statement, calls);
    long before = used(statement);
    long process = process(statement);
    query(statement, calls);
    long grown = used(statement) - before;
    long now = process(statement);
    String size = now == 0 ? "" : ", process size " + (now >> 20) + " MB";
    if (grown > MEMORY_BYTES || now - process > PROCESS_BYTES) {
      findings.add(
          Status.WARNING,
          "memory",
          "20000 calls leak " + Math.max(grown, now - process) + " bytes in the session" + size,
          "the library is from a different build: install the library of this release, "
              + "and recycle connection pools");
    } else {
      findings.ok("memory", "20000 calls leak no memory in the session" + size);
    }
  }

  private static long used(Statement statement) throws SQLException {
    String bytes = query(statement, "SELECT sum(used_bytes) FROM pg_get_backend_memory_contexts()");
    return bytes == null ? 0 : Long.parseLong(bytes);
  }

  /** Returns the private memory of the session's process; 0 if it cannot be read. */
  private long process(Statement statement) throws SQLException {
    String kilobytes = mayReadFiles ? query(statement, PROCESS) : null;
    return kilobytes == null ? 0 : Long.parseLong(kilobytes) << 10;
  }

  private static @Nullable String query(Statement statement, String sql) throws SQLException {
    try (ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }
}
