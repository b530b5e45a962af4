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
 * A role that has the rights of the owners of what is restored, for as long as that takes. Code of
 * theirs that a restore runs gets no other rights by RESET, as it would in a superuser's session.
 * In the database that is restored, it creates, changes and drops nothing.
 */
final class OwnersLogIn {
  // roles that can become superusers need no fence; before PostgreSQL 16, roles with CREATEROLE can
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

  // statements that pg_restore sends have only this function's context; if it grants as another
  // role, the login is a superuser
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

  OwnersLogIn(String name) {
    this.name = name;
  }

  /** Returns the server's roles, and whether the owners' login restores their objects. */
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

  /** Returns whether the session may create such a role, and its fence. */
  static boolean isSuperuser(Connection session) throws SQLException {
    return Query.isTrue(session, IS_SUPERUSER);
  }

  /** Creates it. */
  void create(Connection session, Set<String> owners) throws SQLException {
    try (Statement statement = session.createStatement()) {
      statement.execute("CREATE ROLE %s LOGIN".formatted(name));
      for (String owner : owners) {
        // this role cannot have members: its objects need --trust-owners
        if (owner.equals("pg_database_owner")) {
          continue;
        }
        statement.execute("GRANT \"%s\" TO %s".formatted(owner.replace("\"", "\"\""), name));
      }
    }
    // which sends no password as it is
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

  /** Has code of owners define nothing in the database: neither in a restore nor beside it. */
  String fenceStatements() {
    return FENCE.replace("@ROLE@", name);
  }

  /**
   * Lets owners create what the dump has of theirs in schemas that others have let them into.
   *
   * @return what takes that back, the fence, and all privileges of this role
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
