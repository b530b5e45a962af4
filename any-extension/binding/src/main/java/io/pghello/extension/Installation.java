// SPDX-License-Identifier: MIT
package io.pghello.extension;

import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The installation of an extension in a database, as seen by the role of a connection. {@link
 * ExtensionDescription#inspect} returns it.
 *
 * <pre>{@code
 * Installation installation = VECTOR.inspect(connection).requireUsable();
 * String version = installation.version();
 * }</pre>
 *
 * <p>Immutable.
 *
 * @param extension the extension's description
 * @param database the name of the database
 * @param serverVersion the PostgreSQL version, with the packager's suffix if any, for example
 *     {@code 17.5}
 * @param schema the schema of the extension, quoted if necessary; null if the extension has not
 *     been created in this database
 * @param version the version of the extension in this database; null if the extension has not been
 *     created in it
 * @param filesVersion the version that {@code CREATE EXTENSION} would create from the files on the
 *     server; null if there are no files
 * @param functions the described functions that exist in the database and really belong to the
 *     extension: C functions from its library, in its schema, and owned by a superuser
 * @param problems the problems, most severe first
 * @param processId the process ID of the server process ({@code pg_backend_pid()})
 * @param isBehindTrackingPooler whether a pooler has created prepared statements in this server
 *     process
 * @param isDistributed whether the database is distributed by Citus
 */
public record Installation(
    ExtensionDescription extension,
    String database,
    String serverVersion,
    @Nullable String schema,
    @Nullable String version,
    @Nullable String filesVersion,
    List<ExtensionFunction> functions,
    List<ExtensionProblem> problems,
    int processId,
    boolean isBehindTrackingPooler,
    boolean isDistributed) {

  // The owner of an extension can add functions to it, so membership in the extension does not make
  // a function safe to call. PostgreSQL's own types are identified by their schema, because another
  // type with the same name may come first on the search path, or may appear in the signature.
  private static final String SQL =
      """
      SELECT 'installation of {extension}' AS question, pg_catalog.current_database() AS database,
        pg_catalog.quote_ident(current_user) AS role,
        pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.datdba)) AS owner,
        pg_catalog.has_database_privilege(d.oid, 'CREATE') AS may_create,
        CASE WHEN e.oid IS NULL THEN EXISTS (
          SELECT FROM pg_catalog.pg_available_extension_versions v, pg_catalog.pg_roles u
          WHERE v.name OPERATOR(pg_catalog.=) '{extension}'
            AND v.version OPERATOR(pg_catalog.=) a.default_version AND v.superuser AND NOT v.trusted
            AND u.rolname OPERATOR(pg_catalog.=) current_user AND NOT u.rolsuper)
          END AS needs_superuser,
        a.default_version, e.extversion, pg_catalog.quote_ident(n.nspname) AS schema,
        pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS may_use_schema,
        n.nspname OPERATOR(pg_catalog.=) ANY (pg_catalog.current_schemas(true)) AS on_path,
        pg_catalog.current_setting('search_path') AS search_path,
        pg_catalog.current_setting('server_version') AS server_version,
        pg_catalog.pg_backend_pid() AS process_id,
        EXISTS (SELECT FROM pg_catalog.pg_prepared_statements s
          WHERE s.name OPERATOR(pg_catalog.~) '^(PGBOUNCER|odyssey_pstmt)_[0-9]') AS is_tracked,
        EXISTS (SELECT FROM pg_catalog.pg_extension c WHERE c.extname OPERATOR(pg_catalog.=) 'citus')
          AS is_distributed,
        f.name, f.types, f.schemas, f.schema AS function_schema, f.volatility, f.by_superuser, f.own,
        f.may_execute
      FROM pg_catalog.pg_database d
        LEFT JOIN pg_catalog.pg_available_extensions a ON a.name OPERATOR(pg_catalog.=) '{extension}'
        LEFT JOIN pg_catalog.pg_extension e ON e.extname OPERATOR(pg_catalog.=) '{extension}'
        LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
        LEFT JOIN LATERAL (
          SELECT p.proname::pg_catalog.text AS name, p.provolatile::pg_catalog.text AS volatility,
            pg_catalog.quote_ident(q.nspname) AS schema,
            r.rolsuper OR l.lanname OPERATOR(pg_catalog.=) 'c' AS by_superuser,
            r.rolsuper AND l.lanname OPERATOR(pg_catalog.=) 'c'
              AND pg_catalog.replace(COALESCE(p.probin, ''), '$libdir/', '') OPERATOR(pg_catalog.=)
                pg_catalog.replace(pg_catalog.replace('{library}', '$libdir/', ''), 'VERSION',
                  e.extversion)
              AND p.pronamespace OPERATOR(pg_catalog.=) n.oid AS own,
            pg_catalog.has_function_privilege(p.oid, 'EXECUTE') AS may_execute, t.types, t.schemas
          FROM pg_catalog.pg_depend m
            JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) m.objid
            JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
            JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) p.proowner
            JOIN pg_catalog.pg_namespace q ON q.oid OPERATOR(pg_catalog.=) p.pronamespace
            CROSS JOIN LATERAL (
              SELECT
                pg_catalog.array_agg(pg_catalog.concat(
                  CASE WHEN s.nspname OPERATOR(pg_catalog.<>) 'pg_catalog' AND EXISTS (
                    SELECT FROM pg_catalog.pg_type x
                    WHERE x.typname OPERATOR(pg_catalog.=) b.typname AND x.typnamespace
                      OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace)
                    THEN 'not of pg_catalog: ' END,
                  COALESCE(c.typname, b.typname),
                  CASE WHEN c.oid IS NULL THEN '' ELSE '[]' END) ORDER BY u.position) AS types,
                pg_catalog.array_agg(CASE WHEN s.nspname OPERATOR(pg_catalog.=) 'pg_catalog' THEN ''
                  ELSE pg_catalog.quote_ident(s.nspname) END ORDER BY u.position) AS schemas
              FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS u (type, position)
                JOIN pg_catalog.pg_type b ON b.oid OPERATOR(pg_catalog.=) u.type
                LEFT JOIN pg_catalog.pg_type c ON c.oid OPERATOR(pg_catalog.=) b.typelem
                  AND c.typarray OPERATOR(pg_catalog.=) b.oid
                JOIN pg_catalog.pg_namespace s ON s.oid OPERATOR(pg_catalog.=) b.typnamespace) t
          WHERE m.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
            AND m.refobjid OPERATOR(pg_catalog.=) e.oid
            AND m.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
            AND m.deptype OPERATOR(pg_catalog.=) 'e'
            AND p.proname OPERATOR(pg_catalog.=) ANY ({functions})) f ON true
      WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
      """;

  /** Copies the lists. */
  public Installation {
    functions = List.copyOf(functions);
    problems = List.copyOf(problems);
  }

  /**
   * Returns the query for one extension. The description accepts only names that need no escaping
   * here.
   */
  static String sql(ExtensionDescription extension) {
    return SQL.replace("{extension}", extension.name())
        .replace("{library}", extension.library())
        .replace(
            "{functions}",
            extension.functions().stream()
                .map(ExtensionFunction::name)
                .distinct()
                .collect(Collectors.joining(",", "'{", "}'::pg_catalog.name[]")));
  }

  /**
   * Inspects the installation.
   *
   * @param expected the expected schema; null for any schema
   * @param seconds the timeout in seconds; 0 for no timeout
   */
  static Installation find(
      ExtensionDescription extension, Connection connection, @Nullable String expected, int seconds)
      throws SQLException {
    // normally, the server cancels the query; the network timeout applies only if the server does
    // not respond at all
    boolean limits = seconds > 0 && connection.getNetworkTimeout() == 0;
    if (limits) {
      connection.setNetworkTimeout(
          Runnable::run, (int) Math.min(1000L * (seconds + 5L), Integer.MAX_VALUE));
    }
    try (Statement statement = connection.createStatement()) {
      if (seconds > 0) {
        statement.setQueryTimeout(seconds);
      }
      try (ResultSet row = statement.executeQuery(extension.sql())) {
        if (!row.next() || !("installation of " + extension.name()).equals(row.getString(1))) {
          throw new ExtensionException(ExtensionProblem.mismatch(extension));
        }
        var server = Server.of(row);
        return of(extension, server, members(row), expected);
      }
    } finally {
      if (limits && !connection.isClosed()) {
        connection.setNetworkTimeout(Runnable::run, 0);
      }
    }
  }

  private static Installation of(
      ExtensionDescription extension,
      Server server,
      Map<List<String>, Member> members,
      @Nullable String expected) {
    List<ExtensionFunction> own =
        extension.functions().stream()
            .filter(function -> isOwn(members.get(function.catalogKey())))
            .toList();
    return new Installation(
        extension,
        server.database,
        server.serverVersion,
        server.schema,
        server.version,
        server.filesVersion,
        own,
        problems(extension, server, members, own, expected),
        server.processId,
        server.isBehindTrackingPooler,
        server.isDistributed);
  }

  private static boolean isOwn(@Nullable Member member) {
    return member != null && member.own;
  }

  /**
   * Returns the members of the extension that have the described names, by name and argument types.
   * If several members have the same signature, the extension's own function is returned.
   */
  private static Map<List<String>, Member> members(ResultSet row) throws SQLException {
    var members = new LinkedHashMap<List<String>, Member>();
    do {
      String name = row.getString("name");
      if (name != null) {
        String[] types = strings(row.getArray("types"));
        var key = new ArrayList<String>();
        key.add(name);
        key.addAll(List.of(types));
        var member =
            new Member(
                row.getString("function_schema"),
                row.getString("volatility"),
                row.getBoolean("by_superuser"),
                row.getBoolean("own"),
                row.getBoolean("may_execute"),
                List.of(strings(row.getArray("schemas"))));
        members.merge(List.copyOf(key), member, (one, other) -> one.own ? one : other);
      }
    } while (row.next());
    return members;
  }

  private static String[] strings(@Nullable Array array) throws SQLException {
    return array == null ? new String[0] : (String[]) array.getArray();
  }

  private static List<ExtensionProblem> problems(
      ExtensionDescription extension,
      Server server,
      Map<List<String>, Member> members,
      List<ExtensionFunction> own,
      @Nullable String expected) {
    String schema = server.schema;
    String version = server.version;
    if (schema == null || version == null) {
      return List.of(
          server.filesVersion == null
              ? ExtensionProblem.filesMissing(extension, null)
              : ExtensionProblem.notCreated(
                  extension, server.database, server.role, server.creator(), expected));
    }
    var foreign = new ArrayList<ExtensionFunction>();
    var added = new ArrayList<String>();
    var mismatched = new ArrayList<ExtensionFunction>();
    var missing = new ArrayList<ExtensionFunction>();
    var forbidden = new ArrayList<ExtensionFunction>();
    var qualified = new ArrayList<String>();
    boolean relabelled = false;
    for (ExtensionFunction function : extension.functions()) {
      Member member = members.get(function.catalogKey());
      if (member == null) {
        if (extension.requires(function)) {
          missing.add(function);
        }
      } else if (!member.bySuperuser) {
        foreign.add(function);
        added.add(member.signature(function));
      } else if (!member.own) {
        mismatched.add(function);
      } else {
        relabelled |= !member.isDeclaredAs(function.volatility());
        if (!member.mayExecute) {
          forbidden.add(function);
          qualified.add(member.signature(function));
        }
      }
    }
    var problems = new ArrayList<ExtensionProblem>();
    if (!foreign.isEmpty()) {
      problems.add(ExtensionProblem.foreignFunctions(extension, server.database, foreign, added));
    }
    if (!mismatched.isEmpty()) {
      problems.add(
          ExtensionProblem.declarationMismatch(extension, server.database, schema, mismatched));
    }
    if (relabelled) {
      problems.add(ExtensionProblem.foreignBuild(extension, server.database, schema));
    }
    if (!server.mayUseSchema) {
      problems.add(ExtensionProblem.noSchemaPrivilege(extension, schema, server.role));
    }
    if (!forbidden.isEmpty()) {
      problems.add(ExtensionProblem.noExecutePrivilege(forbidden, qualified, server.role));
    }
    // do not report an old version if foreign or mismatched functions are already reported above
    boolean old =
        foreign.isEmpty() && mismatched.isEmpty() && isBefore(version, extension.minimumVersion());
    if (old || !missing.isEmpty()) {
      problems.add(
          ExtensionProblem.tooOld(
              extension, server.database, version, server.filesVersion, missing));
    }
    if (expected != null && !quoted(expected).equals(quoted(schema))) {
      problems.add(ExtensionProblem.wrongSchema(extension, schema, expected));
    }
    // do not suggest adding a schema that contains foreign functions to the search path
    if (!server.onPath && foreign.isEmpty()) {
      problems.add(
          ExtensionProblem.notOnSearchPath(
              extension,
              schema,
              own.isEmpty() ? null : own.get(0).name(),
              server.role,
              server.searchPath));
    }
    return problems;
  }

  /** Returns whether a version is older than another; false if they cannot be compared. */
  static boolean isBefore(String version, @Nullable String other) {
    return other != null
        && ExtensionDescription.compare(version, other).map(order -> order < 0).orElse(false);
  }

  private static String quoted(String identifier) {
    return identifier.startsWith("\"") ? identifier : '"' + identifier + '"';
  }

  /** Returns the most severe problem that prevents calls to a described function. */
  public Optional<ExtensionProblem> problemFor(ExtensionFunction function) {
    Optional<ExtensionProblem> problem =
        problems.stream()
            .filter(each -> each.functions().contains(function.signature()))
            .findFirst();
    return problem.isPresent() || version == null || functions.contains(function)
        ? problem
        : Optional.of(
            ExtensionProblem.tooOld(extension, database, version, filesVersion, List.of(function)));
  }

  /**
   * Returns this installation if the extension can be used.
   *
   * @throws ExtensionException if the extension cannot be used; the message contains all problems
   *     and their remedies
   */
  public Installation requireUsable() {
    Optional<ExtensionProblem> obstacle =
        ExtensionProblem.combined(problems.stream().filter(ExtensionProblem::isObstacle).toList());
    if (obstacle.isPresent()) {
      throw new ExtensionException(obstacle.get());
    }
    return this;
  }

  /** The result of the query, without the functions. */
  private record Server(
      String database,
      String serverVersion,
      String role,
      String owner,
      boolean mayCreate,
      boolean needsSuperuser,
      @Nullable String schema,
      @Nullable String version,
      @Nullable String filesVersion,
      boolean mayUseSchema,
      boolean onPath,
      @Nullable String searchPath,
      int processId,
      boolean isBehindTrackingPooler,
      boolean isDistributed) {
    static Server of(ResultSet row) throws SQLException {
      return new Server(
          row.getString("database"),
          row.getString("server_version"),
          row.getString("role"),
          row.getString("owner"),
          row.getBoolean("may_create"),
          row.getBoolean("needs_superuser"),
          row.getString("schema"),
          row.getString("extversion"),
          row.getString("default_version"),
          row.getBoolean("may_use_schema"),
          row.getBoolean("on_path"),
          row.getString("search_path"),
          row.getInt("process_id"),
          row.getBoolean("is_tracked"),
          row.getBoolean("is_distributed"));
    }

    /**
     * Returns a description of the roles that may create the extension; null if the current role
     * may create it.
     */
    @Nullable String creator() {
      if (needsSuperuser) {
        return "a superuser";
      }
      return mayCreate ? null : "the database's owner " + owner;
    }
  }

  /**
   * A function that is a member of the extension.
   *
   * @param schema the function's schema, quoted if necessary
   * @param volatility the first letter of the function's declared volatility
   * @param bySuperuser whether a superuser declared the function: a superuser owns it, or it is a C
   *     function
   * @param schemas the schemas of the function's argument types, quoted if necessary; an empty
   *     string for each of PostgreSQL's own types
   */
  private record Member(
      String schema,
      String volatility,
      boolean bySuperuser,
      boolean own,
      boolean mayExecute,
      List<String> schemas) {
    boolean isDeclaredAs(ExtensionFunction.@Nullable Volatility declared) {
      return declared == null || declared.name().toLowerCase(Locale.ROOT).startsWith(volatility);
    }

    /** Returns the signature, with the schemas of the function and its argument types. */
    String signature(ExtensionFunction function) {
      var types = new ArrayList<String>();
      for (int i = 0; i < schemas.size(); i++) {
        String type = ExtensionFunction.catalogName(function.argumentTypes().get(i));
        types.add((schemas.get(i).isEmpty() ? "pg_catalog" : schemas.get(i)) + '.' + type);
      }
      return schema + '.' + function.name() + '(' + String.join(",", types) + ')';
    }
  }
}
