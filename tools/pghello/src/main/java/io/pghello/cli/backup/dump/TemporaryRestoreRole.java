// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.postgresql.PGConnection;

/**
 * A temporary role with the rights of the owners of the restored objects. It exists only during a
 * restore. In a superuser's session, the owners' code that runs during the restore could use RESET
 * to gain the superuser's rights. In a session of this role, that code gains no rights, and cannot
 * create, change or drop anything in the restored database.
 */
final class TemporaryRestoreRole {
  // The objects of roles that can become superusers are restored without restrictions. Before
  // PostgreSQL 16, roles with CREATEROLE can become superusers, too.
  private static final String ROLES =
      """
      SELECT rolname, NOT EXISTS (
          SELECT FROM pg_roles p
          WHERE (p.rolsuper OR p.rolname IN ('pg_execute_server_program', 'pg_write_server_files')
              OR p.rolcreaterole AND current_setting('server_version_num')::int < 160000)
            AND pg_has_role(r.oid, p.oid, 'MEMBER'))
      FROM pg_roles r
      """;

  private static final String IS_SUPERUSER =
      "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";

  // Rejects DDL that pg_restore did not send. If pg_restore sent the statement, PG_CONTEXT contains
  // only this function. pg_restore may also grant privileges as another role, which is allowed only
  // if the role that logged in (session_user) is a superuser.
  private static final String FENCE =
      """
      CREATE SCHEMA @ROLE@;
      CREATE FUNCTION @ROLE@.refuse() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
      DECLARE
        stack text;
      BEGIN
        GET DIAGNOSTICS stack = PG_CONTEXT;
        IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
          AND (strpos(stack, chr(10)) > 0 OR session_user <> '@ROLE@' AND NOT EXISTS (
            SELECT FROM pg_stat_get_activity(pg_backend_pid()) a JOIN pg_roles r ON r.oid = a.usesysid AND r.rolsuper))
        THEN
          RAISE insufficient_privilege USING MESSAGE = 'permission denied: only pghello restores this database';
        END IF;
      END
      $$;
      CREATE EVENT TRIGGER @ROLE@ ON ddl_command_start EXECUTE FUNCTION @ROLE@.refuse();
      """;

  private static final String WITHOUT_CREATE =
      """
      SELECT nspname, rolname, quote_ident(nspname), quote_ident(rolname)
      FROM pg_namespace n CROSS JOIN pg_roles r
      WHERE nspname !~ '^(pg_|information_schema$)' AND rolname = ANY (?) AND NOT has_schema_privilege(r.oid, n.oid, 'CREATE')
      """;

  private final String name;
  private final String password = UUID.randomUUID().toString();

  TemporaryRestoreRole(String name) {
    this.name = name;
  }

  /**
   * Returns the server's roles. A role's value is true if the temporary role restores its objects,
   * and false if the role that runs the restore does.
   */
  static Map<String, Boolean> roles(Connection session) throws SQLException {
    var roles = new HashMap<String, Boolean>();
    try (Statement statement = session.createStatement();
        ResultSet rows = statement.executeQuery(ROLES)) {
      while (rows.next()) {
        roles.put(rows.getString(1), rows.getBoolean(2));
      }
    }
    return roles;
  }

  /** Returns whether the session can create the role and the event trigger. */
  static boolean isSuperuser(Connection session) throws SQLException {
    return Query.isTrue(session, IS_SUPERUSER);
  }

  /** Creates the role, and makes it a member of the owners' roles. */
  void create(Connection session, Set<String> owners) throws SQLException {
    try (Statement statement = session.createStatement()) {
      statement.execute("CREATE ROLE %s LOGIN".formatted(name));
      for (String owner : owners) {
        // pg_database_owner cannot have members, so its objects need --trust-owners.
        if (owner.equals("pg_database_owner")) {
          continue;
        }
        statement.execute("GRANT \"%s\" TO %s".formatted(owner.replace("\"", "\"\""), name));
      }
    }
    // Sends a hash of the password instead of the password itself.
    session.unwrap(PGConnection.class).alterUserPassword(name, password.toCharArray(), null);
  }

  String letIntoStatement(String database) {
    return "GRANT CONNECT ON DATABASE %s TO %s".formatted(database, name);
  }

  Map<String, String> environment(Target target) {
    var environment = new LinkedHashMap<>(target.environment());
    environment.put("PGUSER", name);
    environment.put("PGPASSWORD", password);
    return environment;
  }

  /**
   * Returns the statements that prevent the owners' code from running DDL in the database, both in
   * the restore's sessions and in other sessions.
   */
  String fenceStatements() {
    return FENCE.replace("@ROLE@", name);
  }

  /**
   * Grants CREATE on schemas to the owners of the objects that the dump restores into these
   * schemas.
   *
   * @return the statements that revoke these grants, and drop the event trigger and all privileges
   *     of this role
   */
  List<String> letCreate(Connection inDatabase, DumpEntries entries) throws SQLException {
    var back = new ArrayList<String>();
    try (PreparedStatement query = inDatabase.prepareStatement(WITHOUT_CREATE);
        Statement statement = inDatabase.createStatement()) {
      query.setArray(1, inDatabase.createArrayOf("text", entries.owners().toArray()));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          if (entries.hasOwnerIn(rows.getString(1), rows.getString(2))) {
            String schema = rows.getString(3);
            String owner = rows.getString(4);
            statement.execute("GRANT CREATE ON SCHEMA %s TO %s".formatted(schema, owner));
            back.add("REVOKE CREATE ON SCHEMA %s FROM %s".formatted(schema, owner));
          }
        }
      }
    }
    back.add("DROP EVENT TRIGGER " + name);
    back.add("DROP SCHEMA %s CASCADE".formatted(name));
    back.add("DROP OWNED BY " + name);
    return back;
  }

  String dropStatement() {
    return "DROP ROLE IF EXISTS " + name;
  }
}
