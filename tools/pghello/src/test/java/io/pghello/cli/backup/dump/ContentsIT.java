// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.Run;
import io.pghello.testkit.PgHelloTest;
import io.pghello.testkit.Superuser;
import io.pghello.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** The planner evaluates what is constant in them, as the role that reads the table. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE INDEX ON t ((i + called()))",
        "CREATE INDEX ON t (i) WHERE i > called()",
        "CREATE STATISTICS s ON (i + called()), i FROM t",
        "ALTER TABLE t ADD CHECK (i > called())"
      })
  void planningATableCallsNoFunctionOfItsOwner(
      String expression, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(
          owner,
          "CREATE TABLE t (i int, j int GENERATED ALWAYS AS (i + 1) STORED)",
          "INSERT INTO t VALUES (7), (8)",
          "CREATE FUNCTION called() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN IF"
              + " current_user <> 'hello' THEN RAISE EXCEPTION 'called'; END IF; RETURN 1; END$$",
          expression);
    }
    Properties before = Contents.of(superuser);
    assertThat(before.getProperty("public.t")).startsWith("2 copied ");
    assertThat(Contents.rows(before)).isEqualTo(2);
    assertThat(Contents.of(superuser)).isEqualTo(before);
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(owner, "UPDATE t SET i = 9 WHERE i = 8");
    }
    assertThat(Contents.differences(before, Contents.of(superuser)))
        .containsExactly("table public.t has other values");
  }

  /** An index that is made after the check would be planned with. */
  @Test
  void nobodyMakesAnIndexWhileATableIsRead(TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    try (Connection owner = database.dataSource().getConnection();
        Connection other = database.superuserDataSource().getConnection()) {
      Run.execute(owner, "CREATE TABLE t (i int)", "INSERT INTO t VALUES (7)");
      // what the planner knows of tables is known from then on
      assertThat(Contents.of(superuser)).containsKey("public.t");
      other.setAutoCommit(false);
      // the reader has its lock, and waits
      Run.execute(other, "LOCK TABLE pg_constraint IN ACCESS EXCLUSIVE MODE");
      CompletableFuture<Properties> read =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return Contents.of(superuser);
                } catch (SQLException e) {
                  throw new AssertionError(e);
                }
              });
      Run.await(
          "the reader waits",
          () ->
              Run.value(
                      owner,
                      "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'pg_constraint'::regclass")
                  .equals("1"));
      Run.execute(owner, "SET lock_timeout = '1s'");
      assertThatThrownBy(() -> Run.execute(owner, "CREATE INDEX ON t (i)"))
          .hasMessageContaining("lock timeout");
      other.rollback();
      assertThat(read.get(1, TimeUnit.MINUTES)).containsKey("public.t");
      Run.execute(owner, "CREATE INDEX ON t (i)");
    }
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
