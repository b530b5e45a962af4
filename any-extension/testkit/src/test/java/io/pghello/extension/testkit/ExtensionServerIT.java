// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.pghello.extension.testkit.internal.cache.Platform;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers with extensions, and extensions that a server rejects. */
class ExtensionServerIT {
  private static final Platform HERE = Platform.ofThisJvm();
  private static final String EXTENSIONS =
      "SELECT string_agg(extname || ' of ' || extowner::regrole, ', ' ORDER BY extname)"
          + " FROM pg_extension WHERE extname <> 'plpgsql'";

  @TempDir private Path folder;

  @Test
  void hasSeveralExtensionsFromSeveralPlaces() throws SQLException {
    // region server
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension(NativeExtension.fromClassPath("pg_hello"))
                .extension(NativeExtension.contrib("pg_trgm"))
                .extension(NativeExtension.fromInstall(Path.of("src/test/installed")))
                .start();
        TestDatabase database = server.createDatabase();
        Connection connection = database.dataSource().getConnection()) {
      assertThat(ask(connection, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
      assertThat(ask(connection, "SELECT acme_distance('1', '3')")).isEqualTo("2");
    }
    // endregion
  }

  @Test
  void createsTrustedExtensionsAsTheOwnerOfTheDatabase() throws SQLException {
    Stage.of(folder, "acme", "CREATE FUNCTION acme() RETURNS int RETURN 1;");
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension(NativeExtension.fromInstall(folder))
                .extension(NativeExtension.fromInstall(Path.of("src/test/installed")))
                .start();
        TestDatabase database = server.createDatabase();
        TestDatabase empty = server.createEmptyDatabase("Empty one")) {
      assertThat(ask(database.dataSource(), EXTENSIONS))
          .isEqualTo("acme of postgres, acme_geo of app, cube of app");
      assertThat(ask(database.dataSource(), "SELECT acme()")).isEqualTo("1");
      assertThat(empty.name()).isEqualTo("Empty one");
      assertThat(ask(empty.dataSource(), EXTENSIONS)).isNull();
    }
  }

  @Test
  void returnsTheVersionsOfExtensions() throws SQLException {
    NativeExtension hello = NativeExtension.fromClassPath("pg_hello");
    try (ExtensionServer server = server(hello);
        TestDatabase database = server.createDatabase()) {
      assertThat(
              ask(
                  database.dataSource(),
                  "SELECT extversion FROM pg_extension WHERE extname = 'pg_hello'"))
          .isEqualTo(hello.version());
    }
    assertThat(NativeExtension.fromInstall(Path.of("src/test/installed")).version())
        .isEqualTo("1.0");
    assertThatThrownBy(NativeExtension.contrib("hstore")::version)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "The version of the extension \"hstore\" is unknown. Read it from"
                + " pg_available_extensions on a server.");
  }

  /**
   * A database with a session cannot be copied, and a background worker of a preloaded library,
   * such as TimescaleDB, may connect at any time.
   */
  @Test
  void closesTheTemplateIfLibrariesArePreloaded() throws Exception {
    try (ExtensionServer server =
        ExtensionServer.builder()
            .extension(NativeExtension.contrib("pg_trgm").preload("auto_explain"))
            .start()) {
      for (boolean killed : new boolean[] {false, true}) {
        if (killed) {
          server.kill();
          server.startAgain();
        }
        try (TestDatabase database = server.createDatabase()) {
          // the background thread opens the template briefly before it creates the next database
          String others = "SELECT count(*) > 1 FROM pg_database WHERE datname LIKE '%\\_test\\_%'";
          long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
          while (!ask(database.dataSource(), others).equals("t") && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(20);
          }
          assertThat(
                  ask(
                      database.dataSource(),
                      "SELECT count(*) FROM pg_database WHERE datname <> 'template0' AND NOT datallowconn"))
              .isEqualTo("1");
        }
      }
    }
  }

  /** Runs two servers with different extensions and settings in one JVM. */
  @Test
  void runsNextToAnotherServer() throws SQLException {
    Stage.of(
        folder, "acme", "CREATE TABLE mode AS SELECT current_setting('acme.mode', true) AS m;");
    NativeExtension acme = NativeExtension.fromInstall(folder);
    try (ExtensionServer one =
            ExtensionServer.builder().extension(acme.setting("acme.mode", "fast")).start();
        ExtensionServer other =
            ExtensionServer.builder()
                .extension(acme.setting("acme.mode", "fast"))
                .extension("pg_trgm")
                .setting("acme.mode", "slow")
                .start();
        TestDatabase here = one.createDatabase();
        TestDatabase there = other.createDatabase()) {
      assertThat(ask(here.superuserDataSource(), "SELECT m FROM mode")).isEqualTo("fast");
      assertThat(ask(there.superuserDataSource(), "SELECT m FROM mode")).isEqualTo("slow");
      assertThat(ask(here.dataSource(), "SELECT to_regtype('gtrgm') IS NULL")).isEqualTo("t");
      assertThat(ask(there.dataSource(), "SELECT to_regtype('gtrgm') IS NULL")).isEqualTo("f");
    }
  }

  @Test
  void detectsAChangedFile() throws SQLException {
    for (int i : new int[] {1, 2}) {
      Stage.of(folder, "acme", "CREATE FUNCTION acme() RETURNS int RETURN " + i + ";");
      try (ExtensionServer server = server(NativeExtension.fromInstall(folder));
          TestDatabase database = server.createDatabase()) {
        assertThat(ask(database.dataSource(), "SELECT acme()")).isEqualTo("" + i);
      }
    }
  }

  @Test
  void preloadsLibrariesOfExtensions() throws SQLException {
    // region preload
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension(
                    NativeExtension.contrib("pg_stat_statements")
                        .preload("pg_stat_statements")
                        .setting("pg_stat_statements.max", "200"))
                .setting("shared_preload_libraries", "auto_explain, pg_stat_statements")
                .start();
        TestDatabase database = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection()) {
      assertThat(ask(superuser, "SHOW shared_preload_libraries"))
          .isEqualTo("pg_stat_statements,auto_explain");
      assertThat(ask(superuser, "SHOW pg_stat_statements.max")).isEqualTo("200");
      assertThat(ask(superuser, "SELECT count(*) > 0 FROM pg_stat_statements")).isEqualTo("t");
    }
    // endregion
  }

  @Test
  void acceptsTheSameExtensionTwice() throws SQLException {
    NativeExtension acme =
        NativeExtension.fromInstall(Stage.of(folder, "acme", "CREATE TABLE a ();"));
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension("cube")
                .extension(acme)
                .extension(acme)
                .extension("cube")
                .start();
        TestDatabase database = server.createDatabase()) {
      assertThat(ask(database.dataSource(), EXTENSIONS)).isEqualTo("acme of postgres, cube of app");
    }
  }

  @Test
  void acceptsNamesThatNeedQuotes() throws SQLException {
    String name = "Acme's $1 \"Geo\"";
    Stage.of(folder, name, "trusted = true", "CREATE TABLE a ();");
    try (ExtensionServer server = server(NativeExtension.fromInstall(folder, name));
        TestDatabase database = server.createDatabase()) {
      assertThat(ask(database.dataSource(), EXTENSIONS)).isEqualTo(name + " of app");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "../acme", "a/b", "a--b", "-a", "a-", ".a", "a\nb", "a\\b"})
  void rejectsInvalidExtensionNames(String name) {
    for (Runnable call :
        List.<Runnable>of(
            () -> NativeExtension.fromClassPath(name),
            () -> NativeExtension.contrib(name),
            () -> NativeExtension.fromInstall(folder, name),
            () -> ExtensionServer.builder().extension(name))) {
      assertThatThrownBy(call::run)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("No extension can have the name");
    }
  }

  /** All servers with extensions share the files of an unpacked server. */
  @Tag("slow")
  @Test
  void doesNotChangeOtherServers() throws SQLException {
    Stage.of(folder, "cube", "CREATE FUNCTION other() RETURNS int RETURN 1;");
    try (ExtensionServer own = server(NativeExtension.fromInstall(folder));
        ExtensionServer stock = server(NativeExtension.contrib("cube"));
        TestDatabase here = own.createDatabase();
        TestDatabase there = stock.createDatabase()) {
      assertThat(ask(here.dataSource(), "SELECT other()")).isEqualTo("1");
      assertThat(ask(there.dataSource(), "SELECT to_regproc('other') IS NULL")).isEqualTo("t");
      assertThat(ask(there.dataSource(), "SELECT '1'::cube <-> '3'::cube")).isEqualTo("2");
    }
  }

  @Test
  void addsOnlyTheFilesOfAnExtension() throws SQLException {
    NativeExtension acme =
        NativeExtension.fromInstall(
                Stage.of(
                    folder,
                    "acme",
                    "DO $$ BEGIN IF current_database() <> 'jobs' THEN"
                        + " RAISE 'can only create extension in database jobs'; END IF; END $$;"))
            .setting("acme.database", "jobs");
    assertRejected(acme)
        .hasMessageContaining("CREATE EXTENSION \"acme\" failed: can only create extension in")
        .hasMessageContaining(
            "The extension works in only one database, so the template cannot contain it.")
        .hasMessageContaining("NativeExtension.withoutCreate()");
    try (ExtensionServer server = server(acme.withoutCreate());
        TestDatabase database = server.createDatabase();
        TestDatabase jobs = server.createEmptyDatabase("jobs");
        Connection superuser = jobs.superuserDataSource().getConnection();
        Statement statement = superuser.createStatement()) {
      assertThat(ask(database.dataSource(), EXTENSIONS)).isNull();
      statement.execute("CREATE EXTENSION acme");
      assertThat(ask(superuser, "SHOW acme.database")).isEqualTo("jobs");
    }
  }

  /**
   * A session stands in for a background process of an extension. The server waits 5 s for the
   * session to end.
   */
  @Test
  @Tag("slow")
  void reportsThatTheTemplateIsInUse() throws SQLException {
    try (ExtensionServer server = server(NativeExtension.contrib("cube"));
        TestDatabase database = server.createDatabase("admin");
        Connection busy = connect(database, "app_template")) {
      assertThatThrownBy(() -> server.createDatabase("blocked"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("could not create the database blocked. ")
          .hasMessageContaining(
              "A background process of an extension is connected to the template");
      assertThat(busy.isValid(30)).isTrue();
    }
  }

  private static Connection connect(TestDatabase database, String name) throws SQLException {
    var dataSource =
        database.superuserDataSource().unwrap(org.postgresql.ds.PGSimpleDataSource.class);
    dataSource.setDatabaseName(name);
    return dataSource.getConnection();
  }

  @Test
  void listsAvailableExtensions() {
    assertRejected(NativeExtension.contrib("vektor"))
        .hasMessageStartingWith(
            "There is no extension \"vektor\". The class path contains pg_hello. Add the"
                + " jar that contains META-INF/pg-extension/vektor.properties, such as a recipe of docs/extensions.md, or use")
        .hasMessageContaining(", hstore, ");
    assertRejected(NativeExtension.named("hello"))
        .hasMessageStartingWith("There is no extension \"hello\". Did you mean \"pg_hello\"?");
    assertRejected(NativeExtension.named("pg-trgm"))
        .hasMessageContaining(" Did you mean \"pg_trgm\"? ");
    assertRejected(NativeExtension.named("postgis_raster"))
        .hasMessageStartingWith(
            "There is no extension \"postgis_raster\". The PostGIS recipe does not contain this"
                + " extension, because it needs GDAL and 90 other libraries: use the container"
                + " image postgis/postgis,");
  }

  @Test
  void reportsAMissingRequirement() {
    Stage.of(folder, "acme", "requires = 'cube, no_such_one'", "");
    assertRejected(NativeExtension.fromInstall(folder))
        .hasMessageStartingWith(
            "The extension \"acme\" requires \"no_such_one\", which was not found. ")
        .hasMessageContaining("NativeExtension.fromInstall(...)");
  }

  /** An older library may lack functions that the other extension calls. */
  @Test
  void namesLibrariesThatDifferBetweenExtensions() {
    var extensions = new NativeExtension[2];
    for (int i = 0; i < extensions.length; i++) {
      Path install = Stage.of(folder.resolve("install" + i), "acme" + i, "SELECT 1 / 0;");
      Stage.write(install.resolve("usr/lib/libgeo.so.1"), "version " + i);
      extensions[i] = NativeExtension.fromInstall(install);
    }
    assertRejected(extensions)
        .hasMessageContaining("CREATE EXTENSION \"acme0\" failed: division by zero")
        .hasMessageContaining(
            " Several extensions contain different versions of libgeo.so.1, and the server uses");
  }

  @Test
  void reportsARequirementThatMustBeAdded() {
    Stage.of(folder, "acme", "requires = 'pg_hello'", "");
    assertRejected(NativeExtension.fromInstall(folder))
        .hasMessage(
            "The extension \"acme\" requires \"pg_hello\", which is on the class path: add it"
                + " to the extensions of the server, too.");
  }

  @Test
  void rejectsConflictingExtensions(@TempDir Path other) {
    Stage.of(folder, "acme", "SELECT 1;");
    Stage.of(other, "acme", "SELECT 2;");
    ExtensionServer.Builder files =
        ExtensionServer.builder()
            .extension(NativeExtension.fromInstall(folder))
            .extension(NativeExtension.fromInstall(other));
    assertThatThrownBy(files::start)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "The extension \"acme\" and another extension contain the file"
                + " share/postgresql/extension/acme--1.0.sql with different contents. Start a"
                + " server for each of the two extensions.");
    ExtensionServer.Builder settings =
        ExtensionServer.builder()
            .extension(NativeExtension.contrib("cube").setting("acme.a", "1"))
            .extension(NativeExtension.contrib("hstore").setting("acme.a", "2"));
    assertThatThrownBy(settings::start)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "The extension \"hstore\" needs acme.a = 2, but another extension needs 1; start a"
                + " server for each extension.");
  }

  private NativeExtension withLibrary(byte[] library) {
    Stage.of(
        folder,
        "acme",
        "CREATE FUNCTION acme(text) RETURNS text AS '$libdir/acme', 'pg_hello' LANGUAGE C;");
    Stage.write(folder.resolve("usr/local/lib/acme.so"), library);
    return NativeExtension.fromInstall(folder);
  }

  private static int major() {
    return Integer.getInteger("postgres.major", 17);
  }

  /** Returns a library that looks as if it were built for a platform. Servers cannot load it. */
  private static byte[] library(Platform platform, int major) {
    byte[] library = Stage.library(major);
    library[18] = (byte) (platform.processor().equals("arm64") ? 183 : 62);
    return platform.musl() ? replaced(library, "libc.so.6", "libc.so\0\0") : library;
  }

  /** Replaces a text with another text of the same length. */
  private static byte[] replaced(byte[] bytes, String text, String other) {
    var content = new String(bytes, StandardCharsets.ISO_8859_1);
    assertThat(content).contains(text);
    return content.replace(text, other).getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void reportsALibraryForAnotherMajor() {
    int other = major() == 15 ? 17 : 15;
    assertRejected(withLibrary(library(HERE, other)))
        .hasMessageStartingWith(
            "The library acme.so was built for PostgreSQL "
                + other
                + ", but the server is PostgreSQL "
                + major()
                + ": build it with the server's PG_CONFIG, ");
  }

  @Test
  void reportsALibraryForAnotherPlatform() {
    String processor = HERE.processor().equals("arm64") ? "amd64" : "arm64";
    reportsALibraryFor(new Platform("linux", processor, HERE.musl()));
  }

  @Test
  void reportsALibraryForAnotherCLibrary() {
    reportsALibraryFor(new Platform("linux", HERE.processor(), !HERE.musl()));
  }

  private void reportsALibraryFor(Platform other) {
    assertRejected(withLibrary(library(other, major())))
        .hasMessage(
            "The library acme.so was built for %s, but the server's machine is %s: build it there,"
                    .formatted(other, HERE)
                + " or use the package for that platform.");
  }

  @Test
  void reportsALibraryForANewerCLibrary() {
    assumeFalse(HERE.musl(), "musl has no versions");
    assertRejected(withLibrary(replaced(library(HERE, major()), "GLIBC_2.", "GLIBC_9.")))
        .hasMessageMatching(
            "The library acme\\.so needs version 9\\.[0-9.]+ of the GNU C library, but this machine"
                + " has 2\\.[0-9]+: build it here, or use the package from an older"
                + " distribution\\.");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 10, 100, 5000})
  void reportsATruncatedLibrary(int length) {
    assertRejected(withLibrary(java.util.Arrays.copyOf(library(HERE, major()), length)))
        .hasMessageMatching("The library acme\\.so cannot be used: it is .*\\.");
  }

  @Test
  void namesAMissingDependency() {
    assumeFalse(HERE.musl(), "a library that does not need musl's libc.so is not recognised");
    byte[] library = Stage.library(HERE.name(), major());
    assertRejected(withLibrary(replaced(library, "libc.so.6", "libX.so.6")))
        .hasMessageContaining(
            "The extension needs the library libX.so.6, which this machine does not have: install"
                + " the package that contains it.");
  }

  @Test
  void reportsAMissingLibraryOfTheExtension() {
    Stage.of(folder, "acme", "CREATE FUNCTION f() RETURNS int AS '$libdir/acme' LANGUAGE C;");
    assertRejected(NativeExtension.fromInstall(folder))
        .hasMessageContaining("The server has no library acme. Either ");
  }

  @Test
  void reportsThatALibraryMustBePreloaded() {
    Stage.of(
        folder,
        "acme",
        "DO $$ BEGIN RAISE 'acme must be loaded via shared_preload_libraries'; END $$;");
    assertRejected(NativeExtension.fromInstall(folder))
        .hasMessageContaining("Preload its library: NativeExtension.preload(\"LIBRARY\"), or");
  }

  @Test
  void reportsAMissingPreloadedLibrary() {
    assertThatThrownBy(() -> server(NativeExtension.contrib("cube").preload("no_such_library")))
        .isInstanceOf(java.io.UncheckedIOException.class)
        .hasMessageContaining("The server has no library no_such_library. Either ");
  }

  /** The script crashes the session that runs it, as a faulty library could. */
  @Test
  void reportsACrashOfTheServer() throws SQLException {
    Stage.of(folder, "acme", "COPY (SELECT 1) TO PROGRAM 'kill -SEGV $PPID';");
    assertRejected(NativeExtension.fromInstall(folder))
        .hasMessageContaining("CREATE EXTENSION \"acme\" failed: ")
        .hasMessageContaining(
            "A server process crashed because of the extension's library or script: ")
        .hasMessageContaining("signal 11");
    try (ExtensionServer server = server(NativeExtension.contrib("cube"));
        TestDatabase database = server.createDatabase()) {
      assertThat(ask(database.dataSource(), "SELECT '1'::cube")).isEqualTo("(1)");
    }
  }

  /** The next test begins while the server is recovering. */
  @Test
  @Tag("slow")
  void createsDatabasesAfterACrash() throws Exception {
    try (ExtensionServer server = server(NativeExtension.contrib("cube"));
        TestDatabase database = server.createDatabase();
        Connection crashing = database.superuserDataSource().getConnection();
        Statement statement = crashing.createStatement()) {
      assertThatThrownBy(() -> statement.execute("COPY (SELECT 1) TO PROGRAM 'kill -SEGV $PPID'"))
          .isInstanceOf(SQLException.class);
      long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
      while (!Files.readString(server.logFile()).contains("all server processes terminated")
          && System.nanoTime() < end) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      }
      try (TestDatabase next = server.createDatabase()) {
        assertThat(ask(next.dataSource(), "SELECT '1'::cube")).isEqualTo("(1)");
      }
      server.stop();
      assertThatThrownBy(server::createDatabase)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("could not create a database: ")
          .hasMessageContaining("127.0.0.1:" + server.port());
    }
  }

  /** A session would count towards connection limits, and among the sessions that tests count. */
  @Test
  void preparedDatabasesHaveNoSessions() throws SQLException {
    try (ExtensionServer server = ExtensionServer.builder().start();
        TestDatabase used = server.createDatabase()) {
      assertThat(ask(used.dataSource(), "SELECT 1")).isEqualTo("1");
      try (TestDatabase second = server.createDatabase();
          TestDatabase third = server.createDatabase()) {
        // one thread prepares databases, so it has finished its work for the third one
        String databases = "SELECT count(*) FROM pg_database WHERE datname LIKE 'app\\_test\\_%'";
        DataSource superuser = used.superuserDataSource();
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (!ask(superuser, databases).equals("4") && System.nanoTime() < end) {
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        assertThat(ask(superuser, databases)).isEqualTo("4");
        assertThat(
                ask(
                    superuser,
                    "SELECT count(*) FROM pg_stat_activity WHERE datname IN ('"
                        + second.name()
                        + "', '"
                        + third.name()
                        + "')"))
            .isEqualTo("0");
      }
    }
  }

  @Test
  void keepsNothingAfterAFailure() throws Exception {
    Stage.of(folder, "acme", "SELECT 1/0;");
    assertRejected(NativeExtension.fromInstall(folder)).hasMessageContaining("division by zero");
    Files.writeString(folder.resolve("usr/local/share/extension/acme--1.0.sql"), "SELECT 1;");
    server(NativeExtension.fromInstall(folder)).close();
  }

  private static ExtensionServer server(NativeExtension extension) {
    return ExtensionServer.builder().extension(extension).start();
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertRejected(
      NativeExtension... extensions) {
    ExtensionServer.Builder builder = ExtensionServer.builder();
    for (NativeExtension each : extensions) {
      builder.extension(each);
    }
    return assertThatThrownBy(builder::start).isInstanceOf(IllegalStateException.class);
  }

  static String ask(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return ask(connection, sql);
    }
  }

  static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }
}
