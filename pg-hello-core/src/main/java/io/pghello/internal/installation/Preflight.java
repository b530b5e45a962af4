// SPDX-License-Identifier: MIT
package io.pghello.internal.installation;

import io.pghello.PgHelloProblem;
import io.pghello.internal.Errors;
import io.pghello.internal.Function;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds out, in one round trip and with the rights that everybody has, where the extension is and
 * what stands in the way of using it.
 *
 * @param database the name of the database
 * @param serverVersion the version of PostgreSQL
 * @param schema the quoted name of the extension's schema; null if it is not created here
 * @param extensionVersion its version; null if it is not created here
 * @param filesVersion the version that the files on the server would create; null if there are none
 * @param functions those that are there, and are the extension's own: in its language and library,
 *     owned by a superuser
 * @param forbidden those of them that the role may not execute
 * @param problems what is wrong, the gravest first
 */
public record Preflight(
    String database,
    String serverVersion,
    @Nullable String schema,
    @Nullable String extensionVersion,
    @Nullable String filesVersion,
    Set<Function> functions,
    Set<Function> forbidden,
    List<PgHelloProblem> problems) {

  // Types are told by their OIDs, which are fixed (PostgreSQL's pg_type.dat): a type of the same
  // name can stand in a schema that comes first on the path.
  private static final Map<String, Function> FUNCTIONS =
      Arrays.stream(Function.values())
          .collect(Collectors.toUnmodifiableMap(Function::declaration, function -> function));

  /** The beginning of the right answer; another answer is that of another statement. */
  private static final String QUESTION = "pg_hello's installation";

  // Who owns an extension can add functions to it, so that a member alone is not to be called.
  private static final String SQL =
      """
      SELECT 'pg_hello''s installation' AS question, pg_catalog.current_database() AS database,
        pg_catalog.quote_ident(current_user) AS role,
        pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.datdba)) AS owner,
        pg_catalog.has_database_privilege(d.oid, 'CREATE') AS may_create,
        a.default_version, e.extversion, pg_catalog.quote_ident(n.nspname) AS schema,
        pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS may_use_schema,
        n.nspname OPERATOR(pg_catalog.=) ANY (pg_catalog.current_schemas(true)) AS on_path,
        pg_catalog.current_setting('search_path') AS search_path,
        pg_catalog.current_setting('server_version') AS server_version,
        f.functions, f.foreign_functions, f.foreign_build, f.forbidden
      FROM pg_catalog.pg_database d
        LEFT JOIN pg_catalog.pg_available_extensions a ON a.name OPERATOR(pg_catalog.=) 'pg_hello'
        LEFT JOIN pg_catalog.pg_extension e ON e.extname OPERATOR(pg_catalog.=) 'pg_hello'
        LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
        LEFT JOIN LATERAL (
          SELECT pg_catalog.string_agg(s.declared, ';') FILTER (WHERE s.own) AS functions,
            pg_catalog.string_agg(s.declared, ';') FILTER (WHERE NOT s.own) AS foreign_functions,
            pg_catalog.bool_or(s.own AND s.provolatile OPERATOR(pg_catalog.<>)
              CASE WHEN s.declared OPERATOR(pg_catalog.=) 'pg_hello 25' THEN 's'
                WHEN s.declared OPERATOR(pg_catalog.=) 'now_ms ' THEN 'v'
                WHEN s.declared OPERATOR(pg_catalog.=) 'pg_hello 25 23' THEN 'i'
                ELSE s.provolatile END) AS foreign_build,
            pg_catalog.string_agg(s.declared, ';')
              FILTER (WHERE s.own AND NOT pg_catalog.has_function_privilege(s.oid, 'EXECUTE')) AS forbidden
          FROM (
            SELECT p.oid, p.provolatile,
              pg_catalog.concat(p.proname, ' ', p.proargtypes) AS declared,
              r.rolsuper AND l.lanname OPERATOR(pg_catalog.=) 'LANGUAGE'
                AND COALESCE(p.probin, '') OPERATOR(pg_catalog.=) 'LIBRARY'
                AND p.pronamespace OPERATOR(pg_catalog.=) n.oid AS own
            FROM pg_catalog.pg_depend m
              JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) m.objid
              JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
              JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) p.proowner
            WHERE m.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
              AND m.refobjid OPERATOR(pg_catalog.=) e.oid
              AND m.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
              AND m.deptype OPERATOR(pg_catalog.=) 'e') s) f ON true
      WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
      """
          .replace("LANGUAGE", Function.LANGUAGE)
          .replace("LIBRARY", Function.LIBRARY);

  /**
   * Looks around on a connection, and changes nothing.
   *
   * @param told the quoted schema in which functions are called; null if it is to be found
   */
  public static Preflight run(Connection connection, @Nullable String told) throws SQLException {
    return run(connection, told, Function.required());
  }

  /**
   * Looks around for a client that needs these functions.
   *
   * @param required what is no problem to lack if it is not among them, until it is called
   */
  static Preflight run(Connection connection, @Nullable String told, Set<Function> required)
      throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(SQL)) {
      if (!row.next() || !QUESTION.equals(row.getString(1))) {
        throw Errors.mismatch();
      }
      String schema = row.getString("schema");
      Set<Function> functions = split(row.getString("functions"));
      Set<Function> forbidden = split(row.getString("forbidden"));
      return new Preflight(
          row.getString("database"),
          row.getString("server_version"),
          schema,
          row.getString("extversion"),
          row.getString("default_version"),
          functions,
          forbidden,
          problems(
              row,
              schema,
              told,
              required,
              functions,
              split(row.getString("foreign_functions")),
              forbidden));
    }
  }

  /** Returns the gravest problem because of which the client cannot call a function. */
  public Optional<PgHelloProblem> obstacle(Function function) {
    Optional<PgHelloProblem> problem =
        problems.stream()
            .filter(each -> each.functions().contains(function.signature()))
            .findFirst();
    return problem.isPresent() || functions.contains(function) || extensionVersion == null
        ? problem
        : Optional.of(
            InstallationProblems.tooOld(
                database, extensionVersion, filesVersion, EnumSet.of(function)));
  }

  private static Set<Function> split(@Nullable String declared) {
    Set<Function> functions = EnumSet.noneOf(Function.class);
    if (declared != null) {
      for (String each : List.of(declared.split(";"))) {
        Function function = FUNCTIONS.get(each);
        if (function != null) {
          functions.add(function);
        }
      }
    }
    return functions;
  }

  private static List<PgHelloProblem> problems(
      ResultSet row,
      @Nullable String schema,
      @Nullable String told,
      Set<Function> required,
      Set<Function> functions,
      Set<Function> foreign,
      Set<Function> forbidden)
      throws SQLException {
    String database = row.getString("database");
    String role = row.getString("role");
    if (schema == null) {
      return List.of(
          row.getString("default_version") == null
              ? InstallationProblems.filesMissing(null)
              : InstallationProblems.notCreated(
                  database, role, row.getBoolean("may_create") ? null : row.getString("owner")));
    }
    var problems = new ArrayList<PgHelloProblem>();
    // one of them may be in another schema
    foreign.removeAll(functions);
    if (!foreign.isEmpty()) {
      problems.add(InstallationProblems.foreignFunctions(database, foreign));
    }
    if (row.getBoolean("foreign_build")) {
      problems.add(InstallationProblems.foreignBuild(database));
    }
    if (!row.getBoolean("may_use_schema")) {
      problems.add(InstallationProblems.noSchemaPrivilege(schema, role));
    }
    if (!forbidden.isEmpty()) {
      problems.add(InstallationProblems.noExecutePrivilege(schema, role, forbidden));
    }
    Set<Function> missing = EnumSet.allOf(Function.class);
    missing.retainAll(required);
    missing.removeAll(functions);
    missing.removeAll(foreign);
    if (!missing.isEmpty()) {
      problems.add(
          InstallationProblems.tooOld(
              database, row.getString("extversion"), row.getString("default_version"), missing));
    }
    if (told != null && !told.equals(schema.startsWith("\"") ? schema : '"' + schema + '"')) {
      problems.add(InstallationProblems.elsewhere(schema, told));
    }
    if (!row.getBoolean("on_path")) {
      problems.add(InstallationProblems.notOnPath(schema, role, row.getString("search_path")));
    }
    return List.copyOf(problems);
  }
}
