// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.TerminalText;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * The extension {@code pg_hello_ops}. Its functions execute code that the extension's owner
 * controls.
 */
public final class OpsExtension {
  private static final String MISSING =
      "the extension pg_hello_ops does not exist in this database: CREATE EXTENSION "
          + "pg_hello_ops";

  private static final String OF_SUPERUSERS =
      ", and this role is a superuser or can become one, so it must not run code of "
          + "other roles: connect as another role, or have a superuser create the schema and "
          + "the extension";

  private static final String OF_OTHERS =
      """
      WITH schema AS (
        SELECT n.oid, n.nspowner, e.oid AS extension, e.extowner
        FROM pg_namespace n
          LEFT JOIN pg_extension e ON e.extname = 'pg_hello_ops' AND e.extnamespace = n.oid
        WHERE n.nspname = 'hello_ops'
      ), object (name, owner, member) AS (
        -- DROP EXTENSION keeps the schema
        SELECT 'schema hello_ops', nspowner, extension IS NOT NULL OR nspowner IN (SELECT oid FROM pg_roles WHERE rolsuper)
        FROM schema
        UNION ALL
        SELECT 'extension pg_hello_ops', extowner, true FROM schema WHERE extension IS NOT NULL
        UNION ALL
        SELECT p.oid::regprocedure::text, p.proowner, EXISTS (
            SELECT FROM pg_depend d
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
              AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = s.extension AND d.deptype = 'e')
        FROM schema s JOIN pg_proc p ON p.pronamespace = s.oid
        UNION ALL
        SELECT c.oid::regclass::text, c.relowner, EXISTS (
            SELECT FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
              AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = s.extension AND d.deptype = 'e')
        FROM schema s JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind NOT IN ('i', 'I')
      )
      SELECT CASE WHEN o.member THEN format('%s belongs to %I', o.name, r.rolname)
        ELSE o.name || ' is not part of the extension pg_hello_ops' END
      FROM object o JOIN pg_roles r ON o.owner = r.oid
      WHERE (NOT o.member OR NOT r.rolsuper)
        AND EXISTS (SELECT FROM pg_roles s WHERE s.rolsuper AND pg_has_role(session_user, s.oid, 'MEMBER'))
      ORDER BY o.member, o.name
      LIMIT 1
      """;

  // A single statement, because the schema could be created between two statements.
  private static final String PROBLEM =
      "SELECT coalesce(others.problem || '"
          + OF_SUPERUSERS
          + "', missing.problem) FROM (SELECT (\n"
          + OF_OTHERS
          + ") AS problem) others CROSS JOIN (SELECT '"
          + MISSING
          + "' AS problem WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_hello_ops')"
          + " AND EXISTS (SELECT FROM pg_roles s WHERE s.rolsuper AND pg_has_role(session_user, s.oid, 'MEMBER'))"
          + " UNION ALL SELECT NULL ORDER BY 1 LIMIT 1) missing";

  private OpsExtension() {}

  /**
   * Checks the extension if the login role is a superuser or can become one. Throws if the
   * extension does not exist, or if the schema {@code hello_ops} contains an object that is not
   * part of the extension or whose owner is not a superuser.
   */
  public static void check(Connection connection) throws SQLException {
    String problem = Query.value(connection, PROBLEM);
    if (problem != null) {
      throw Failure.unknown(TerminalText.line(problem));
    }
  }

  /**
   * Returns the reason why a role that is or can become a superuser must not use the extension;
   * null if there is none.
   */
  public static @Nullable String superuserProblem(Connection connection) throws SQLException {
    String others = Query.value(connection, OF_OTHERS);
    return others == null ? null : TerminalText.line(others);
  }

  public static String explain(SQLException e) {
    String remedy =
        switch (e.getSQLState() == null ? "" : e.getSQLState()) {
          case "3F000", "42P01", "42883" -> "; " + MISSING;
          case "42501" -> "; grant this role hello_monitor (extension/ops/roles.sql)";
          default -> "";
        };
    return SqlErrors.explain(e) + remedy;
  }
}
