// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import io.pghello.cli.connect.ExtensionFunctions;
import io.pghello.cli.connect.OpsExtension;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.TerminalText;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Finds insecure configuration in a database, the statements that fix it, and the roles that would
 * lose privileges if these statements ran. Not thread-safe.
 */
final class Hardening {
  private static final String MEMBERS =
      """
      WITH member AS (
        SELECT f.oid, f.oid::regprocedure::text AS name, f.pronamespace, coalesce(f.proacl, acldefault('f', f.proowner)) AS acl
        FROM (FUNCTIONS) f
        WHERE f.foreigner IS NULL
      ),
      wanted (role) AS (VALUES ('hello_user'), ('hello_admin'), ('hello_monitor')),
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
        SELECT 'SCHEMA', quote_ident(n.nspname), coalesce(n.nspacl, acldefault('n', n.nspowner)), p.privilege
        FROM pg_namespace n
          CROSS JOIN LATERAL (VALUES ('USAGE'), ('CREATE')) p (privilege)
        WHERE n.nspname = 'hello_ops'
      ),
      own (kind, name, acl, privilege) AS (
        SELECT * FROM object WHERE OWN_OPS
      ),
      taken (kind, name, acl, privilege, everybody) AS (
        SELECT *, EXISTS (SELECT FROM aclexplode(o.acl) a WHERE a.grantee = 0 AND a.privilege_type = o.privilege)
        FROM (
          SELECT 'FUNCTION', name, acl, 'EXECUTE' FROM member
          UNION ALL
          SELECT * FROM own WHERE kind = 'SCHEMA'
        ) o (kind, name, acl, privilege)
      )
      """
          .replace("FUNCTIONS", ExtensionFunctions.PG_HELLO.query());

  /**
   * Query for the steps in extension/ops/roles.sql. For each step, it returns whether the step is
   * done, and the statement that reverts the step.
   */
  private static final String PRIVILEGES =
      MEMBERS
          + """
      SELECT done, opens, what, sql, undo
      FROM (
        SELECT 1, EXISTS (SELECT FROM pg_roles r WHERE r.rolname = w.role), false, format('role %I does not exist', w.role),
          format('CREATE ROLE %I', w.role), format('DROP ROLE %I', w.role)
        FROM wanted w
        UNION ALL
        SELECT 2, EXISTS (
            SELECT FROM pg_auth_members a
            WHERE pg_get_userbyid(a.roleid) = m.role AND pg_get_userbyid(a.member) = m.member),
          false, format('%I is not a member of %I', m.member, m.role),
          format('GRANT %I TO %I', m.role, m.member), format('REVOKE %I FROM %I', m.role, m.member)
        FROM (VALUES ('hello_user', 'hello_admin'), ('pg_monitor', 'hello_monitor')) m (role, member)
        UNION ALL
        SELECT CASE p.kind WHEN 'FUNCTION' THEN 3 ELSE 6 END, NOT p.everybody, true,
          format('PUBLIC has %s on %s', p.privilege, p.name),
          format('REVOKE %s ON %s %s FROM PUBLIC', p.privilege, p.kind, p.name),
          format('GRANT %s ON %s %s TO PUBLIC', p.privilege, p.kind, p.name)
        FROM taken p
        UNION ALL
        SELECT g.position, EXISTS (
            SELECT FROM aclexplode(g.acl) a
            WHERE a.grantee <> 0 AND pg_get_userbyid(a.grantee) = g.role AND a.privilege_type = g.privilege),
          false, format('%I has no %s on %s', g.role, g.privilege, g.name),
          format('GRANT %s ON %s %s TO %I', g.privilege, g.kind, g.name, g.role),
          format('REVOKE %s ON %s %s FROM %I', g.privilege, g.kind, g.name, g.role)
        FROM (
          SELECT 4, 'FUNCTION', f.name, f.acl, 'EXECUTE', c.role
          FROM member f CROSS JOIN (VALUES ('hello_user'), ('hello_monitor')) c (role)
          UNION ALL
          SELECT DISTINCT 5, 'SCHEMA', quote_ident(n.nspname), coalesce(n.nspacl, acldefault('n', n.nspowner)), 'USAGE', c.role
          FROM member f
            JOIN pg_namespace n ON f.pronamespace = n.oid
            CROSS JOIN (VALUES ('hello_user'), ('hello_monitor')) c (role)
          UNION ALL
          SELECT 7, o.*, 'hello_monitor'
          FROM own o
          WHERE o.privilege <> 'CREATE'
        ) g (position, kind, name, acl, privilege, role)
      ) v (position, done, opens, what, sql, undo)
      ORDER BY position, sql
      """;

  /**
   * Query for the roles that hold a privilege only through PUBLIC. For each role, it also returns
   * the tables that the role may be unable to access without this privilege.
   */
  private static final String AFFECTED_ROLES =
      MEMBERS
          + """
      , used AS (
        SELECT coalesce(t.adrelid, c.conrelid, i.indrelid, w.ev_class, p.polrelid, g.tgrelid) AS relation
        FROM pg_depend d
          JOIN member f ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = f.oid
          LEFT JOIN pg_attrdef t ON d.classid = 'pg_attrdef'::regclass AND d.objid = t.oid
          LEFT JOIN pg_constraint c ON d.classid = 'pg_constraint'::regclass AND d.objid = c.oid AND c.conrelid <> 0
          LEFT JOIN pg_index i ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
          LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
          LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
          LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND d.objid = g.oid
      )
      SELECT r.rolname, format('REVOKE %s ON %s %s FROM PUBLIC', p.privilege, p.kind, p.name),
        p.privilege || ' on ' || p.name,
        format('GRANT %I TO %I',
          CASE WHEN bool_and(p.kind = 'FUNCTION') OVER (PARTITION BY r.oid) THEN 'hello_user' ELSE 'hello_monitor' END,
          r.rolname),
        (SELECT string_agg(DISTINCT u.relation::regclass::text, ', ') FROM used u
          WHERE has_any_column_privilege(r.oid, u.relation, 'SELECT, INSERT, UPDATE'))
      FROM taken p CROSS JOIN pg_roles r
      WHERE p.everybody
        -- OIDs of built-in roles are lower
        AND NOT r.rolsuper AND r.oid >= 16384 AND r.rolname NOT IN (SELECT role FROM wanted)
        AND (r.rolcanlogin AND has_database_privilege(r.oid, current_database(), 'CONNECT')
          OR EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = r.oid)
          OR EXISTS (
            SELECT FROM pg_shdepend d
            WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o'
              AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())))
        AND NOT EXISTS (
          SELECT FROM aclexplode(p.acl) a
          WHERE a.grantee <> 0 AND a.privilege_type = p.privilege AND pg_has_role(r.oid, a.grantee, 'USAGE'))
        AND NOT EXISTS (
          SELECT FROM pg_roles k
          WHERE (k.rolname = 'hello_monitor' AND p.privilege <> 'CREATE'
              OR p.kind = 'FUNCTION' AND k.rolname IN ('hello_user', 'hello_admin'))
            AND pg_has_role(r.oid, k.oid, 'USAGE'))
      ORDER BY 1, 3
      """;

  /**
   * Query for roles that harden created and that may have been renamed. If all roles that harden
   * creates exist, the query returns no rows. Otherwise, it returns the roles with other names that
   * have privileges on the same objects. Each of these roles either received its privileges
   * independently of harden, or was created by harden and renamed later.
   */
  private static final String RENAMED =
      MEMBERS
          + """
      SELECT format('%I has privileges on the same objects as the hello_* roles, and %s does not exist', g.role, w.roles)
      FROM (
          SELECT DISTINCT pg_get_userbyid(a.grantee)
          FROM (SELECT acl FROM member UNION ALL SELECT acl FROM own) o CROSS JOIN LATERAL aclexplode(o.acl) a
          WHERE a.grantee NOT IN (0, a.grantor)) g (role)
        CROSS JOIN (
          SELECT string_agg(role, ', ') FROM wanted WHERE role NOT IN (SELECT rolname FROM pg_roles)) w (roles)
      WHERE w.roles IS NOT NULL AND g.role NOT IN (SELECT role FROM wanted)
      ORDER BY 1
      """;

  /**
   * Query for the checked settings. For an insecure setting, it returns the change and the
   * statement that reverts the change. For a setting that is already secure, it returns the
   * statements that may revert it.
   */
  private static final String SETTINGS =
      """
      WITH preload AS (
        SELECT g.value ~ '(^|[ ,"])pg_hello($|[ ,"])' AS done, g.own,
          format('ALTER DATABASE %I ', current_database()) AS alter_it,
          (SELECT string_agg(quote_literal(btrim(u.item, ' "')), ', ' ORDER BY u.position)
            FROM unnest(string_to_array(g.value, ',')) WITH ORDINALITY u (item, position)
            WHERE btrim(u.item, ' "') NOT IN ('', 'pg_hello')) AS others
        FROM (
          -- the session may override it to connect without the library
          SELECT coalesce(d.value, s.setting), d.value IS NOT NULL
          FROM pg_settings s
            LEFT JOIN (
              SELECT substr(c.item, length('session_preload_libraries=') + 1)
              FROM pg_db_role_setting r
                JOIN pg_database d ON r.setdatabase = d.oid
                CROSS JOIN LATERAL unnest(r.setconfig) c (item)
              WHERE d.datname = current_database() AND r.setrole = 0 AND c.item ~ '^session_preload_libraries=') d (value)
              ON true
          WHERE s.name = 'session_preload_libraries') g (value, own)
        WHERE NOT EXISTS (
          SELECT FROM pg_settings s WHERE s.name = 'shared_preload_libraries' AND s.setting ~ '(^|[ ,"])pg_hello($|[ ,"])')
      ), setting (name, setting, own, position, what, needed, done, value, olds) AS (
        SELECT s.name, s.setting, coalesce(s.sourcefile ~ 'postgresql[.]auto[.]conf$', false),
          v.position, v.what, v.needed, v.done, v.value, CASE WHEN v.needed THEN ARRAY[s.setting] ELSE v.olds END
        FROM pg_settings s
          CROSS JOIN LATERAL (VALUES
            (2, 'password_encryption', 'passwords are stored as ' || s.setting || ' hashes, which can be used to log in',
              s.setting <> 'scram-sha-256', s.setting = 'scram-sha-256', 'scram-sha-256', ARRAY['md5']),
            (3, 'log_line_prefix', 'log lines have no SQLSTATE, so errors cannot be distinguished',
              s.setting !~ '%-?[0-9]*e', right(s.setting, 3) = '%e ',
              s.setting || CASE WHEN right(s.setting, 3) = '%e ' THEN '' ELSE '%e ' END, ARRAY[left(s.setting, -3)]),
            (4, 'log_statement', 'names in statements are logged, because log_statement is ' || s.setting,
              s.setting IN ('mod', 'all'), s.setting = 'ddl', 'ddl', ARRAY['mod', 'all']),
            (5, 'log_min_duration_statement',
              'all statements are logged with the names in them, because log_min_duration_statement is 0',
              s.setting = '0', s.setting = '1000', '1s', ARRAY['0'])) v (position, name, what, needed, done, value, olds)
        WHERE s.name = v.name AND (v.needed OR v.done)
      )
      SELECT done, opens, what, sql, undo
      FROM (
        SELECT 1, p.done, false, 'sessions accept invalid values of pg_hello.repeat until they first call a function',
          p.alter_it || 'SET session_preload_libraries = ' || concat_ws(', ', p.others, '''pg_hello'''), p.alter_it || u.undo
        FROM preload p
          CROSS JOIN LATERAL (VALUES ('RESET session_preload_libraries', NOT p.own),
            ('SET session_preload_libraries = ' || coalesce(p.others, ''''''), p.own)) u (undo, was)
        WHERE p.done OR u.was
        UNION ALL
        SELECT s.position, s.done, true, s.what, format('ALTER SYSTEM SET %s = %L', s.name, s.value),
          CASE WHEN o.old IS NULL THEN format('ALTER SYSTEM RESET %s', s.name)
            ELSE format('ALTER SYSTEM SET %s = %L', s.name, o.old) END
        FROM setting s
          CROSS JOIN LATERAL unnest(array_append(s.olds, NULL)) o (old)
        WHERE s.done OR (o.old IS NOT NULL) = s.own
      ) v (position, done, opens, what, sql, undo)
      ORDER BY position
      """;

  private static final String BY_HAND =
      """
      SELECT what, remedy
      FROM (
        SELECT 1, 'pg_hello is in shared_preload_libraries, so a new library requires a restart',
          'remove it manually, restart the server, and run this again'
        FROM pg_settings WHERE name = 'shared_preload_libraries' AND setting ~ '(^|[ ,"])pg_hello($|[ ,"])'
        UNION ALL
        SELECT 2, format('table %s has no forced row-level security, which would also apply to its owner', c.oid::regclass),
          'once its users have the required roles, run extension/ops/app_config.sql'
        FROM pg_class c
        WHERE c.relname = 'app_config' AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
        UNION ALL
        SELECT 3, format('PUBLIC may create objects in schema %I, which contains the extension', n.nspname),
          format('if no role needs this: REVOKE CREATE ON SCHEMA %I FROM PUBLIC', n.nspname)
        FROM pg_extension e
          JOIN pg_namespace n ON e.extnamespace = n.oid
        WHERE e.extname = 'pg_hello' AND has_schema_privilege('public', n.oid, 'CREATE')
      ) v (position, what, remedy)
      ORDER BY position
      """;

  private static final String TRUST_RULES =
      """
      SELECT format('line %s of pg_hba.conf allows %s to connect without a password', line_number, array_to_string(user_name, ', ')),
        'replace trust with scram-sha-256, or remove the line'
      FROM pg_hba_file_rules WHERE auth_method = 'trust'
      ORDER BY line_number
      """;

  private static final String FOLDERS =
      "SELECT (SELECT setting FROM pg_config() WHERE name = 'SHAREDIR') || '/extension',"
          + " (SELECT setting FROM pg_config() WHERE name = 'PKGLIBDIR')";

  /**
   * A change to apply: an SQL statement, or a change of a file's mode.
   *
   * @param opens whether the configuration is insecure without this step
   * @param done whether the step is already applied
   * @param undo the statement or command that reverts the step
   * @param file the file to change; null for an SQL statement
   */
  record Step(
      boolean done, boolean opens, String problem, String sql, String undo, @Nullable Path file) {
    boolean isForWholeServer() {
      return sql.startsWith("ALTER SYSTEM ");
    }

    Step back() {
      return new Step(false, opens, problem, /* sql= */ undo, /* undo= */ sql, file);
    }
  }

  /** A role that holds privileges only through PUBLIC. */
  record AffectedRole(
      String role, Set<String> sql, Set<String> privileges, String grant, @Nullable String tables) {
    String text() {
      return role
          + " has "
          + String.join(", ", privileges)
          + " only through PUBLIC"
          + (tables == null ? "" : ", and may need it to access " + tables);
    }
  }

  private final List<Step> all = new ArrayList<>();
  private final Map<String, AffectedRole> affectedRoles = new TreeMap<>();
  private final List<String> renamed = new ArrayList<>();
  private final Findings byHand;
  private final boolean preload;

  Hardening(Findings byHand, boolean preload) {
    this.byHand = byHand;
    this.preload = preload;
  }

  /** Returns the pending steps in execution order. */
  List<Step> steps() {
    return all.stream().filter(step -> !step.done()).toList();
  }

  /** Returns the roles that would lose privileges if the steps were applied. */
  List<AffectedRole> affectedRoles() {
    return List.copyOf(affectedRoles.values());
  }

  /** Returns a message for each role that may be one of harden's roles under another name. */
  List<String> renamed() {
    return List.copyOf(renamed);
  }

  /** Returns the step that a line of the undo file reverts; null if there is no such step. */
  @Nullable Step undoneBy(String line) {
    return all.stream()
        .filter(step -> TerminalText.line(step.undo()).equals(line))
        .findFirst()
        .orElse(null);
  }

  /** Examines a database and, if the server is on this machine, the extension's files. */
  void check(Connection connection, boolean sameMachine) throws SQLException, IOException {
    try (Statement statement = connection.createStatement()) {
      String others = OpsExtension.superuserProblem(connection);
      if (others != null) {
        warn(
            others + ", so no role is granted access to the schema hello_ops",
            "have a superuser create the schema and the extension");
      }
      String own = String.valueOf(others == null);
      query(statement, PRIVILEGES.replace("OWN_OPS", own), this::add);
      query(statement, AFFECTED_ROLES.replace("OWN_OPS", own), this::addAffectedRole);
      query(statement, RENAMED.replace("OWN_OPS", own), row -> renamed.add(row.getString(1)));
      query(statement, SETTINGS, this::add);
      query(statement, BY_HAND, this::warn);
      try {
        query(statement, TRUST_RULES, this::warn);
        if (sameMachine) {
          checkFiles(statement);
        }
      } catch (SQLException e) {
        if (!"42501".equals(e.getSQLState())) {
          throw e;
        }
        byHand.add(
            Status.UNKNOWN,
            "access",
            "this role may not read pg_hba_file_rules and pg_config",
            "run this as a superuser");
      }
    }
  }

  private void add(ResultSet row) throws SQLException {
    var step =
        new Step(
            row.getBoolean(1),
            row.getBoolean(2),
            row.getString(3),
            row.getString(4),
            row.getString(5),
            null);
    if (!preload && !step.done() && step.sql().startsWith("ALTER DATABASE ")) {
      byHand.add(
          Status.OK,
          "preload",
          step.problem(),
          "--preload loads the library at connect; if it is missing later, "
              + SqlErrors.LOST_LIBRARY);
    } else {
      all.add(step);
    }
  }

  private void addAffectedRole(ResultSet row) throws SQLException {
    var one =
        new AffectedRole(
            row.getString(1), new HashSet<>(), new TreeSet<>(), row.getString(4), row.getString(5));
    AffectedRole affected = affectedRoles.computeIfAbsent(one.role(), role -> one);
    affected.sql().add(row.getString(2));
    affected.privileges().add(row.getString(3));
  }

  private void warn(ResultSet row) throws SQLException {
    warn(row.getString(1), row.getString(2));
  }

  private void warn(String what, String remedy) {
    byHand.add(Status.WARNING, "by hand", what, remedy);
  }

  /** Processes a row. */
  private interface Row {
    void accept(ResultSet row) throws SQLException;
  }

  private static void query(Statement statement, String sql, Row row) throws SQLException {
    try (ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        row.accept(rows);
      }
    }
  }

  private void checkFiles(Statement statement) throws SQLException, IOException {
    var folders = new ArrayList<Path>();
    query(
        statement,
        FOLDERS,
        row -> folders.addAll(List.of(Path.of(row.getString(1)), Path.of(row.getString(2)))));
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
    String open =
        (attributes.permissions().contains(PosixFilePermission.GROUP_WRITE) ? "g" : "")
            + (attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE) ? "o" : "");
    for (String before : open.isEmpty() ? List.of("g", "o", "go") : List.of(open)) {
      all.add(
          new Step(
              open.isEmpty(),
              true,
              "users other than the owner can write to " + file,
              "chmod go-w " + file,
              "chmod " + before + "+w " + file,
              file));
    }
    if (!attributes.owner().getName().equals("root")) {
      warn(
          file
              + " is owned by "
              + attributes.owner().getName()
              + ", who can replace code that the server runs",
          "chown root " + file);
    }
  }

  /** Adds or removes write permission for group and others, like chmod. */
  static void chmod(String mode, Path file) throws IOException {
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
    Set<PosixFilePermission> write =
        PosixFilePermissions.fromString(
            "----" + (mode.contains("g") ? "w" : "-") + "--" + (mode.contains("o") ? "w-" : "--"));
    if (mode.contains("+")) {
      permissions.addAll(write);
    } else {
      permissions.removeAll(write);
    }
    Files.setPosixFilePermissions(file, permissions);
  }
}
