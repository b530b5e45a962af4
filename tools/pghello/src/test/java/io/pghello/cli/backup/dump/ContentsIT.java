// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.cli.Run;
import io.pghello.cli.connect.Target;
import io.pghello.cli.connect.TargetResolver;
import io.pghello.cli.output.Failure;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads all rows of a database, like a backup and its verification. */
@PgHelloTest
class ContentsIT {
  private static final List<String> TABLES =
      List.of(
          "CREATE TABLE one (i int)",
          "CREATE TABLE same_name (t text, same_name text)",
          "CREATE TABLE no_column ()",
          "CREATE TABLE nothing (a text, b text)");

  /** The owner of a table also owns its row type, and can define a cast from that type to text. */
  @Test
  void callsNoFunctionOfATablesOwner(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
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
    Properties contents = contents(server, database, superuser);
    assertThat(contents.getProperty("public.one")).isEqualTo("2 " + sum(superuser, "(7)", "()"));
    assertThat(contents.getProperty("public.same_name"))
        .isEqualTo("1 " + sum(superuser, "(\"a,b\",\"\"\"\")"));
    assertThat(contents.getProperty("public.no_column")).isEqualTo("1 " + sum(superuser, "()"));
    assertThat(contents.getProperty("public.nothing")).isEqualTo("1 " + sum(superuser, "(,)"));
  }

  /** The planner evaluates constant parts of these expressions as the role that reads the table. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE INDEX ON t ((i + called()))",
        "CREATE INDEX ON t (i) WHERE i > called()",
        "CREATE STATISTICS s ON (i + called()), i FROM t",
        "ALTER TABLE t ADD CHECK (i > called())"
      })
  void planningATableCallsNoFunctionOfItsOwner(
      String expression,
      ExtensionServer server,
      TestDatabase database,
      @Superuser Connection superuser)
      throws SQLException {
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(
          owner,
          "CREATE TABLE t (i int, j int GENERATED ALWAYS AS (i + 1) STORED)",
          "INSERT INTO t VALUES (7), (8)",
          "CREATE FUNCTION called() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN IF"
              + " current_user <> 'app' THEN RAISE EXCEPTION 'called'; END IF; RETURN 1; END$$",
          expression);
    }
    Properties before = contents(server, database, superuser);
    assertThat(before.getProperty("public.t")).startsWith("2 copied ");
    assertThat(Contents.rows(before)).isEqualTo(2);
    assertThat(contents(server, database, superuser)).isEqualTo(before);
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(owner, "UPDATE t SET i = 9 WHERE i = 8");
    }
    assertThat(Contents.differences(before, contents(server, database, superuser)))
        .containsExactly("table public.t has different values");
  }

  /** The owner of a table can define columns whose values cannot be computed, or only slowly. */
  @Test
  void computesNoVirtualColumns(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    assumeTrue(server.major() >= 18, "no virtual generated columns");
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(
          owner,
          "CREATE TABLE t (i int, j int GENERATED ALWAYS AS (1 / i) VIRTUAL)",
          "INSERT INTO t VALUES (0), (1)");
    }
    Properties before = contents(server, database, superuser);
    assertThat(before.getProperty("public.t")).startsWith("2 copied ");
    assertThat(contents(server, database, superuser)).isEqualTo(before);
  }

  /** The planner would use an index that was created after the check. */
  @Test
  void tableCannotBeChangedWhileItIsRead(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    try (Connection owner = database.dataSource().getConnection();
        Connection other = database.superuserDataSource().getConnection()) {
      Run.execute(
          owner, "CREATE SCHEMA mine", "CREATE TABLE t (i int)", "INSERT INTO t VALUES (7)");
      // from now on, the planner's information about tables is cached
      assertThat(contents(server, database, superuser)).containsKey("public.t");
      other.setAutoCommit(false);
      // the reader's second session gets its lock on the table, and then the reader waits for this
      Run.execute(other, "LOCK TABLE pg_constraint IN ACCESS EXCLUSIVE MODE");
      CompletableFuture<Properties> read = read(server, database, superuser);
      Run.await(
          "the reader waits",
          () ->
              Run.value(
                      owner,
                      "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'pg_constraint'::regclass")
                  .equals("1"));
      Run.execute(owner, "SET lock_timeout = '1s'");
      for (String change : List.of("CREATE INDEX ON t (i)", "ALTER SCHEMA mine RENAME TO other")) {
        assertThatThrownBy(() -> Run.execute(owner, change)).hasMessageContaining("lock timeout");
      }
      other.rollback();
      assertThat(read.get(1, TimeUnit.MINUTES)).containsKey("public.t");
      Run.execute(owner, "CREATE INDEX ON t (i)", "ALTER SCHEMA mine RENAME TO other");
    }
  }

  private static final String CALLED =
      "CREATE FUNCTION called() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN IF"
          + " current_user <> 'app' THEN RAISE EXCEPTION 'called'; END IF; RETURN 1; END$$";

  /** The planner also sees indexes that the snapshot of the backup does not contain. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE INDEX ON mine.t ((i + called()))",
        "CREATE STATISTICS s ON (i + called()), i FROM mine.t",
        "ALTER TABLE mine.t ADD CHECK (i > called())"
      })
  void planningATableAfterTheSnapshotCallsNoFunctionOfItsOwner(
      String change, ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(
          owner,
          "CREATE SCHEMA mine",
          "CREATE TABLE mine.t (i int)",
          "INSERT INTO mine.t VALUES (7), (8)",
          CALLED);
      takeSnapshot(superuser);
      Run.execute(owner, change);
      Properties contents = contents(server, database, superuser);
      assertThat(contents.getProperty("mine.t")).startsWith("2 copied ");
    }
  }

  private static final List<String> NEEDED =
      List.of(
          "CREATE SCHEMA mine",
          "CREATE TABLE mine.t (i int, j int, x text)",
          "INSERT INTO mine.t VALUES (7, 7, 'x'), (8, 8, 'y')",
          CALLED,
          "CREATE FUNCTION mine.called(anyelement) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT public.called()'",
          "CREATE FUNCTION mine.inlined(int) RETURNS int IMMUTABLE LANGUAGE sql RETURN $1 + public.called()",
          "CREATE FUNCTION mine.defaulted(int, int DEFAULT public.called()) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1'",
          "CREATE FUNCTION mine.several(VARIADIC int[]) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT public.called()'",
          "CREATE FUNCTION mine.plus(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT public.called()'",
          "CREATE FUNCTION mine.before(int, int) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1 > public.called()'",
          "CREATE OPERATOR mine.@@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = mine.plus)",
          "CREATE OPERATOR mine.= (LEFTARG = int, RIGHTARG = int, FUNCTION = mine.before)",
          "CREATE DOMAIN mine.dom AS int CHECK (public.called() = 1)",
          "CREATE DOMAIN mine.domdom AS mine.dom",
          "CREATE TYPE mine.pair AS (a mine.dom, b int)",
          "CREATE TYPE mine.label AS ENUM ('a', 'b')",
          "CREATE CAST (mine.label AS int) WITH FUNCTION mine.called(anyelement)",
          "CREATE FUNCTION mine.fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.called(); RETURN NEW; END'",
          "CREATE FUNCTION mine.shown(mine.t) RETURNS text LANGUAGE sql AS 'SELECT public.called()::text'");

  /** Returns statements that create an index or another object that calls the owner's function. */
  static Stream<String> changes() {
    Stream<String> expressions =
        Stream.of(
            "i + called()",
            "(1 OPERATOR(mine.@@@) 2) + i",
            "i + 'a'::mine.label::int",
            "i::mine.dom",
            "i::mine.domdom",
            "('{1}'::int[]::mine.dom[])[1] + i",
            "(ROW(1, i)::mine.pair).a",
            "CASE WHEN called() = 1 THEN i END",
            "mine.inlined(i)",
            "mine.inlined(1)",
            "mine.defaulted(1)",
            "mine.several(1, 2, 3)",
            "coalesce(NULL, called())",
            "greatest(i, called())",
            "nullif(called(), i)",
            "(ARRAY[called(), i])[1]",
            "length(x || called()::text COLLATE \"C\")",
            "(ROW(called(), i) = ROW(1, 1))::int",
            "(called() = ANY (ARRAY[1, 2]))::int",
            "(1 OPERATOR(mine.=) 2)::int");
    Stream<String> others =
        Stream.of(
            "CREATE UNIQUE INDEX ON mine.t (j, (i + called())) INCLUDE (x)",
            "CREATE INDEX ON mine.t USING gin ((ARRAY[called()]))",
            "CREATE INDEX ON mine.t USING hash ((i + called()))",
            "ALTER TABLE mine.t ADD CHECK (i > called()) NOT VALID",
            "ALTER TABLE mine.t ADD CHECK ((i, 1) > (called(), 0))",
            "ALTER TABLE mine.t ADD EXCLUDE USING btree ((i + called()) WITH =)",
            "ALTER TABLE mine.t ALTER COLUMN j SET DEFAULT called()",
            "ALTER TABLE mine.t ALTER COLUMN x SET STORAGE EXTERNAL",
            "ALTER TABLE mine.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
                + " CREATE POLICY p ON mine.t USING (called() = 1)",
            "CREATE RULE r AS ON UPDATE TO mine.t DO INSTEAD SELECT called()",
            "CREATE TRIGGER f BEFORE INSERT OR UPDATE ON mine.t FOR EACH ROW EXECUTE FUNCTION mine.fired()",
            "CREATE CAST (mine.t AS text) WITH FUNCTION mine.shown(mine.t) AS IMPLICIT",
            "CREATE TABLE mine.parent (i int, j int, x text, CONSTRAINT c CHECK (i > called()));"
                + " ALTER TABLE mine.t ADD CONSTRAINT c CHECK (i > called()); ALTER TABLE mine.t INHERIT mine.parent",
            "CREATE TABLE mine.child (CONSTRAINT c CHECK (i > called())) INHERITS (mine.t)",
            "CREATE TABLE mine.parent (i int, j int, x text) PARTITION BY RANGE ((i + called()));"
                + " ALTER TABLE mine.parent ATTACH PARTITION mine.t FOR VALUES FROM (0) TO (100)",
            "CREATE TABLE mine.parent (i int, j int, x text) PARTITION BY LIST (i);"
                + " CREATE INDEX ON mine.parent ((i + called()));"
                + " ALTER TABLE mine.parent ATTACH PARTITION mine.t DEFAULT");
    Stream<String> json =
        Stream.of(
            "CREATE INDEX ON mine.t ((JSON_VALUE('[1]'::jsonb, '$[0]' RETURNING mine.dom) + i))",
            "CREATE INDEX ON mine.t (i) WHERE JSON_VALUE('[]'::jsonb, '$[0]' RETURNING int DEFAULT called() ON EMPTY) = i",
            "CREATE INDEX ON mine.t (i) WHERE JSON_VALUE('[]'::jsonb, '$[0]' RETURNING mine.dom DEFAULT 1 ON EMPTY) = i");
    return Stream.of(
            json,
            expressions.flatMap(
                e ->
                    Stream.of(
                        "CREATE INDEX ON mine.t ((%s))".formatted(e),
                        "CREATE INDEX ON mine.t (j) WHERE (%s) > 0".formatted(e),
                        "CREATE STATISTICS mine.s ON (%s), i FROM mine.t".formatted(e),
                        "ALTER TABLE mine.t ADD CHECK ((%s) < 1000)".formatted(e))),
            others)
        .flatMap(each -> each);
  }

  /**
   * Each change is made once before the reader's snapshot and once after it, when only the planner
   * sees the change. The database's owner has turned on constraint_exclusion for the session.
   */
  @ParameterizedTest
  @MethodSource("changes")
  void readingATableCallsNoFunctionOfItsOwner(
      String change, ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    assumeTrue(
        server.major() >= 17 || !change.contains("JSON_VALUE"), "this version has no JSON_VALUE");
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(owner, NEEDED.toArray(String[]::new));
      Run.execute(superuser, "SET constraint_exclusion = on");
      takeSnapshot(superuser);
      Run.execute(owner, change);
      assertThat(contents(server, database, superuser).getProperty("mine.t")).startsWith("2 ");
      superuser.rollback();
      Properties contents = contents(server, database, superuser);
      assertThat(contents.getProperty("mine.t")).startsWith("2 ");
    }
  }

  /** A query would be planned for another table with the same name. */
  @ParameterizedTest
  @ValueSource(strings = {"ALTER SCHEMA mine RENAME TO old", "ALTER TABLE mine.t RENAME TO old"})
  void aTableThatIsReplacedAfterTheSnapshotIsNotRead(
      String change, ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(owner, "CREATE SCHEMA mine", "CREATE TABLE mine.t (i int)", CALLED);
      takeSnapshot(superuser);
      Run.execute(
          owner,
          change,
          "CREATE SCHEMA IF NOT EXISTS mine",
          "CREATE TABLE mine.t (i int)",
          "CREATE INDEX ON mine.t ((i + called()))");
      assertThatThrownBy(() -> contents(server, database, superuser))
          .isInstanceOf(Failure.class)
          .hasMessageContaining("table mine.t was replaced during the read: run this again");
    }
  }

  /**
   * These statements wait for the end of all transactions that have read the table or have an older
   * snapshot, as pg_dump and the reader do. Meanwhile, they hold a lock on the table.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE INDEX CONCURRENTLY new ON t (i)",
        "CREATE UNIQUE INDEX CONCURRENTLY new ON t (i)",
        "DROP INDEX CONCURRENTLY old",
        "REINDEX INDEX CONCURRENTLY old",
        "REINDEX TABLE CONCURRENTLY t",
        "ALTER TABLE parent DETACH PARTITION t CONCURRENTLY"
      })
  void readsTablesWhileOthersWaitForTheReader(
      String statement,
      ExtensionServer server,
      TestDatabase database,
      @Superuser Connection superuser)
      throws Exception {
    try (Connection owner = database.dataSource().getConnection();
        Connection dump = database.superuserDataSource().getConnection();
        Connection other = database.superuserDataSource().getConnection()) {
      Run.execute(
          owner,
          "CREATE TABLE parent (i int) PARTITION BY LIST (i)",
          "CREATE TABLE t PARTITION OF parent FOR VALUES IN (7)",
          "INSERT INTO t VALUES (7)",
          "CREATE INDEX old ON t (i)",
          "CREATE TABLE u (i int)");
      takeSnapshot(superuser);
      dump.setAutoCommit(false);
      Run.execute(dump, "LOCK TABLE parent, t, u IN ACCESS SHARE MODE");
      String process = Run.value(other, "SELECT pg_backend_pid()");
      CompletableFuture<Void> change = execute(other, statement);
      Run.await(
          "it waits",
          () ->
              Run.value(
                      owner,
                      "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid = "
                          + process
                          + ")")
                  .equals("t"));
      CompletableFuture<Properties> read = read(server, database, superuser);
      Properties contents = read.get(1, TimeUnit.MINUTES);
      assertThat(contents.getProperty("public.t")).startsWith("1 ");
      assertThat(contents.getProperty("public.u")).isEqualTo("0 0");
      assertThat(change).isNotDone();
      dump.rollback();
      superuser.rollback();
      change.get(1, TimeUnit.MINUTES);
      assertThat(Run.value(owner, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
          .isEqualTo("0");
    }
  }

  /** Such as VACUUM and ANALYZE, which can take hours. */
  @ParameterizedTest
  @ValueSource(strings = {"SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE"})
  void readsTablesThatOthersHaveLocked(
      String mode, ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(owner, "CREATE TABLE t (i int)", "INSERT INTO t VALUES (7)");
      owner.setAutoCommit(false);
      Run.execute(owner, "LOCK TABLE t IN " + mode + " MODE");
      Properties contents = read(server, database, superuser).get(1, TimeUnit.MINUTES);
      assertThat(contents.getProperty("public.t")).startsWith("1 copied ");
      owner.rollback();
      assertThat(contents(server, database, superuser).getProperty("public.t"))
          .matches("1 -?[0-9]+");
    }
  }

  @Test
  void readsRowsWithoutTheLockThatPreventsChanges(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    try (Connection other = database.superuserDataSource().getConnection()) {
      Run.execute(
          other, "CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 500000) i");
      CompletableFuture<Properties> read = read(server, database, superuser);
      var locks = new AtomicReference<String>();
      Run.await(
          "the rows are read",
          () -> {
            locks.set(
                Run.value(
                    other,
                    "SELECT string_agg(DISTINCT mode, ' ') FROM pg_locks WHERE relation = 't'::regclass"
                        + " AND EXISTS (SELECT FROM pg_stat_activity"
                        + " WHERE query LIKE 'FETCH pghello%' AND state = 'active' AND datname = current_database())"));
            return locks.get() != null;
          });
      assertThat(locks).hasValue("AccessShareLock");
      assertThat(read.get(1, TimeUnit.MINUTES).getProperty("public.t")).matches("500000 -?[0-9]+");
    }
  }

  private static CompletableFuture<Properties> read(
      ExtensionServer server, TestDatabase database, Connection connection) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return contents(server, database, connection);
          } catch (SQLException e) {
            throw new AssertionError(e);
          }
        },
        task -> new Thread(task).start());
  }

  private static CompletableFuture<Void> execute(Connection connection, String statement) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            Run.execute(connection, statement);
          } catch (SQLException e) {
            throw new AssertionError(e);
          }
        },
        task -> new Thread(task).start());
  }

  /** With this setting of the database, the planner evaluates the partition key of the parent. */
  @Test
  void readingAPartitionCallsNoFunctionOfItsParentsOwner(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    try (Connection owner = database.dataSource().getConnection()) {
      Run.execute(
          owner,
          CALLED,
          "CREATE TABLE parent (i int) PARTITION BY RANGE ((i + called()))",
          "CREATE TABLE part PARTITION OF parent FOR VALUES FROM (0) TO (10)",
          "INSERT INTO parent VALUES (1)");
    }
    Run.execute(superuser, "SET constraint_exclusion = on");
    assertThatThrownBy(() -> Run.execute(superuser, "SELECT FROM ONLY part WHERE i = 1"))
        .hasMessageContaining("called");
    assertThat(contents(server, database, superuser).getProperty("public.part"))
        .matches("1 -?[0-9]+");
  }

  /** A role that cannot prevent other owners from changing their tables reads these with COPY. */
  @Test
  void onlyASuperuserPlansTablesOfOtherUsers(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    String other = "other_" + database.name();
    Run.execute(
        superuser,
        "CREATE ROLE " + other,
        "CREATE TABLE of_superuser (i int)",
        "INSERT INTO of_superuser VALUES (1)",
        "CREATE TABLE of_other (i int)",
        "INSERT INTO of_other VALUES (1)",
        "ALTER TABLE of_other OWNER TO " + other,
        "CREATE SCHEMA of_other AUTHORIZATION " + other,
        "CREATE TABLE of_other.by_superuser (i int)",
        "GRANT pg_read_all_data TO app");
    try (Connection session = database.dataSource().getConnection()) {
      Run.execute(
          session, "CREATE TABLE own (i int)", "INSERT INTO own VALUES (1)", "SELECT 'settings'");
      Properties contents = contents(server, database, session);
      assertThat(contents.getProperty("public.own")).matches("1 -?[0-9]+");
      assertThat(contents.getProperty("public.of_superuser")).matches("1 -?[0-9]+");
      assertThat(contents.getProperty("public.of_other")).startsWith("1 copied ");
      assertThat(contents.getProperty("of_other.by_superuser")).isEqualTo("0 copied 0");
      // a comparison with these contents also uses COPY
      Properties same = Contents.of(superuser, target(server, database), contents);
      assertThat(Contents.differences(contents, same)).isEmpty();
    } finally {
      Run.execute(
          superuser,
          "REVOKE pg_read_all_data FROM app",
          "DROP OWNED BY " + other + " CASCADE",
          "DROP ROLE " + other);
    }
  }

  private static void takeSnapshot(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    Run.execute(connection, "SET LOCAL search_path = pg_catalog, pg_temp");
    assertThat(Run.value(connection, "SELECT count(*) FROM pg_class")).isNotNull();
  }

  private static Properties contents(
      ExtensionServer server, TestDatabase database, Connection connection) throws SQLException {
    return Contents.of(connection, target(server, database), new Properties());
  }

  private static Target target(ExtensionServer server, TestDatabase database) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    return TargetResolver.find(Map.of(), Map.of(), environment::get, "nobody", 60);
  }

  /** A view that has replaced a table would run its owner's code. */
  @Test
  void readsNoView(ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    contents(server, database, superuser);
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
