// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import io.pghello.cli.connect.ExtensionFunctions;
import io.pghello.cli.connect.OpsExtension;
import io.pghello.cli.output.Finding;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds what stands open in a database and could be closed, with the statement that closes it. Not
 * thread-safe.
 */
final class Hardening {
  /** The same as extension/ops/roles.sql does, but only what is not done yet. */
  private static final String PRIVILEGES =
      """
      WITH member AS (
        SELECT f.oid::regprocedure::text AS name, f.pronamespace, coalesce(f.proacl, acldefault('f', f.proowner)) AS acl
        FROM (FUNCTIONS) f
        WHERE f.foreigner IS NULL
      ),
      wanted (role) AS (VALUES ('hello_user'), ('hello_admin'), ('hello_monitor')),
      caller (role) AS (VALUES ('hello_user'), ('hello_monitor')),
      object (kind, name, acl, privilege) AS (
        SELECT 'TABLE', c.oid::regclass::text, coalesce(c.relacl, acldefault('r', c.relowner)), p.privilege
        FROM pg_class c
          JOIN pg_namespace n ON c.relnamespace = n.oid
          CROSS JOIN LATERAL (VALUES ('SELECT'), ('INSERT'), ('DELETE')) p (privilege)
        WHERE n.nspname = 'hello_ops' AND c.relkind IN ('r', 'v')
          AND (p.privilege = 'SELECT' OR c.relname IN ('snapshot', 'pg_hello_performance_baseline'))
        UNION ALL
        SELECT 'FUNCTION', p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner)), 'EXECUTE'
        FROM pg_proc p
          JOIN pg_namespace n ON p.pronamespace = n.oid
        WHERE n.nspname = 'hello_ops'
        UNION ALL
        SELECT 'SCHEMA', quote_ident(n.nspname), coalesce(n.nspacl, acldefault('n', n.nspowner)), 'USAGE'
        FROM pg_namespace n
        WHERE n.nspname = 'hello_ops'
      ),
      own (kind, name, acl, privilege) AS (
        SELECT * FROM object WHERE OWN_OPS
      )
      SELECT what, sql
      FROM (
        SELECT 1, format('there is no role %I', w.role), format('CREATE ROLE %I', w.role)
        FROM wanted w
        WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = w.role)
        UNION ALL
        SELECT 2, format('%I is no member of %I', m.member, m.role), format('GRANT %I TO %I', m.role, m.member)
        FROM (VALUES ('hello_user', 'hello_admin'), ('pg_monitor', 'hello_monitor')) m (role, member)
        WHERE NOT EXISTS (
          SELECT FROM pg_auth_members a
          WHERE pg_get_userbyid(a.roleid) = m.role AND pg_get_userbyid(a.member) = m.member)
        UNION ALL
        SELECT 3, format('everybody may execute %s', f.name), format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f.name)
        FROM member f
        WHERE EXISTS (SELECT FROM aclexplode(f.acl) a WHERE a.grantee = 0)
        UNION ALL
        SELECT 4, format('%I may not execute %s', c.role, f.name), format('GRANT EXECUTE ON FUNCTION %s TO %I', f.name, c.role)
        FROM member f CROSS JOIN caller c
        WHERE NOT EXISTS (
          SELECT FROM aclexplode(f.acl) a WHERE a.grantee <> 0 AND pg_get_userbyid(a.grantee) = c.role)
        UNION ALL
        SELECT DISTINCT 5, format('%I may not use schema %I', c.role, n.nspname),
          format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, c.role)
        FROM member f
          JOIN pg_namespace n ON f.pronamespace = n.oid
          CROSS JOIN caller c
        WHERE NOT EXISTS (
          SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
          WHERE a.grantee <> 0 AND pg_get_userbyid(a.grantee) = c.role AND a.privilege_type = 'USAGE')
        UNION ALL
        SELECT 6, format('everybody has privileges on schema %s', o.name), format('REVOKE ALL ON SCHEMA %s FROM PUBLIC', o.name)
        FROM own o
        WHERE o.kind = 'SCHEMA' AND EXISTS (SELECT FROM aclexplode(o.acl) a WHERE a.grantee = 0)
        UNION ALL
        SELECT 7, format('hello_monitor has no %s on %s', o.privilege, o.name),
          format('GRANT %s ON %s %s TO hello_monitor', o.privilege, o.kind, o.name)
        FROM own o
        WHERE NOT EXISTS (
          SELECT FROM aclexplode(o.acl) a
          WHERE a.grantee <> 0 AND pg_get_userbyid(a.grantee) = 'hello_monitor' AND a.privilege_type = o.privilege)
      ) v (position, what, sql)
      ORDER BY position, sql
      """
          .replace("FUNCTIONS", ExtensionFunctions.PG_HELLO.query());

  private static final String SETTINGS =
      """
      SELECT what, sql
      FROM (
        SELECT 1, 'sessions do not load pg_hello at connect, and accept wrong values of its setting until a call',
          format('ALTER DATABASE %I SET session_preload_libraries = %s', current_database(),
            (SELECT string_agg(quote_literal(btrim(u.item, ' "')), ', ' ORDER BY u.position)
             FROM unnest(string_to_array(concat_ws(',', nullif(g.setting, ''), 'pg_hello'), ','))
               WITH ORDINALITY u (item, position)))
        FROM pg_settings g
        WHERE g.name = 'session_preload_libraries' AND g.setting !~ '(^|[ ,"])pg_hello($|[ ,"])'
          AND NOT EXISTS (SELECT FROM pg_settings s WHERE s.name = 'shared_preload_libraries'
            AND s.setting ~ '(^|[ ,"])pg_hello($|[ ,"])')
        UNION ALL
        SELECT 2, 'passwords are kept as ' || setting || ', which can be used to log in',
          'ALTER SYSTEM SET password_encryption = ''scram-sha-256'''
        FROM pg_settings WHERE name = 'password_encryption' AND setting <> 'scram-sha-256'
        UNION ALL
        SELECT 3, 'lines of the log have no SQLSTATE, so that errors cannot be told apart',
          format('ALTER SYSTEM SET log_line_prefix = %L', setting || '%e ')
        FROM pg_settings WHERE name = 'log_line_prefix' AND setting !~ '%-?[0-9]*e'
        UNION ALL
        SELECT 4, 'names in statements are written to the log, as log_statement is ' || setting,
          'ALTER SYSTEM SET log_statement = ''ddl'''
        FROM pg_settings WHERE name = 'log_statement' AND setting IN ('mod', 'all')
        UNION ALL
        SELECT 5, 'every statement is written to the log, with the names in it, as log_min_duration_statement is 0',
          'ALTER SYSTEM SET log_min_duration_statement = ''1s'''
        FROM pg_settings WHERE name = 'log_min_duration_statement' AND setting = '0'
      ) v (position, what, sql)
      ORDER BY position
      """;

  private static final String BY_HAND =
      """
      SELECT what, remedy
      FROM (
        SELECT 1, 'pg_hello is in shared_preload_libraries, which a new library needs a restart for',
          'take it out there by hand, restart, and run this again'
        FROM pg_settings WHERE name = 'shared_preload_libraries' AND setting ~ '(^|[ ,"])pg_hello($|[ ,"])'
        UNION ALL
        SELECT 2, format('table %s has no row-level security that holds for its owner, too', c.oid::regclass),
          'if its users have the roles for it, run extension/ops/app_config.sql'
        FROM pg_class c
        WHERE c.relname = 'app_config' AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
        UNION ALL
        SELECT 3, format('everybody may create objects in schema %I, in which the extension is', n.nspname),
          format('if nobody needs it: REVOKE CREATE ON SCHEMA %I FROM PUBLIC', n.nspname)
        FROM pg_extension e
          JOIN pg_namespace n ON e.extnamespace = n.oid
        WHERE e.extname = 'pg_hello' AND has_schema_privilege('public', n.oid, 'CREATE')
      ) v (position, what, remedy)
      ORDER BY position
      """;

  private static final String OPEN_DOORS =
      """
      SELECT format('line %s of pg_hba.conf lets %s in without a password', line_number, array_to_string(user_name, ', ')),
        'write scram-sha-256 in place of trust, or remove it'
      FROM pg_hba_file_rules WHERE auth_method = 'trust'
      ORDER BY line_number
      """;

  private static final String FOLDERS =
      "SELECT (SELECT setting FROM pg_config() WHERE name = 'SHAREDIR') || '/extension',"
          + " (SELECT setting FROM pg_config() WHERE name = 'PKGLIBDIR')";

  /** Something to do: SQL, or the mode of a file. */
  record Step(String why, String sql, @Nullable Path file) {
    boolean isForWholeServer() {
      return sql.startsWith("ALTER SYSTEM ");
    }
  }

  private final List<Step> steps = new ArrayList<>();
  private final Findings byHand;

  Hardening(Findings byHand) {
    this.byHand = byHand;
  }

  /** Returns what can be done, in the order in which it must be. */
  List<Step> steps() {
    return List.copyOf(steps);
  }

  /** Looks at a database. */
  void check(Connection connection, boolean sameMachine) throws SQLException, IOException {
    try (Statement statement = connection.createStatement()) {
      String others = OpsExtension.ofOthers(connection);
      if (others != null) {
        warn(
            others + ", so that nobody is let into the schema hello_ops",
            "let a superuser create the schema and the extension");
      }
      ask(
          statement,
          PRIVILEGES.replace("OWN_OPS", String.valueOf(others == null)),
          (why, sql) -> steps.add(new Step(why, sql, null)));
      ask(statement, SETTINGS, (why, sql) -> steps.add(new Step(why, sql, null)));
      ask(statement, BY_HAND, this::warn);
      try {
        ask(statement, OPEN_DOORS, this::warn);
        if (sameMachine) {
          checkFiles(statement);
        }
      } catch (SQLException e) {
        if (!"42501".equals(e.getSQLState())) {
          throw e;
        }
        byHand.add(
            new Finding(
                Status.UNKNOWN,
                "access",
                "this role may not read pg_hba_file_rules and pg_config",
                "run this as a superuser"));
      }
    }
  }

  private void warn(String what, String remedy) {
    byHand.add(new Finding(Status.WARNING, "by hand", what, remedy));
  }

  /** Takes a row. */
  private interface Row {
    void take(String what, String remedy);
  }

  private static void ask(Statement statement, String sql, Row row) throws SQLException {
    try (ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        row.take(rows.getString(1), rows.getString(2));
      }
    }
  }

  private void checkFiles(Statement statement) throws SQLException, IOException {
    var folders = new ArrayList<Path>();
    ask(
        statement,
        FOLDERS,
        (share, libraries) -> folders.addAll(List.of(Path.of(share), Path.of(libraries))));
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        continue;
      }
      try (var files = Files.newDirectoryStream(folder, "pg_hello{.,--,_ops.,_ops--}*")) {
        for (Path file : files) {
          checkFile(file);
        }
      }
    }
  }

  private void checkFile(Path file) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (attributes.isSymbolicLink()) {
      return;
    }
    Set<PosixFilePermission> permissions = attributes.permissions();
    if (permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      steps.add(new Step("others than its owner may write to " + file, "chmod go-w " + file, file));
    }
    if (!attributes.owner().getName().equals("root")) {
      warn(
          file
              + " is owned by "
              + attributes.owner().getName()
              + ", who can replace what the server runs",
          "chown root " + file);
    }
  }

  /** Takes from all but the owner the right to write to a file. */
  static void protect(Path file) throws IOException {
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
    permissions.removeAll(PosixFilePermissions.fromString("----w--w-"));
    Files.setPosixFilePermissions(file, permissions);
  }
}
