// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.testkit.PgHelloTest;
import io.pghello.testkit.Superuser;
import io.pghello.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;

/** Reading all rows, as a backup and its verification do. */
@PgHelloTest
class ContentsIT {
  private static final List<String> TABLES =
      List.of(
          "CREATE TABLE one (i int)",
          "CREATE TABLE same_name (t text, same_name text)",
          "CREATE TABLE no_column ()",
          "CREATE TABLE nothing (a text, b text)");

  /** Whoever owns a table owns its type of rows, and may say how that becomes text. */
  @Test
  void callsNoFunctionOfATablesOwner(TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(owner, TABLES.toArray(String[]::new));
      Run.execute(
          owner,
          "INSERT INTO one VALUES (7), (NULL)",
          "INSERT INTO same_name VALUES ('a,b', '\"')",
          "INSERT INTO no_column DEFAULT VALUES",
          "INSERT INTO nothing VALUES (NULL, NULL)");
      for (String table : List.of("one", "same_name", "no_column", "nothing")) {
        Run.execute(
            owner,
            ("CREATE FUNCTION called(%1$s) RETURNS text LANGUAGE plpgsql AS"
                    + " 'BEGIN RAISE EXCEPTION ''called''; END'")
                .formatted(table),
            "CREATE CAST (%1$s AS text) WITH FUNCTION called(%1$s) AS IMPLICIT".formatted(table));
      }
    }
    Run.execute(superuser, "SET search_path = pg_catalog, pg_temp");
    Properties contents = Contents.of(superuser);
    assertThat(contents.getProperty("public.one")).isEqualTo("2 " + sum(superuser, "(7)", "()"));
    assertThat(contents.getProperty("public.same_name"))
        .isEqualTo("1 " + sum(superuser, "(\"a,b\",\"\"\"\")"));
    assertThat(contents.getProperty("public.no_column")).isEqualTo("1 " + sum(superuser, "()"));
    assertThat(contents.getProperty("public.nothing")).isEqualTo("1 " + sum(superuser, "(,)"));
  }

  /** A view in the place of a table would run its owner's code. */
  @Test
  void readsNoView(@Superuser Connection superuser) throws SQLException {
    Contents.of(superuser);
    assertThat(Run.value(superuser, "SHOW restrict_nonsystem_relation_kind"))
        .isEqualTo("view, foreign-table");
  }

  private static String sum(Connection connection, String... rows) throws SQLException {
    StringBuilder sum = new StringBuilder("0");
    for (String row : rows) {
      sum.append("::numeric + hashtextextended('").append(row).append("', 0)");
    }
    return Run.value(connection, "SELECT " + sum);
  }
}
