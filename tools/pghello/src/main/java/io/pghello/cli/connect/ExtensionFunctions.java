// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

/**
 * The functions of an extension. The owner of an extension can add any function to the extension,
 * so a member function is not necessarily genuine. A genuine function has the extension's language,
 * library and schema, and is owned by a superuser. Only genuine functions are called.
 *
 * @param language the language of all functions
 * @param library the library of all functions
 */
public record ExtensionFunctions(String extension, String language, String library) {
  public static final ExtensionFunctions PG_HELLO =
      new ExtensionFunctions("pg_hello", "c", "$libdir/pg_hello");

  /** A regular expression that matches the names of {@code pg_hello}'s functions. */
  public static final String PG_HELLO_NAMES = "(?:pg_hello|pg_hello_all|now_ms|spi_version)";

  /**
   * A function that was genuine at the time of the check.
   *
   * @param name the name with its schema
   * @param guard an expression that is true if the name still refers to this function
   */
  public record Own(String name, String guard) {
    /**
     * Returns an SQL expression that calls the function, or evaluates to NULL if the function has
     * been replaced since the check. The names in the guard and in the call are resolved when the
     * statement is parsed, and the guard becomes a constant. If the guard is false, the planner
     * therefore drops the call. Without the guard, the planner itself could execute a function that
     * has replaced the original and is declared immutable.
     */
    public String guarded(String expression) {
      return "CASE WHEN " + guard + " THEN " + expression + " END";
    }
  }

  /**
   * Returns a query for all member functions, with the columns {@code oid}, {@code pronamespace},
   * {@code proowner}, {@code proacl}, {@code name}, {@code schema}, {@code guard}, and {@code
   * foreigner}. The column {@code foreigner} contains the reason why the function is not genuine,
   * or NULL if the function is genuine.
   */
  public String query() {
    return """
        SELECT p.oid, p.pronamespace, p.proowner, p.proacl, format('%I(%s)', p.proname, oidvectortypes(p.proargtypes)) AS name,
          quote_ident(n.nspname) AS schema, format('%L::regprocedure::oid = %s', p.oid::regprocedure, p.oid) AS guard,
          CASE WHEN l.lanname <> 'LANGUAGE' THEN format('is written in %I', l.lanname)
            WHEN p.probin <> 'LIBRARY' THEN format('is in the library %s', p.probin)
            WHEN NOT r.rolsuper THEN format('belongs to %I, which is not a superuser', r.rolname)
            WHEN p.pronamespace <> e.extnamespace THEN format('is in schema %I', n.nspname)
          END AS foreigner
        FROM pg_extension e
          JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
          JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
          JOIN pg_language l ON l.oid = p.prolang
          JOIN pg_namespace n ON n.oid = p.pronamespace
          JOIN pg_roles r ON r.oid = p.proowner
        WHERE e.extname = 'EXTENSION'
        """
        .replace("LANGUAGE", language)
        .replace("LIBRARY", library)
        .replace("EXTENSION", extension);
  }
}
