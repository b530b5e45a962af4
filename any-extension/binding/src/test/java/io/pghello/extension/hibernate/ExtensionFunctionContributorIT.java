// SPDX-License-Identifier: MIT
package io.pghello.extension.hibernate;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionTest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests the calls that Hibernate renders. */
@ExtensionTest
class ExtensionFunctionContributorIT {
  /**
   * The test also covers types that a new PostgreSQL version adds. A type that another role puts
   * first on the path must not be used.
   */
  @Test
  void castsToAllBuiltInTypes(Connection connection) throws SQLException {
    // all built-in types except pseudo-types and internal types
    List<String> types =
        strings(
            connection,
            "SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND"
                + " typtype IN ('b', 'r', 'm') AND typcategory NOT IN ('A', 'Z')");
    assertThat(types).contains("text", "jsonb", "interval", "int4range", "datemultirange");
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE SCHEMA other");
      for (String type : types) {
        statement.execute("CREATE DOMAIN other.\"" + type + "\" AS pg_catalog.text");
      }
      statement.execute("SET search_path = other, pg_catalog");
    }
    for (String type : types) {
      String call = ExtensionFunctionContributor.pattern("f", List.of(type, type + "[]"));
      String sql =
          call.replaceAll("\\?[12]", "null")
              .replaceFirst(
                  "f\\((.*),(.*)\\)",
                  "SELECT concat(pg_typeof($1)::pg_catalog.oid, ' ', pg_typeof($2)::pg_catalog.oid)");
      assertThat(strings(connection, sql))
          .as(call)
          .isEqualTo(
              strings(
                  connection,
                  "SELECT concat(oid, ' ', typarray) FROM pg_type WHERE typname = '"
                      + type
                      + "' AND typnamespace = 'pg_catalog'::pg_catalog.regnamespace"));
    }
  }

  @Test
  void doesNotCastToExtensionTypes() {
    assertThat(ExtensionFunctionContributor.pattern("f", List.of("cube", "integer", "cube[]")))
        .isEqualTo("f(?1,cast(?2 as integer),?3)");
  }

  private static List<String> strings(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      var strings = new ArrayList<String>();
      while (row.next()) {
        strings.add(row.getString(1));
      }
      return strings;
    }
  }
}
