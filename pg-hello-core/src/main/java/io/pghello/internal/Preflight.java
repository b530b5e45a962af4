// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.ConnectionSource;
import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
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
 * @param functions those that are there
 * @param forbidden those of them that the role may not execute
 * @param problems what is wrong, the gravest first
 */
public record Preflight(
    String database,
    String serverVersion,
    @Nullable String schema,
    @Nullable String extensionVersion,
    Set<Function> functions,
    Set<Function> forbidden,
    List<PgHelloProblem> problems) {

  // Types are told by their OIDs, which are fixed (PostgreSQL's pg_type.dat): a type of the same
  // name can stand in a schema that comes first on the path.
  private static final Map<String, Function> FUNCTIONS =
      Map.of(
          "pg_hello 25", Function.HELLO,
          "pg_hello 25 23", Function.HELLO_REPEAT,
          "pg_hello_all 1009 1007", Function.HELLO_ALL,
          "now_ms ", Function.NOW_MS,
          "spi_version ", Function.SPI_VERSION);

  private static final String SQL =
      """
      SELECT pg_catalog.current_database(), pg_catalog.quote_ident(current_user),
        pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.datdba)),
        pg_catalog.has_database_privilege(d.oid, 'CREATE'),
        a.default_version, e.extversion, pg_catalog.quote_ident(n.nspname),
        pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
        n.nspname OPERATOR(pg_catalog.=) ANY (pg_catalog.current_schemas(true)),
        pg_catalog.current_setting('search_path'), pg_catalog.current_setting('server_version'),
        f.functions, f.foreign_build, f.forbidden
      FROM pg_catalog.pg_database d
        LEFT JOIN pg_catalog.pg_available_extensions a ON a.name OPERATOR(pg_catalog.=) 'pg_hello'
        LEFT JOIN pg_catalog.pg_extension e ON e.extname OPERATOR(pg_catalog.=) 'pg_hello'
        LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
        LEFT JOIN LATERAL (
          SELECT pg_catalog.string_agg(s.declared, ';') AS functions,
            pg_catalog.bool_or(s.provolatile OPERATOR(pg_catalog.<>)
              CASE WHEN s.declared OPERATOR(pg_catalog.=) 'pg_hello 25' THEN 's'
                WHEN s.declared OPERATOR(pg_catalog.=) 'now_ms ' THEN 'v'
                WHEN s.declared OPERATOR(pg_catalog.=) 'pg_hello 25 23' THEN 'i'
                ELSE s.provolatile END) AS foreign_build,
            pg_catalog.string_agg(s.declared, ';')
              FILTER (WHERE NOT pg_catalog.has_function_privilege(s.oid, 'EXECUTE')) AS forbidden
          FROM (
            SELECT p.oid, p.provolatile,
              pg_catalog.concat(p.proname, ' ', p.proargtypes) AS declared
            FROM pg_catalog.pg_depend m
              JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) m.objid
            WHERE m.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
              AND m.refobjid OPERATOR(pg_catalog.=) e.oid
              AND m.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
              AND m.deptype OPERATOR(pg_catalog.=) 'e') s) f ON true
      WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
      """;

  /** Looks around on a connection, and changes nothing. */
  public static Preflight run(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(SQL)) {
      row.next();
      String schema = row.getString(7);
      Set<Function> functions = split(row.getString(12));
      Set<Function> forbidden = split(row.getString(14));
      return new Preflight(
          row.getString(1),
          row.getString(11),
          schema,
          row.getString(6),
          functions,
          forbidden,
          problems(row, schema, functions, forbidden));
    }
  }

  /** Looks around once on a connection of a source, without a client. */
  public static Preflight run(ConnectionSource source, Duration timeout) {
    Settings settings = Settings.ofOneStatement(timeout);
    return new StatementExecutor(source, settings)
        .run(StatementContext.single(settings.deadline()), StatementExecutor.Session::look);
  }

  /** Returns the gravest problem that keeps a function from being called by its qualified name. */
  public Optional<PgHelloProblem> obstacle(Function function) {
    return problems.stream()
        .filter(
            problem ->
                switch (problem.code()) {
                  case NOT_ON_PATH -> false;
                  case TOO_OLD -> !functions.contains(function);
                  case NO_EXECUTE_PRIVILEGE -> forbidden.contains(function);
                  default -> true;
                })
        .findFirst();
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
      ResultSet row, @Nullable String schema, Set<Function> functions, Set<Function> forbidden)
      throws SQLException {
    String database = row.getString(1);
    if (schema == null) {
      return List.of(row.getString(5) == null ? filesMissing(null) : notCreated(row, database));
    }
    var problems = new ArrayList<PgHelloProblem>();
    if (row.getBoolean(13)) {
      problems.add(foreignBuild(database));
    }
    String role = row.getString(2);
    if (!row.getBoolean(8)) {
      problems.add(
          new PgHelloProblem(
              Code.NO_SCHEMA_PRIVILEGE,
              "Role " + role + " may not use schema " + schema + ", in which pg_hello is.",
              "Let the schema's owner run: GRANT USAGE ON SCHEMA " + schema + " TO " + role + ";"));
    }
    if (!forbidden.isEmpty()) {
      problems.add(
          new PgHelloProblem(
              Code.NO_EXECUTE_PRIVILEGE,
              "Role " + role + " may not execute " + list("", forbidden) + ".",
              "Let a superuser run: GRANT EXECUTE ON FUNCTION "
                  + list(schema + ".", forbidden)
                  + " TO "
                  + role
                  + ";"));
    }
    if (!functions.containsAll(EnumSet.allOf(Function.class))) {
      problems.add(tooOld(database, row.getString(6)));
    }
    if (!row.getBoolean(9)) {
      String path = row.getString(10);
      problems.add(
          new PgHelloProblem(
              Code.NOT_ON_PATH,
              "Extension pg_hello is in schema "
                  + schema
                  + ", which is not on the search_path of role "
                  + role
                  + ".",
              "PgHelloClient finds it there; in SQL of your own write "
                  + schema
                  + ".pg_hello(...), or put the schema on the path: ALTER ROLE "
                  + role
                  + " SET search_path = "
                  + (path == null || path.isBlank() || path.equals("\"\"") ? "" : path + ", ")
                  + schema
                  + ";"));
    }
    return List.copyOf(problems);
  }

  private static String list(String prefix, Set<Function> functions) {
    return functions.stream()
        .map(function -> prefix + function.signature())
        .collect(Collectors.joining(", "));
  }

  /** The files are not there, or, with the server's own words, the library is not. */
  public static PgHelloProblem filesMissing(@Nullable String serverMessage) {
    return new PgHelloProblem(
        Code.FILES_MISSING,
        "The files of extension pg_hello are not on the database server"
            + (serverMessage == null ? "." : ": " + serverMessage + "."),
        "Build and install them there (make && make install in the folder extension/); for tests, a"
            + " server that has them comes with pg-hello-testkit.");
  }

  /** The extension is not where the client was told that it is. */
  static PgHelloProblem elsewhere(String schema, String told) {
    return new PgHelloProblem(
        Code.NOT_ON_PATH,
        "Extension pg_hello is in schema " + schema + ", but the client was told " + told + ".",
        "Give the client that schema, or none: it finds the extension by itself.");
  }

  private static PgHelloProblem notCreated(ResultSet row, String database) throws SQLException {
    String remedy =
        row.getBoolean(4)
            ? "Run in it: CREATE EXTENSION pg_hello;"
            : "Role "
                + row.getString(2)
                + " may not create it: let the database's owner "
                + row.getString(3)
                + " run in it: CREATE EXTENSION pg_hello;";
    return new PgHelloProblem(
        Code.NOT_CREATED,
        "Extension pg_hello is not created in database " + database + ".",
        remedy);
  }

  /** The functions are not ours. */
  public static PgHelloProblem foreignBuild(String database) {
    return new PgHelloProblem(
        Code.FOREIGN_BUILD,
        "The extension named pg_hello in database "
            + database
            + " is another build: its functions are labelled differently or count time differently,"
            + " so its answers may be stale or wrong.",
        "Install the files of this build on the server, then let the extension's owner run: DROP"
            + " EXTENSION pg_hello; CREATE EXTENSION pg_hello;");
  }

  /** The functions are declared, but the library that the server has loaded has them not. */
  static PgHelloProblem libraryTooOld() {
    return new PgHelloProblem(
        Code.TOO_OLD,
        "The library of extension pg_hello on the server is older than the extension in this"
            + " database.",
        "Install the files of this build there, and connect anew: sessions keep the library that"
            + " they have loaded.");
  }

  private static PgHelloProblem tooOld(String database, String version) {
    return new PgHelloProblem(
        Code.TOO_OLD,
        "Extension pg_hello in database "
            + database
            + " is at version "
            + version
            + ", which has no counts and no arrays.",
        "Let the extension's owner run: ALTER EXTENSION pg_hello UPDATE;");
  }
}
