// SPDX-License-Identifier: MIT
package io.pghello.extension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.ExtensionFunction.Volatility;
import io.pghello.extension.ExtensionProblem.Kind;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** Inspects PostgreSQL's own extensions in different states of installation. */
@ExtensionTest(extensions = "cube")
class InstallationIT {
  // region description
  static final ExtensionDescription CUBE =
      ExtensionDescription.builder("cube")
          .minimumVersion("1.4")
          .function("cube(double precision[])", "cube")
          .function("cube_distance(cube, cube)", "double precision")
          .function("cube_dim(cube)", "integer")
          .build();

  // endregion

  private static final ExtensionDescription HSTORE = ExtensionDescription.builder("hstore").build();

  @Test
  void findsFunctionsOfTheExtensionsTypesInOneRoundTrip(
      Connection connection, TestDatabase database, WireProxy proxy) throws Exception {
    Installation[] found = new Installation[1];
    proxy.assertRoundTrips(1, () -> found[0] = CUBE.inspect(connection));
    Installation cube = found[0].requireUsable();
    assertThat(cube.problems()).isEmpty();
    assertThat(cube.functions()).isEqualTo(CUBE.functions());
    assertThat(cube.database()).isEqualTo(database.name());
    assertThat(cube.schema()).isEqualTo("public");
    assertThat(cube.version()).isNotBlank().isEqualTo(cube.filesVersion());
    assertThat(cube.serverVersion()).matches("\\d+(\\.|beta|rc).*");
    for (ExtensionFunction function : CUBE.functions()) {
      assertThat(cube.problemFor(function)).isEmpty();
    }
  }

  @Test
  void reportsTheStatementThatCreatesIt(Connection connection, TestDatabase database)
      throws SQLException {
    ExtensionProblem problem = only(HSTORE.inspect(connection));
    assertThat(problem.kind()).isEqualTo(Kind.NOT_CREATED);
    assertThat(problem.toString())
        .isEqualTo(
            "Extension hstore does not exist in database "
                + database.name()
                + ". Run in this database: CREATE EXTENSION hstore;");
    assertThatThrownBy(() -> HSTORE.inspect(connection).requireUsable())
        .isInstanceOf(ExtensionException.class)
        .hasMessage(problem.toString());
    // with a configured schema
    String remedy = only(HSTORE.inspect(connection, "\"Odd one\"")).remedy();
    assertThat(remedy)
        .isEqualTo(
            "Run in this database, if no other role can create objects in schema \"Odd one\":"
                + " CREATE SCHEMA IF NOT EXISTS \"Odd one\"; CREATE EXTENSION hstore SCHEMA"
                + " \"Odd one\";");
    execute(connection, remedy.substring(remedy.indexOf("CREATE SCHEMA")));
    ExtensionProblem offPath = only(HSTORE.inspect(connection, "\"Odd one\""));
    assertThat(offPath.kind()).isEqualTo(Kind.NOT_ON_SEARCH_PATH);
    assertThat(offPath.isObstacle()).isFalse();
    // without a description, there is no function to use as an example
    assertThat(offPath.remedy())
        .startsWith("In your own SQL, qualify its names with the schema, or put the schema on ")
        .endsWith(", \"Odd one\";");
    assertThat(HSTORE.inspect(connection).requireUsable().schema()).isEqualTo("\"Odd one\"");
  }

  /** CREATE on the database is sufficient only for trusted extensions. */
  @Test
  void reportsWhoCanCreateUntrustedExtensions(
      Connection connection, @Superuser Connection superuser) throws SQLException {
    ExtensionDescription files = ExtensionDescription.builder("file_fdw").build();
    assertThat(only(files.inspect(connection)).remedy())
        .startsWith("Role ")
        .endsWith(
            " may not create it. Have a superuser run in this database: CREATE EXTENSION"
                + " file_fdw;");
    assertThat(only(files.inspect(superuser)).remedy())
        .isEqualTo("Run in this database: CREATE EXTENSION file_fdw;");
  }

  @Test
  void reportsAnotherSchema(Connection connection) throws SQLException {
    Installation found = CUBE.inspect(connection, "\"other\"");
    assertThat(only(found).kind()).isEqualTo(Kind.WRONG_SCHEMA);
    assertThat(only(found).toString())
        .isEqualTo(
            "Extension cube is in schema public, but the client is configured for schema \"other\"."
                + " Configure the client with the extension's schema, or with no schema, so that"
                + " the client locates it.");
    assertThatThrownBy(found::requireUsable).isInstanceOf(ExtensionException.class);
  }

  @Test
  void reportsHowToInstallIt(Connection connection) throws SQLException {
    ExtensionDescription unknown =
        ExtensionDescription.builder("no-such").howToInstall("Ask Ada.").build();
    assertThat(only(unknown.inspect(connection)).toString())
        .isEqualTo("The files of extension no-such are not on the database server. Ask Ada.");
  }

  @Test
  void reportsAnOutdatedExtension(Connection connection, @Superuser Connection superuser)
      throws SQLException {
    Installation old =
        ExtensionDescription.builder("cube").minimumVersion("99").build().inspect(connection);
    ExtensionProblem tooOld = only(old);
    assertThat(tooOld.kind()).isEqualTo(Kind.VERSION_TOO_OLD);
    assertThat(tooOld.toString())
        .endsWith(
            ", at version "
                + old.version()
                + ", is older than 99. Install newer files on the server. Have the extension's"
                + " owner run: ALTER EXTENSION cube UPDATE;");
    // the remedy does not suggest an earlier version
    execute(superuser, "UPDATE pg_extension SET extversion = '98' WHERE extname = 'cube'");
    ExtensionDescription later =
        ExtensionDescription.builder("cube").function("cube_later(cube)", "text").build();
    assertThat(only(later.inspect(connection)).remedy()).startsWith("Install newer files");
  }

  @Test
  void lacksLaterFunctionsWithoutAProblemUntilTheyAreCalled(Connection connection)
      throws SQLException {
    ExtensionFunction later = ExtensionFunction.of("cube_later(cube)", "text").withSince("99");
    ExtensionFunction never = ExtensionFunction.of("cube_never()", "text");
    Installation found =
        ExtensionDescription.builder("cube")
            .minimumVersion("1.0")
            .function("cube_later(cube)", "text", "99")
            .build()
            .inspect(connection)
            .requireUsable();
    assertThat(found.functions()).isEmpty();
    assertThat(found.problemFor(later).orElseThrow().message())
        .endsWith(", lacks cube_later(cube).");
    assertThat(
            only(ExtensionDescription.builder("cube").function(never).build().inspect(connection))
                .functions())
        .containsExactly("cube_never()");
  }

  @Test
  void grantStatementWorksWithAnySearchPath(Connection connection, @Superuser Connection superuser)
      throws SQLException {
    execute(superuser, "REVOKE EXECUTE ON FUNCTION cube_distance(cube, cube) FROM PUBLIC");
    Installation found = CUBE.inspect(connection);
    ExtensionProblem problem = only(found);
    assertThat(problem.kind()).isEqualTo(Kind.NO_EXECUTE_PRIVILEGE);
    assertThat(problem.functions()).isEqualTo(Set.of("cube_distance(cube,cube)"));
    assertThat(found.problemFor(CUBE.functions().get(1))).contains(problem);
    assertThat(found.problemFor(CUBE.functions().get(2))).isEmpty();
    assertThat(problem.remedy())
        .startsWith(
            "Unless the privilege was revoked on purpose, have a superuser run: GRANT"
                + " EXECUTE ON FUNCTION"
                + " public.cube_distance(public.cube,public.cube) TO ");
    execute(superuser, "SET search_path = ''");
    execute(superuser, problem.remedy().substring(problem.remedy().indexOf("GRANT")));
    assertThat(CUBE.inspect(connection).problems()).isEmpty();
    // another function, with a type that shadows the built-in type on the path
    execute(superuser, "SET search_path = public, pg_catalog");
    execute(superuser, "CREATE DOMAIN float8 AS pg_catalog.float8");
    execute(superuser, "CREATE FUNCTION cube(float8[]) RETURNS text LANGUAGE sql RETURN ''");
    execute(superuser, "REVOKE EXECUTE ON FUNCTION cube(pg_catalog.float8[]) FROM PUBLIC");
    String remedy = only(CUBE.inspect(connection)).remedy();
    assertThat(remedy).contains(" public.cube(pg_catalog.float8[]) TO ");
    execute(superuser, remedy.substring(remedy.indexOf("GRANT")));
    assertThat(CUBE.inspect(connection).problems()).isEmpty();
  }

  /** The owner of an extension can add functions to it without being a superuser. */
  @Test
  void ignoresFunctionsAddedByTheOwner(Connection connection) throws SQLException {
    execute(
        connection,
        "CREATE FUNCTION cube_more(cube) RETURNS text LANGUAGE sql AS $$ SELECT 'more' $$");
    execute(connection, "ALTER EXTENSION cube ADD FUNCTION cube_more(cube)");
    Installation found =
        ExtensionDescription.builder("cube")
            .function("cube_more(cube)", "text")
            .build()
            .inspect(connection);
    assertThat(found.functions()).isEmpty();
    assertThat(only(found).kind()).isEqualTo(Kind.INCOMPATIBLE_BUILD);
    assertThat(only(found).message())
        .endsWith("added or replaced: cube_more(cube). These functions are not called.");
    assertThat(only(found).remedy())
        .isEqualTo(
            "Find out who did this, then have the owner of the extension and the functions, or a"
                + " superuser, run: ALTER EXTENSION cube DROP ROUTINE"
                + " public.cube_more(public.cube); DROP ROUTINE public.cube_more(public.cube);");
    // the remedy does not suggest its schema either
    execute(connection, "SET search_path = ''");
    Installation offPath =
        ExtensionDescription.builder("cube")
            .function("cube_more(cube)", "text")
            .build()
            .inspect(connection);
    assertThat(only(offPath).kind()).isEqualTo(Kind.INCOMPATIBLE_BUILD);
    execute(connection, only(offPath).remedy().replaceFirst(".*: ", ""));
    Installation without =
        ExtensionDescription.builder("cube")
            .function("cube_more(cube)", "text")
            .function("cube_dim(cube)", "integer")
            .build()
            .inspect(connection);
    assertThat(without.problems())
        .extracting(ExtensionProblem::kind)
        .containsExactly(Kind.VERSION_TOO_OLD, Kind.NOT_ON_SEARCH_PATH);
    assertThat(without.problems().get(1).remedy()).contains(", write public.cube_dim(...), or ");
  }

  /**
   * A superuser may declare such functions, for example if an extension's tables are in the schema.
   */
  @Test
  void ignoresFunctionsOfAnotherLibrary(Connection connection) throws SQLException {
    Installation found =
        ExtensionDescription.builder("cube")
            .library("$libdir/other")
            .function("cube_dim(cube)", "integer")
            .build()
            .inspect(connection);
    assertThat(found.functions()).isEmpty();
    assertThat(only(found).kind()).isEqualTo(Kind.INCOMPATIBLE_BUILD);
    assertThat(only(found).message())
        .endsWith(
            " do not match this program's description: cube_dim(cube). These functions are not"
                + " called.");
    assertThat(only(found).remedy())
        .startsWith("Have a superuser install the build that this program was written for. ")
        .contains("it may contain only C functions of library $libdir/other in schema public ")
        .doesNotContain("DROP");
  }

  /**
   * Such functions exist, for example, if the creator of the extension is no longer a superuser.
   */
  @Test
  void neverSuggestsDroppingCFunctions(Connection connection, @Superuser Connection superuser)
      throws SQLException {
    execute(
        superuser,
        "ALTER FUNCTION cube_dim(cube) OWNER TO \"" + connection.getMetaData().getUserName() + '"');
    Installation found = CUBE.inspect(connection);
    assertThat(found.functions()).isEqualTo(CUBE.functions().subList(0, 2));
    assertThat(only(found).kind()).isEqualTo(Kind.INCOMPATIBLE_BUILD);
    assertThat(only(found).message()).contains(" do not match this program's description: ");
    assertThat(only(found).remedy())
        .endsWith(" that are owned by a superuser.")
        .doesNotContain("DROP");
  }

  @Test
  void comparesLibrariesAsTheServerLoadsThem(Connection connection, @Superuser Connection superuser)
      throws SQLException {
    execute(superuser, "UPDATE pg_proc SET probin = 'cube' WHERE proname = 'cube_dim'");
    assertThat(CUBE.inspect(connection).problems()).isEmpty();
    execute(
        superuser,
        "UPDATE pg_proc SET probin = '$libdir/cube-' || extversion FROM pg_extension WHERE proname"
            + " = 'cube_dim' AND extname = 'cube'");
    assertThat(
            ExtensionDescription.builder("cube")
                .library("$libdir/cube-VERSION")
                .function("cube_dim(cube)", "integer")
                .build()
                .inspect(connection)
                .problems())
        .isEmpty();
  }

  /** The type that comes first on the path is not PostgreSQL's built-in type. */
  @Test
  void distinguishesTypesWithTheSameName(Connection connection, @Superuser Connection superuser)
      throws SQLException {
    execute(superuser, "CREATE DOMAIN public.float8 AS pg_catalog.float8");
    execute(superuser, "SET search_path = public, pg_catalog");
    assertThat(CUBE.inspect(superuser).problems()).isEmpty();
    assertThat(CUBE.inspect(connection).problems()).isEmpty();
    execute(
        superuser,
        "CREATE FUNCTION cube_later(public.float8) RETURNS int LANGUAGE c AS '$libdir/cube',"
            + " 'cube_dim'");
    execute(superuser, "ALTER EXTENSION cube ADD FUNCTION cube_later(public.float8)");
    assertThat(
            only(ExtensionDescription.builder("cube")
                    .function("cube_later(double precision)", "integer")
                    .build()
                    .inspect(connection))
                .kind())
        .isEqualTo(Kind.VERSION_TOO_OLD);
  }

  @Tag("slow")
  @Test
  void givesUpAfterATime(Connection connection, @Superuser Connection superuser)
      throws SQLException {
    superuser.setAutoCommit(false);
    execute(superuser, "LOCK TABLE pg_catalog.pg_extension IN ACCESS EXCLUSIVE MODE");
    assertThatThrownBy(() -> CUBE.inspect(connection, null, Duration.ofMillis(1)))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57014"));
    superuser.rollback();
    assertThat(CUBE.inspect(connection, null, Duration.ofSeconds(60)).problems()).isEmpty();
  }

  /** The paused proxy does not respond to the cancel request either. */
  @Tag("long")
  @Test
  @Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
  void givesUpOnAServerThatDoesNotAnswerAtAll(Connection connection, WireProxy proxy)
      throws SQLException {
    assertThat(CUBE.inspect(connection, null, Duration.ofSeconds(60)).problems()).isEmpty();
    assertThat(connection.getNetworkTimeout()).isZero();
    proxy.pause();
    assertThatThrownBy(() -> CUBE.inspect(connection, null, Duration.ofSeconds(1)))
        .isInstanceOf(SQLException.class);
    assertThat(connection.isClosed()).isTrue();
  }

  @Test
  void detectsAnotherVolatility(Connection connection) throws SQLException {
    ExtensionFunction dimension = CUBE.functions().get(2);
    ExtensionDescription.Builder cube = ExtensionDescription.builder("cube");
    assertThat(
            cube.function(dimension.withVolatility(Volatility.IMMUTABLE))
                .build()
                .inspect(connection)
                .problems())
        .isEmpty();
    ExtensionProblem problem =
        only(
            cube.function(dimension.withVolatility(Volatility.VOLATILE))
                .build()
                .inspect(connection));
    assertThat(problem.kind()).isEqualTo(Kind.INCOMPATIBLE_BUILD);
    assertThat(problem.remedy())
        .endsWith(" have its owner run: DROP EXTENSION cube; CREATE EXTENSION cube SCHEMA public;");
  }

  @Test
  void explainsWhyAStatementHasFailed(Connection connection, @Superuser Connection superuser)
      throws SQLException {
    SQLException error = failure(connection, "SELECT hstore('a', 'b')");
    assertThat(HSTORE.diagnose(error, connection).orElseThrow().kind()).isEqualTo(Kind.NOT_CREATED);
    assertThat(CUBE.diagnose(error, connection)).isEmpty();
    // no query is possible in a failed transaction
    connection.setAutoCommit(false);
    SQLException inTransaction = failure(connection, "SELECT hstore('a', 'b')");
    assertThat(HSTORE.diagnose(inTransaction, connection)).isEmpty();
    connection.rollback();
    connection.setAutoCommit(true);
    assertThat(HSTORE.diagnose(failure(connection, "SELECT 1 / 0"), connection)).isEmpty();
    execute(connection, "SET search_path = ''");
    assertThat(
            CUBE.diagnose(failure(connection, "SELECT cube_dim('(1,2)')"), connection)
                .orElseThrow()
                .kind())
        .isEqualTo(Kind.NOT_ON_SEARCH_PATH);
    // this error is unrelated to the path
    SQLException forbidden = failure(connection, "SELECT * FROM pg_catalog.pg_authid");
    assertThat(forbidden.getSQLState()).isEqualTo("42501");
    assertThat(CUBE.diagnose(forbidden, connection)).isEmpty();
    execute(connection, "RESET search_path");
    SQLException noFile = failure(superuser, "COPY (SELECT) TO '/no/such/folder/file'");
    assertThat(noFile.getSQLState()).isEqualTo("58P01");
    assertThat(CUBE.diagnose(noFile, superuser)).isEmpty();
    execute(superuser, "UPDATE pg_proc SET prosrc = 'cube_later' WHERE proname = 'cube_distance'");
    ExtensionProblem old =
        CUBE.diagnose(failure(connection, "SELECT cube_distance('(1,2)', '(3,4)')"), connection)
            .orElseThrow();
    assertThat(old.message()).startsWith("The library of extension cube on the server is older");
    execute(
        superuser, "UPDATE pg_proc SET probin = '$libdir/cube_more' WHERE proname = 'cube_dim'");
    assertThat(CUBE.diagnose(failure(connection, "SELECT cube_dim('(1,2)')"), connection))
        .isEmpty();
    SQLException noData = failure(superuser, "COPY (SELECT) TO '/no/such/cube/file'");
    assertThat(CUBE.diagnose(noData, superuser)).isEmpty();
    execute(
        superuser, "UPDATE pg_proc SET probin = '$libdir/gone/cube' WHERE proname = 'cube_dim'");
    ExtensionProblem gone =
        CUBE.diagnose(failure(connection, "SELECT cube_dim('(1,2)')"), connection).orElseThrow();
    assertThat(gone.kind()).isEqualTo(Kind.FILES_MISSING);
    assertThat(gone.message())
        .isEqualTo(
            "The files of extension cube are not on the database server: the server cannot load"
                + " the extension's library.");
  }

  private static SQLException failure(Connection connection, String sql) {
    try {
      execute(connection, sql);
    } catch (SQLException e) {
      return e;
    }
    throw new AssertionError("no error: " + sql);
  }

  private static ExtensionProblem only(Installation installation) {
    assertThat(installation.problems()).hasSize(1);
    return installation.problems().get(0);
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
