// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.PgHelloClientIT.ask;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.jdbc.ArrayStatements;
import io.pghello.extension.batching.internal.jdbc.DivisibleBatch;
import io.pghello.extension.batching.internal.jdbc.StatementExecutor;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Shows that each problem is reported with its own message, and with the statement that fixes it.
 */
@PgHelloTest(create = false)
class PreflightIT {
  private static final Set<String> ALL =
      Arrays.stream(Function.values()).map(Function::signature).collect(Collectors.toSet());

  private static final String CREATE = "CREATE EXTENSION pg_hello";

  @Test
  void findsNothingWrong(DataSource dataSource) throws SQLException {
    execute(dataSource, CREATE);
    assertThat(PgHelloClient.create(dataSource).preflight().problems()).isEmpty();
  }

  @Test
  void reportsCitus(DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    execute(dataSource, CREATE);
    // any role can create a table with the name of a Citus table
    execute(dataSource, "CREATE TABLE pg_dist_node (nodeid int)");
    PgHelloClient client = PgHelloClient.create(dataSource);
    assertThat(client.preflight().problems()).isEmpty();
    execute(
        superuser,
        "INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable,"
            + " extversion) SELECT 9999, 'citus', extowner, extnamespace, false, '13.0-1' FROM"
            + " pg_extension WHERE extname = 'plpgsql'");
    CallProblem problem = only(client.preflight().problems());
    assertThat(problem.code()).isEqualTo(Code.SESSION_SETTINGS_NOT_SHARED);
    assertThat(problem.functions()).isEmpty();
    assertThat(problem)
        .hasToString(
            "The database is distributed by Citus, and SET pg_hello.repeat does not reach its"
                + " workers. In SQL on distributed tables, pass the count, e.g. pg_hello(name, 2),"
                + " or set it with ALTER DATABASE or ALTER ROLE, which take effect in new sessions"
                + " of the workers.");
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
  }

  @Test
  @SuppressWarnings("SystemOut")
  void printsProblemsAndRemedies(DataSource dataSource) {
    // region preflight
    for (CallProblem problem : PgHelloClient.create(dataSource).preflight().problems()) {
      System.err.println(problem.message() + " " + problem.remedy());
    }
    // Extension pg_hello does not exist in database app. Run in this database:
    // CREATE EXTENSION pg_hello;
    // endregion
    assertThat(PgHelloClient.create(dataSource).preflight().problems())
        .singleElement()
        .asString()
        .startsWith("Extension pg_hello does not exist in database ")
        .endsWith(". Run in this database: CREATE EXTENSION pg_hello;");
  }

  @Test
  void reportsAMissingExtension(DataSource dataSource, TestDatabase database) throws SQLException {
    assertProblem(
        dataSource,
        Code.NOT_CREATED,
        "Extension pg_hello does not exist in database " + database.name() + ".",
        "Run in this database: CREATE EXTENSION pg_hello;");
    // the statement in the remedy fixes the problem
    execute(dataSource, CREATE);
    assertThat(PgHelloClient.create(dataSource).hello("Ada")).isEqualTo("Hello, Ada!");
  }

  @Test
  void reportsTheRoleThatMayCreateTheExtension(
      @Superuser DataSource superuser, TestDatabase database) throws SQLException {
    withRole(
        superuser,
        database,
        guest -> {
          CallProblem problem = only(PgHelloClient.create(guest).preflight().problems());
          assertThat(problem.code()).isEqualTo(Code.NOT_CREATED);
          assertThat(problem.remedy())
              .contains(" may not create it. Have the database's owner ")
              .endsWith(" run in this database: CREATE EXTENSION pg_hello;");
        });
  }

  @Test
  void reportsASchemaOutsideTheSearchPath(DataSource dataSource) throws SQLException {
    execute(dataSource, "CREATE SCHEMA \"Odd one\"");
    execute(dataSource, "CREATE EXTENSION pg_hello SCHEMA \"Odd one\"");
    PgHelloClient client = PgHelloClient.create(dataSource);
    CallProblem problem = only(client.preflight().problems());
    assertThat(problem.code()).isEqualTo(Code.NOT_ON_SEARCH_PATH);
    assertThat(problem.message())
        .startsWith("Extension pg_hello is in schema \"Odd one\", which is not on the search_path");
    assertThat(problem.remedy()).contains("\"Odd one\".pg_hello(...)").contains("SET search_path");
    // the client does not need the search path
    assertThat(client.hello("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
  }

  @Test
  void reportsAnOutdatedExtension(DataSource dataSource, TestDatabase database)
      throws SQLException {
    execute(dataSource, CREATE + " VERSION '1.0'");
    PgHelloClient client = PgHelloClient.create(dataSource);
    CallProblem problem = only(client.preflight().problems());
    assertThat(problem.code()).isEqualTo(Code.VERSION_TOO_OLD);
    assertThat(problem.message())
        .isEqualTo(
            "Extension pg_hello in database "
                + database.name()
                + ", at version 1.0, lacks pg_hello(text,integer),"
                + " pg_hello_all(text[],integer[]).");
    assertThat(problem.remedy())
        .isEqualTo("Have the extension's owner run: ALTER EXTENSION pg_hello UPDATE;");
    assertThat(problem.functions())
        .containsExactlyInAnyOrder("pg_hello(text,integer)", "pg_hello_all(text[],integer[])");
    // the functions of version 1.0 work
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    assertThat(client.nowMillis()).isPositive();
    assertThat(client.spiVersion()).startsWith("PostgreSQL ");
    assertFails(Code.VERSION_TOO_OLD, () -> client.hello("Ada", 2));
    // the same client can use new functions after the extension has been updated
    execute(dataSource, "ALTER EXTENSION pg_hello UPDATE");
    assertThat(client.hello("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
  }

  @Test
  void reportsAnIncompatibleBuild(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    // the public sample with the same name declares its functions like this
    execute(dataSource, CREATE + " VERSION '1.0'");
    execute(superuser, "ALTER FUNCTION pg_hello(text) IMMUTABLE");
    List<CallProblem> problems = PgHelloClient.create(dataSource).preflight().problems();
    assertThat(problems)
        .extracting(CallProblem::code)
        .containsExactly(Code.INCOMPATIBLE_BUILD, Code.VERSION_TOO_OLD);
    assertThat(problems.get(0).message())
        .startsWith("The extension named pg_hello in database ")
        .contains(" is from a different build: ");
    assertThat(problems.get(0).remedy()).contains("DROP EXTENSION pg_hello; CREATE EXTENSION");
    assertFails(Code.INCOMPATIBLE_BUILD, () -> PgHelloClient.create(dataSource).hello("Ada"));
  }

  /** The owner of an extension, who need not be a superuser, can add functions to it. */
  @Test
  void callsNoFunctionThatItsOwnerHasAdded(DataSource dataSource) throws SQLException {
    execute(dataSource, CREATE + " VERSION '1.0'");
    execute(dataSource, "CREATE TABLE called (what text)");
    execute(
        dataSource,
        "CREATE FUNCTION public.pg_hello(text, integer) RETURNS text LANGUAGE sql AS $$ INSERT INTO"
            + " called VALUES ('pg_hello'); SELECT 'Hello, Ada! Hello, Ada!' $$");
    execute(
        dataSource,
        "CREATE FUNCTION public.pg_hello_all(text[], integer[]) RETURNS text[] LANGUAGE sql AS $$"
            + " INSERT INTO called VALUES ('pg_hello_all'); SELECT ARRAY['Hello, Ada!'] $$");
    execute(dataSource, "ALTER EXTENSION pg_hello ADD FUNCTION public.pg_hello(text, integer)");
    execute(
        dataSource, "ALTER EXTENSION pg_hello ADD FUNCTION public.pg_hello_all(text[], integer[])");
    PgHelloClient client = PgHelloClient.create(dataSource);
    CallProblem problem = only(client.preflight().problems());
    assertThat(problem.code()).isEqualTo(Code.INCOMPATIBLE_BUILD);
    assertThat(problem.message())
        .startsWith("Extension pg_hello in database ")
        .contains(" contains functions that a role other than a superuser has added or replaced: ")
        .contains(
            "pg_hello(text,integer), pg_hello_all(text[],integer[]). These functions are not"
                + " called.");
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    assertFails(Code.INCOMPATIBLE_BUILD, () -> client.hello("Ada", 2));
    assertFails(Code.INCOMPATIBLE_BUILD, () -> client.helloAll(List.of("Ada")));
    assertThat(ask(dataSource, "SELECT count(*) FROM called")).isEqualTo("0");
    // the suggested statements remove everything that would block an update
    execute(dataSource, problem.remedy().substring(problem.remedy().indexOf("ALTER ")));
    execute(dataSource, "ALTER EXTENSION pg_hello UPDATE");
    assertThat(PgHelloClient.create(dataSource).preflight().problems()).isEmpty();
  }

  /**
   * A function with the same name in another schema does not affect the extension's own function.
   */
  @Test
  void ignoresAFunctionThatTheOwnerAddedInAnotherSchema(DataSource dataSource) throws SQLException {
    execute(dataSource, CREATE);
    execute(dataSource, "CREATE SCHEMA other");
    execute(
        dataSource,
        "CREATE FUNCTION other.pg_hello(text) RETURNS text LANGUAGE sql AS $$SELECT 'other'$$");
    execute(dataSource, "ALTER EXTENSION pg_hello ADD FUNCTION other.pg_hello(text)");
    PgHelloClient client = PgHelloClient.create(dataSource);
    assertThat(client.preflight().problems()).isEmpty();
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
  }

  @Test
  void doesNotCallFunctionsOfOrdinaryOwners(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    execute(dataSource, CREATE);
    String owner = ask(dataSource, "SELECT current_user");
    execute(superuser, "ALTER FUNCTION now_ms() OWNER TO \"" + owner + '"');
    PgHelloClient client = PgHelloClient.create(dataSource);
    CallProblem problem = only(client.preflight().problems());
    assertThat(problem.code()).isEqualTo(Code.INCOMPATIBLE_BUILD);
    assertThat(problem.message())
        .startsWith("The declarations of functions of extension pg_hello in database ")
        .endsWith(
            " do not match this program's description: now_ms(). These functions are not called.");
    assertFails(Code.INCOMPATIBLE_BUILD, client::nowMillis);
    execute(superuser, "ALTER FUNCTION now_ms() OWNER TO CURRENT_USER");
    assertThat(PgHelloClient.create(dataSource).nowMillis()).isPositive();
  }

  /**
   * The client can distinguish it from a wrong clock if both clocks are correct to within a day.
   */
  @ParameterizedTest
  @CsvSource({"0, true", "23, true", "-23, true", "25, false", "-25, false"})
  void seesAClockThatBeginsInTheYear2000(
      int hours, boolean seen, DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    execute(dataSource, CREATE);
    execute(
        superuser,
        "CREATE OR REPLACE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE STRICT PARALLEL"
            + " SAFE AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint -"
            + " 946684800000 + 3600000 * ("
            + hours
            + ")'");
    // a client with a configured schema does not check who owns the function
    PgHelloClient client = PgHelloClient.builder().dataSource(dataSource).schema("public").build();
    if (seen) {
      assertThatThrownBy(client::nowMillis)
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> assertThat(e.code()).isEqualTo(Code.INCOMPATIBLE_BUILD))
          .hasMessageContaining("results may be stale or wrong");
    } else {
      assertThat(client.nowMillis()).isPositive();
    }
  }

  @Test
  void reportsAMissingExecutePrivilege(
      DataSource dataSource, @Superuser DataSource superuser, TestDatabase database)
      throws SQLException {
    execute(dataSource, CREATE);
    execute(superuser, "REVOKE EXECUTE ON FUNCTION pg_hello(text, integer) FROM PUBLIC");
    withRole(
        superuser,
        database,
        guest -> {
          PgHelloClient client = PgHelloClient.create(guest);
          CallProblem problem = only(client.preflight().problems());
          assertThat(problem.code()).isEqualTo(Code.NO_EXECUTE_PRIVILEGE);
          assertThat(problem.message()).contains(" may not execute pg_hello(text,integer).");
          assertThat(problem.functions()).containsExactly("pg_hello(text,integer)");
          assertThat(problem.remedy())
              .startsWith(
                  "Unless the privilege was revoked on purpose, have a superuser run: GRANT"
                      + " EXECUTE ON FUNCTION public.pg_hello(pg_catalog.text,pg_catalog.int4)");
          assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
          assertFails(Code.NO_EXECUTE_PRIVILEGE, () -> client.hello("Ada", 2));
          // the remedy is a statement that works
          execute(superuser, problem.remedy().substring(problem.remedy().indexOf("GRANT")));
          assertThat(client.hello("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
          execute(superuser, "REVOKE ALL ON FUNCTION pg_hello(text, integer) FROM " + GUEST);
          assertFails(Code.NO_EXECUTE_PRIVILEGE, () -> client.hello("Ada", 2));
        });
  }

  /** Two users of one database may have different privileges. */
  @Test
  void keepsPrivilegesOfUsersSeparate(
      DataSource dataSource, @Superuser DataSource superuser, TestDatabase database)
      throws SQLException {
    execute(dataSource, CREATE);
    execute(superuser, "REVOKE EXECUTE ON FUNCTION pg_hello(text, integer) FROM PUBLIC");
    withRole(
        superuser,
        database,
        guest -> {
          PgHelloClient client = PgHelloClient.create(dataSource);
          try (Connection ofGuest = guest.getConnection();
              Connection ofSuperuser = superuser.getConnection()) {
            ofGuest.setAutoCommit(false);
            for (int i = 0; i < 2; i++) {
              // the client sends no statement, so the transaction does not fail
              assertFails(
                  Code.NO_EXECUTE_PRIVILEGE, () -> client.withConnection(ofGuest).hello("Ada", 2));
              assertThat(client.withConnection(ofGuest).hello("Ada")).isEqualTo("Hello, Ada!");
              assertThat(client.withConnection(ofSuperuser).hello("Ada", 2))
                  .isEqualTo("Hello, Ada! Hello, Ada!");
            }
          }
        });
  }

  /** The function for many names may be dropped between two batches. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "DROP EXTENSION pg_hello; CREATE EXTENSION pg_hello VERSION '1.0'",
        "REVOKE EXECUTE ON FUNCTION pg_hello_all(text[], integer[]) FROM PUBLIC"
      })
  void greetsABatchOneByOneIfPgHelloAllIsGone(
      String gone, DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    execute(dataSource, CREATE);
    var timeout = Duration.ofSeconds(60);
    var statements =
        new ArrayStatements<>(
            PgHelloMapper.INSTANCE,
            Function.HELLO_ALL,
            PgHelloMapper.INSTANCE,
            PgHelloMapper.INSTANCE,
            new StatementExecutor(
                dataSource::getConnection,
                new Settings.Statements(null, false, timeout, true, Settings.NO_LISTENER),
                new ServerFunctions(
                    Function.EXTENSION, List.of(Function.values()), PgHelloMapper.INSTANCE)));
    List<ArrayStatements.Asked<PgHelloRequest>> requests =
        Stream.of("Ada", "Zoë").map(name -> statements.request(PgHelloRequest.of(name))).toList();
    Supplier<Object[]> batch =
        () ->
            DivisibleBatch.send(
                statements, requests, StatementContext.batched(2, 0, Deadline.after(timeout)));
    assertThat(batch.get()).containsExactly("Hello, Ada!", "Hello, Zoë!");
    execute(superuser, gone);
    assertThat(batch.get()).containsExactly("Hello, Ada!", "Hello, Zoë!");
  }

  @Test
  void reportsAMissingSchemaPrivilege(
      DataSource dataSource, @Superuser DataSource superuser, TestDatabase database)
      throws SQLException {
    execute(dataSource, "CREATE SCHEMA closed");
    execute(dataSource, "CREATE EXTENSION pg_hello SCHEMA closed");
    withRole(
        superuser,
        database,
        guest -> {
          List<CallProblem> problems = PgHelloClient.create(guest).preflight().problems();
          assertThat(problems.get(0).code()).isEqualTo(Code.NO_SCHEMA_PRIVILEGE);
          assertThat(problems.get(0).remedy()).contains("GRANT USAGE ON SCHEMA closed TO ");
          assertThat(problems.get(0).functions()).isEqualTo(ALL);
          assertFails(Code.NO_SCHEMA_PRIVILEGE, () -> PgHelloClient.create(guest).hello("Ada"));
        });
  }

  @Test
  void reportsAWrongConfiguredSchema(DataSource dataSource) throws SQLException {
    execute(dataSource, "CREATE SCHEMA \"Ext\"; CREATE EXTENSION pg_hello SCHEMA \"Ext\"");
    assertThat(problems(dataSource, "Ext"))
        .extracting(CallProblem::code, CallProblem::functions)
        .containsExactly(tuple(Code.NOT_ON_SEARCH_PATH, Set.of()));
    List<CallProblem> problems = problems(dataSource, "ext");
    assertThat(problems)
        .extracting(CallProblem::code, CallProblem::functions)
        .containsExactly(tuple(Code.WRONG_SCHEMA, ALL), tuple(Code.NOT_ON_SEARCH_PATH, Set.of()));
    assertThat(problems.get(0).message())
        .isEqualTo(
            "Extension pg_hello is in schema \"Ext\", but the client is configured for schema"
                + " \"ext\".");
  }

  private static List<CallProblem> problems(DataSource dataSource, String schema) {
    return PgHelloClient.builder()
        .dataSource(dataSource)
        .schema(schema)
        .build()
        .preflight()
        .problems();
  }

  @Test
  void reportsAMissingLibrary(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    execute(dataSource, CREATE);
    // the catalog is not checked against the file until the function is called
    execute(
        superuser,
        "UPDATE pg_proc SET probin = '$libdir/pg_hello_gone' WHERE proname = 'pg_hello' AND"
            + " pronargs = 1");
    assertFails(
        Code.FILES_MISSING,
        () -> PgHelloClient.builder().dataSource(dataSource).schema("public").build().hello("Ada"));
  }

  @Tag("slow")
  @Test
  void reportsMissingFiles(@TempDir Path folder) throws Exception {
    // a server without the extension's files
    try (EmbeddedPostgres stock =
        EmbeddedPostgres.builder()
            .setOverrideWorkingDirectory(folder.toFile())
            .setLocaleConfig("locale", "C")
            .setServerConfig("unix_socket_directories", "''")
            .start()) {
      DataSource dataSource = stock.getPostgresDatabase();
      assertProblem(
          dataSource,
          Code.FILES_MISSING,
          "The files of extension pg_hello are not on the database server.",
          "Install them there: sudo java -jar pg-hello-extension-*.jar install, or make install in"
              + " the directory extension/. For tests, pg-hello-testkit provides a server that has"
              + " them.");
      PgHelloClient client = PgHelloClient.create(dataSource);
      assertFails(Code.FILES_MISSING, () -> client.hello("Ada", 2));
      assertFails(Code.FILES_MISSING, () -> client.helloAll(List.of("Ada")));
      assertFails(Code.FILES_MISSING, client::now);
      assertFails(Code.FILES_MISSING, client::info);
    }
  }

  @Tag("session") // settings of a session, or of a role at its login
  @Test
  void remedyKeepsTheCurrentSearchPath(DataSource dataSource) throws SQLException {
    execute(dataSource, "CREATE SCHEMA \"Odd one\"");
    execute(dataSource, "CREATE SCHEMA mine");
    execute(dataSource, "CREATE EXTENSION pg_hello SCHEMA \"Odd one\"");
    String role = ask(dataSource, "SELECT quote_ident(current_user)");
    execute(dataSource, "ALTER ROLE " + role + " SET search_path = mine, \"$user\"");
    try {
      CallProblem problem = only(PgHelloClient.create(dataSource).preflight().problems());
      assertThat(problem.code()).isEqualTo(Code.NOT_ON_SEARCH_PATH);
      String remedy = "ALTER ROLE " + role + " SET search_path = mine, \"$user\", \"Odd one\";";
      assertThat(problem.remedy()).endsWith(remedy);
      execute(dataSource, remedy);
      assertThat(PgHelloClient.create(dataSource).preflight().problems()).isEmpty();
      assertThat(ask(dataSource, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
    } finally {
      execute(dataSource, "ALTER ROLE " + role + " RESET search_path");
    }
  }

  @Tag("session") // settings of a session, or of a role at its login
  @Test
  void remedyWorksIfTheSearchPathIsEmpty(DataSource dataSource) throws SQLException {
    execute(dataSource, "CREATE SCHEMA mine");
    execute(dataSource, "CREATE EXTENSION pg_hello SCHEMA mine");
    String role = ask(dataSource, "SELECT quote_ident(current_user)");
    execute(dataSource, "ALTER ROLE " + role + " SET search_path = ''");
    try {
      CallProblem problem = only(PgHelloClient.create(dataSource).preflight().problems());
      assertThat(problem.code()).isEqualTo(Code.NOT_ON_SEARCH_PATH);
      execute(dataSource, problem.remedy().substring(problem.remedy().indexOf("ALTER ROLE")));
      assertThat(PgHelloClient.create(dataSource).preflight().problems()).isEmpty();
    } finally {
      execute(dataSource, "ALTER ROLE " + role + " RESET search_path");
    }
  }

  @Test
  void remembersAnIncompatibleBuildUntilPreflight(
      DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    execute(dataSource, CREATE);
    execute(superuser, "ALTER FUNCTION pg_hello(text) IMMUTABLE");
    PgHelloClient client = PgHelloClient.create(dataSource);
    assertThat(only(client.preflight().problems()).code()).isEqualTo(Code.INCOMPATIBLE_BUILD);
    for (int i = 0; i < 3; i++) {
      assertFails(Code.INCOMPATIBLE_BUILD, () -> client.hello("Ada"));
      assertFails(Code.INCOMPATIBLE_BUILD, () -> client.hello("Ada", 2));
      assertFails(Code.INCOMPATIBLE_BUILD, () -> client.helloAll(List.of("Ada")));
      assertFails(Code.INCOMPATIBLE_BUILD, () -> FaultsIT.join(client.helloAsync("Ada")));
      assertFails(Code.INCOMPATIBLE_BUILD, client::now);
    }
    execute(superuser, "ALTER FUNCTION pg_hello(text) STABLE");
    assertThat(client.preflight().problems()).isEmpty();
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
  }

  @Test
  void isNotConfusedByAnOperatorOfTheProgram(DataSource dataSource) throws SQLException {
    execute(dataSource, CREATE);
    execute(dataSource, "CREATE SCHEMA trap");
    for (String type : List.of("text", "name", "\"char\"", "oid")) {
      execute(
          dataSource,
          "CREATE FUNCTION trap.differs("
              + type
              + ", "
              + type
              + ") RETURNS boolean LANGUAGE sql AS"
              + " 'SELECT false'");
      for (String operator : List.of("=", "<>")) {
        execute(
            dataSource,
            "CREATE OPERATOR trap."
                + operator
                + " (FUNCTION = trap.differs, LEFTARG = "
                + type
                + ", RIGHTARG = "
                + type
                + ")");
      }
    }
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET search_path = trap, pg_catalog, public");
      PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
      assertThat(client.preflight().problems()).isEmpty();
      execute(dataSource, "DROP EXTENSION pg_hello");
      execute(dataSource, CREATE + " VERSION '1.0'");
      assertThat(only(client.preflight().problems()).code()).isEqualTo(Code.VERSION_TOO_OLD);
    }
  }

  @Test
  void detectsAnIncompatibleBuildDespiteUserDefinedOperators(
      DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    execute(dataSource, CREATE);
    execute(superuser, "ALTER FUNCTION pg_hello(text) IMMUTABLE");
    execute(dataSource, "CREATE SCHEMA trap");
    execute(
        dataSource,
        "CREATE FUNCTION trap.never(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false'");
    execute(
        dataSource,
        "CREATE OPERATOR trap.= (FUNCTION = trap.never, LEFTARG = text, RIGHTARG = text)");
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET search_path = trap, pg_catalog, public");
      PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
      assertThat(only(client.preflight().problems()).code()).isEqualTo(Code.INCOMPATIBLE_BUILD);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pg_hello(text, integer) STABLE", "now_ms() STABLE"})
  void seesEachLabelOfAnotherBuild(
      String label, DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    execute(dataSource, CREATE);
    execute(superuser, "ALTER FUNCTION " + label);
    assertThat(only(PgHelloClient.create(dataSource).preflight().problems()).code())
        .isEqualTo(Code.INCOMPATIBLE_BUILD);
  }

  /** A function with this name in the extension's schema may belong to any role. */
  @Test
  void callsNoFunctionThatWasMovedOutOfTheExtensionsSchema(
      DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    execute(dataSource, CREATE);
    execute(dataSource, "CREATE TABLE called (what text)");
    execute(superuser, "CREATE SCHEMA moved");
    execute(superuser, "ALTER FUNCTION pg_hello(text, integer) SET SCHEMA moved");
    execute(
        dataSource,
        "CREATE FUNCTION public.pg_hello(text, integer) RETURNS text LANGUAGE sql AS"
            + " $$INSERT INTO called VALUES ('pg_hello'); SELECT 'Hello, Ada! Hello, Ada!'$$");
    PgHelloClient client = PgHelloClient.create(dataSource);
    assertThat(only(client.preflight().problems()).code()).isEqualTo(Code.INCOMPATIBLE_BUILD);
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    assertFails(Code.INCOMPATIBLE_BUILD, () -> client.hello("Ada", 2));
    assertThat(ask(dataSource, "SELECT count(*) FROM called")).isEqualTo("0");
  }

  @Test
  void isNotConfusedByATypeNamedText(DataSource dataSource) throws SQLException {
    execute(dataSource, CREATE);
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TYPE pg_temp.text AS (wrong boolean)");
      statement.execute("CREATE TYPE pg_temp.int4 AS ENUM ('wrong')");
      statement.execute("SET search_path = pg_temp, public, pg_catalog");
      PgHelloClient client = PgHelloClient.create(new OneConnection(connection));
      assertThat(client.preflight().problems()).isEmpty();
      assertThat(client.info().functions()).isEqualTo(ALL);
      SessionsIT.callAll(client, 1);
    }
  }

  private interface Action {
    void with(DataSource guest) throws SQLException;
  }

  private static final String GUEST = "regress_guest";

  private static void withRole(DataSource superuser, TestDatabase database, Action action)
      throws SQLException {
    String role = GUEST;
    execute(superuser, "CREATE ROLE " + role + " LOGIN PASSWORD 'guest'");
    try {
      PGSimpleDataSource guest = database.dataSource().unwrap(PGSimpleDataSource.class);
      guest.setUser(role);
      guest.setPassword("guest");
      action.with(guest);
    } finally {
      execute(superuser, "DROP OWNED BY " + role);
      execute(superuser, "DROP ROLE " + role);
    }
  }

  private static void assertProblem(
      DataSource dataSource, Code code, String message, String remedy) {
    assertThat(PgHelloClient.create(dataSource).preflight().problems())
        .containsExactly(new CallProblem(code, message, remedy, ALL));
    assertThatThrownBy(() -> PgHelloClient.create(dataSource).hello("secret"))
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.remedy()).isEqualTo(remedy);
            })
        .hasMessage(message + " " + remedy);
  }

  private static void assertFails(Code code, Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private static CallProblem only(List<CallProblem> problems) {
    assertThat(problems).hasSize(1);
    return problems.get(0);
  }

  /** The configured schema may still contain a function with the same name. */
  @Test
  void infoFailsIfTheExtensionIsNotCreated(DataSource dataSource) throws SQLException {
    execute(dataSource, "DROP EXTENSION IF EXISTS pg_hello");
    execute(
        dataSource, "CREATE FUNCTION pg_hello(text) RETURNS text LANGUAGE sql RETURN 'Hello, !'");
    try (PgHelloClient client =
        PgHelloClient.builder()
            .dataSource(dataSource)
            .schema(ask(dataSource, "SELECT current_schema"))
            .build()) {
      assertThatThrownBy(client::info)
          .isInstanceOfSatisfying(
              FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.NOT_CREATED));
    }
  }
}
