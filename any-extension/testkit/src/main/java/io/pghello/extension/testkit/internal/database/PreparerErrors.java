// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Remedies for errors of preparers that expect a database without extensions, or extensions in
 * another schema.
 */
final class PreparerErrors {
  private static final int MAX_CAUSES = 20;

  private static final Pattern EXTENSION = Pattern.compile("extension \"(.+)\"");
  private static final Pattern SCHEMA = Pattern.compile("schema \"(.+)\" does not exist");
  private static final Pattern QUALIFIED =
      Pattern.compile("[ \"]([^\\s\".()]+)\\.([^\\s\".()]+).*does not exist");

  /** Finds the extension and the schema of an object with a given name. */
  private static final String OWNER =
      """
      SELECT e.extname, o.schema
      FROM pg_catalog.pg_extension e
      JOIN pg_catalog.pg_depend d
        ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
        AND d.refobjid OPERATOR(pg_catalog.=) e.oid
        AND d.deptype OPERATOR(pg_catalog.=) 'e'
      CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) o
      -- e.g. public.similarity(text,text), public.citext, public.gin_trgm_ops USING gin
      WHERE pg_catalog.split_part(pg_catalog.split_part(o.identity, '(', 1), ' ', 1)
        OPERATOR(pg_catalog.=) pg_catalog.concat(o.schema, '.', pg_catalog.quote_ident(?))
      LIMIT 1
      """;

  private PreparerErrors() {}

  /**
   * Returns the remedy for an error, or an empty string if extensions are not the cause.
   *
   * @param template a data source of the superuser for the database of the preparer
   */
  static String remedy(Throwable error, DataSource template) throws SQLException {
    SQLException cause = sqlException(error);
    if (cause == null || cause.getSQLState() == null) {
      return "";
    }
    String message = Remedies.message(cause);
    return switch (cause.getSQLState()) {
      // duplicate_object
      case "42710" -> {
        Matcher found = EXTENSION.matcher(message);
        yield found.find()
            ? "The testkit created the extension "
                + found.group(1)
                + " before the preparer ran: set create = false in the annotation, so that only the"
                + " preparer creates it."
            : "";
      }
      // undefined_object, undefined_function, undefined_table
      case "42704", "42883", "42P01" -> {
        Matcher found = QUALIFIED.matcher(message);
        yield found.find() ? ofSchema(found.group(1), found.group(2), template) : "";
      }
      // invalid_schema_name
      case "3F000" -> {
        Matcher found = SCHEMA.matcher(message);
        yield found.find()
            ? "The extensions may be in this schema in production: set schema = \""
                + found.group(1)
                + "\" in the annotation."
            : "";
      }
      // insufficient_privilege
      case "42501" -> {
        Matcher found = EXTENSION.matcher(message);
        yield found.find()
            ? "Only a superuser can create the extension "
                + found.group(1)
                + ": remove create = false from the annotation, so that the testkit creates it. The"
                + " preparer can then run only CREATE EXTENSION IF NOT EXISTS."
            : "";
      }
      default -> "";
    };
  }

  private static @Nullable SQLException sqlException(Throwable error) {
    Throwable cause = error;
    for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
      if (cause instanceof SQLException e) {
        return e;
      }
      cause = cause.getCause();
    }
    return null;
  }

  private static String ofSchema(String schema, String name, DataSource template)
      throws SQLException {
    try (Connection connection = template.getConnection();
        PreparedStatement query = connection.prepareStatement(OWNER)) {
      query.setString(1, name);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next() || row.getString(2).equals(schema)) {
          return "";
        }
        return "The testkit created the extension "
            + row.getString(1)
            + " in the schema "
            + row.getString(2)
            + " before the preparer ran: set schema = \""
            + schema
            + "\" in the annotation, or create = false, so that only the preparer creates it.";
      }
    }
  }
}
