// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

/**
 * The functions of an extension. Who owns an extension can add functions of his own to it, so a
 * member proves nothing: an extension's own functions are in its language, its library and its
 * schema, and a superuser owns them. No other is called.
 *
 * @param language the one that all of them are written in
 * @param library the one that all of them are in
 */
public record ExtensionFunctions(String extension, String language, String library) {
  public static final ExtensionFunctions PG_HELLO =
      new ExtensionFunctions("pg_hello", "c", "$libdir/pg_hello");

  /**
   * A function of the extension's own, when it was looked at.
   *
   * @param name with its schema
   * @param guard is true in a statement in which the name still means that function
   */
  public record Own(String name, String guard) {
    /**
     * Returns an expression that calls it, or null if its owner has put another one in its place
     * since. Both names are looked up when the statement is parsed; as the guard is a constant
     * then, nothing behind one that is false is planned, which would run what is immutable.
     */
    public String guarded(String expression) {
      return "CASE WHEN " + guard + " THEN " + expression + " END";
    }
  }

  /**
   * Returns a query of all members, with {@code name}, {@code schema}, {@code guard}, and {@code
   * foreigner}: why a function is not the extension's own; null if it is.
   */
  public String query() {
    return """
        SELECT p.oid, p.pronamespace, p.proowner, p.proacl, format('%I(%s)', p.proname, oidvectortypes(p.proargtypes)) AS name,
          quote_ident(n.nspname) AS schema, format('%L::regprocedure::oid = %s', p.oid::regprocedure, p.oid) AS guard,
          CASE WHEN l.lanname <> 'LANGUAGE' THEN format('is written in %I', l.lanname)
            WHEN p.probin <> 'LIBRARY' THEN format('is in the library %s', p.probin)
            WHEN NOT r.rolsuper THEN format('belongs to %I, who is no superuser', r.rolname)
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
