// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.Writer;
import java.lang.reflect.Method;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Arrays;
import java.util.Collections;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jooq.Configuration;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.SQLDialect;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jooq.meta.jaxb.Jdbc;
import org.jooq.meta.jaxb.Logging;
import org.jooq.meta.jaxb.OnError;
import org.jooq.meta.jaxb.SchemaMappingType;
import org.jooq.util.jaxb.tools.MiniJAXB;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the names of the extension's functions if other functions have similar names. */
@PgHelloTest
class ForeignFunctionsIT {
  private static final String RETURNS_TEXT = " RETURNS text LANGUAGE sql AS $$SELECT 'theirs'$$;";

  /**
   * Without distinct names, each of these functions would share its Java name, class or file with a
   * function of the extension.
   */
  private static final String FUNCTIONS =
      String.join(
          RETURNS_TEXT,
          "CREATE FUNCTION pg_hello()",
          "CREATE FUNCTION pg_hello(a integer)",
          "CREATE FUNCTION pg_hello(a varchar)",
          "CREATE FUNCTION pg_hello(a text[])",
          "CREATE DOMAIN label AS text; CREATE FUNCTION pg_hello(a label)",
          "CREATE FUNCTION pg_hello(a label[])",
          "CREATE FUNCTION pg_hello(a text, b text)",
          "CREATE FUNCTION pg_hello_text()",
          "CREATE FUNCTION pg_hello_text(a integer)",
          "CREATE FUNCTION \"PG_HELLO\"(a text)",
          "CREATE FUNCTION \"pg-hello\"(a text)",
          "CREATE FUNCTION \"pg hello\"(a text, b integer)",
          "CREATE FUNCTION \"pg.hello\"(a text, b integer)",
          "CREATE FUNCTION \"pgHello\"(a text)",
          "CREATE FUNCTION pghello(a text)",
          "CREATE FUNCTION \"now-ms\"()",
          "CREATE FUNCTION now_ms(a integer)",
          "CREATE FUNCTION \"Spi_Version\"()",
          "CREATE FUNCTION pg_hello_all(a text, b text)",
          "");

  private static final String OTHERS =
      "CREATE PROCEDURE pg_hello(a bigint) LANGUAGE sql AS 'SELECT 1';"
          + "CREATE PROCEDURE pg_hello(a boolean, INOUT b text) LANGUAGE sql AS 'SELECT b';"
          + "CREATE AGGREGATE pg_hello(a numeric)"
          + " (SFUNC = numeric_add, STYPE = numeric, INITCOND = '0');"
          + "CREATE FUNCTION pg_hello(a uuid) RETURNS TABLE (greeting integer)"
          + " LANGUAGE sql AS 'SELECT 1';"
          + "CREATE FUNCTION pg_hello(a uuid, b uuid) RETURNS TABLE (greeting text, other integer)"
          + " LANGUAGE sql AS $$SELECT 'theirs', 2$$;"
          + "CREATE TABLE pg_hello (name text, repeat integer);"
          + "CREATE TABLE pg_hello_uuid (name text);"
          + "CREATE FUNCTION \"now ms\"() RETURNS SETOF pg_hello LANGUAGE sql AS 'TABLE pg_hello';";

  static Generated generate(TestDatabase database, Path folder, String... schemata)
      throws Exception {
    var configuration = NamesIT.configuration();
    configuration
        .getGenerator()
        .getDatabase()
        .withInputSchema(null)
        .withSchemata(
            Arrays.stream(schemata)
                .map(name -> new SchemaMappingType().withInputSchema(name))
                .toList());
    return Generated.from(configuration, database.jdbcUrl(), folder);
  }

  private static URLClassLoader compile(Generated generated, Path classes) throws Exception {
    Files.createDirectories(classes);
    return generated.compile(classes);
  }

  /** Asserts that a program's calls compile, and that they reach the extension. */
  private static void assertOurs(Class<?> routines, Connection connection) throws Exception {
    Configuration configuration = DSL.using(connection, SQLDialect.POSTGRES).configuration();
    assertThat(call(routines, "pgHello", configuration, "Ada")).isEqualTo("Hello, Ada!");
    assertThat(call(routines, "pgHello", configuration, "Ada", 2))
        .isEqualTo("Hello, Ada! Hello, Ada!");
    assertThat((String[]) call(routines, "pgHelloAll", configuration, new String[] {"Ada"}, null))
        .containsExactly("Hello, Ada!");
    assertThat(call(routines, "nowMs", configuration)).isInstanceOf(Long.class);
    assertThat((String) call(routines, "spiVersion", configuration)).startsWith("PostgreSQL ");
    DSLContext ctx = configuration.dsl();
    Field<?> name = DSL.val("Ada");
    assertThat(ctx.fetchValue(field(routines, "pgHello", name))).isEqualTo("Hello, Ada!");
    assertThat(ctx.fetchValue(field(routines, "pgHello", name, DSL.val(2))))
        .isEqualTo("Hello, Ada! Hello, Ada!");
    assertThat(ctx.fetchValue(field(routines, "nowMs"))).isInstanceOf(Long.class);
  }

  private static Object call(Class<?> routines, String name, @Nullable Object... arguments)
      throws ReflectiveOperationException {
    for (Method method : routines.getMethods()) {
      if (method.getName().equals(name) && accepts(method, arguments)) {
        return method.invoke(null, arguments);
      }
    }
    throw new AssertionError(name + " is not in " + Generated.methods(routines));
  }

  private static boolean accepts(Method method, @Nullable Object... arguments) {
    Class<?>[] types = method.getParameterTypes();
    boolean accepts = types.length == arguments.length;
    for (int i = 0; accepts && i < types.length; i++) {
      accepts = arguments[i] == null || types[i].isInstance(arguments[i]);
    }
    return accepts;
  }

  private static Field<?> field(Class<?> routines, String name, Field<?>... arguments)
      throws ReflectiveOperationException {
    return (Field<?>) call(routines, name, (Object[]) arguments);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void takeNoNameFromOurs(
      boolean theirsFirst, TestDatabase database, Connection connection, @TempDir Path folder)
      throws Exception {
    Generated alone = generate(database, folder.resolve("alone"), "public");
    assertThat(alone.files("db/routines")).isEqualTo(GeneratedSourcesIT.routines());
    Set<String> methods;
    try (URLClassLoader loader = compile(alone, folder.resolve("classes1"))) {
      methods = Generated.methods(loader.loadClass("db.Routines"));
    }
    if (theirsFirst) {
      UserGenerationIT.execute(database, "DROP EXTENSION pg_hello");
    }
    UserGenerationIT.execute(database, FUNCTIONS + OTHERS);
    if (theirsFirst) {
      UserGenerationIT.execute(database, "CREATE EXTENSION pg_hello");
    }
    Generated crowded = generate(database, folder.resolve("crowded"), "public");

    assertThat(crowded.files("db/routines").stream().map(f -> f.toLowerCase(Locale.ROOT)))
        .as("file systems may be case-insensitive")
        .doesNotHaveDuplicates()
        .contains("pghellotext_1.java")
        .hasSizeGreaterThan(20);
    for (String file : GeneratedSourcesIT.routines()) {
      assertThat(withoutOverloads(crowded.source("db/routines/" + file)))
          .isEqualTo(withoutOverloads(alone.source("db/routines/" + file)));
    }
    try (URLClassLoader loader = compile(crowded, folder.resolve("classes2"))) {
      Class<?> routines = loader.loadClass("db.Routines");
      assertThat(Generated.methods(routines)).containsAll(methods);
      assertOurs(routines, connection);
      assertTheirs(routines, connection);
    }
  }

  /**
   * Removes the code that jOOQ adds for overloads, and the comments, which newer jOOQ versions mix
   * up.
   */
  private static String withoutOverloads(String source) {
    return source
        .replace("        setOverloaded(true);\n", "")
        .replace("import org.jooq.impl.DSL;\n", "")
        .replaceAll("DSL\\.comment\\(\"[^\"]*\"\\), ", "");
  }

  /** Asserts that all other functions are generated and can be called. */
  private static void assertTheirs(Class<?> routines, Connection connection) throws Exception {
    Configuration configuration = DSL.using(connection, SQLDialect.POSTGRES).configuration();
    assertThat(call(routines, "pgHelloInt4", configuration, 1)).isEqualTo("theirs");
    assertThat(call(routines, "pgHelloTextText", configuration, "a", "b")).isEqualTo("theirs");
    assertThat(call(routines, "pgHelloTextArray", configuration, new String[] {"a"}))
        .isEqualTo("theirs");
    Object table =
        call(routines, "pgHelloUuidUuid", DSL.val(null, UUID.class), DSL.val(null, UUID.class));
    assertThat(configuration.dsl().selectFrom((Table<?>) table).fetch(1, Integer.class))
        .containsExactly(2);
    table = call(routines, "pgHelloUuid", DSL.val(null, UUID.class));
    assertThat(configuration.dsl().selectFrom((Table<?>) table).fetch(0, Integer.class))
        .containsExactly(1);
  }

  @Test
  void areInSeparatePackagesForOtherSchemas(
      TestDatabase database, Connection connection, @TempDir Path folder) throws Exception {
    UserGenerationIT.execute(
        database,
        "DROP EXTENSION pg_hello; CREATE SCHEMA ext; CREATE EXTENSION pg_hello SCHEMA ext;"
            + "CREATE FUNCTION now_ms() RETURNS text LANGUAGE sql AS $$SELECT 'theirs'$$;"
            + "CREATE FUNCTION pg_hello(a text)"
            + RETURNS_TEXT
            + "CREATE FUNCTION pg_hello(a uuid)"
            + RETURNS_TEXT
            + "CREATE FUNCTION ext.pg_hello(a uuid)"
            + RETURNS_TEXT);
    Generated generated = generate(database, folder.resolve("sources"), "public", "ext");
    try (URLClassLoader loader = compile(generated, folder.resolve("classes"))) {
      assertOurs(loader.loadClass("db.ext.Routines"), connection);
      assertThat(Generated.methods(loader.loadClass("db.public_.Routines")))
          .as("these functions do not belong to the extension")
          .contains("pgHelloText[Field]", "pgHelloUuid[Field]")
          .doesNotContain("pgHello[Field]");
    }
  }

  @Tag("slow")
  @Test
  void areNamedTheSameInWhicheverOrderTheyWereCreated(TestDatabase database, @TempDir Path folder)
      throws Exception {
    String[] functions = (FUNCTIONS + OTHERS).split("(?=CREATE FUNCTION)");
    UserGenerationIT.execute(database, String.join("", functions));
    Generated first = generate(database, folder.resolve("first"), "public");
    Generated again = generate(database, folder.resolve("again"), "public");
    assertThat(again.sources()).isEqualTo(first.sources());

    UserGenerationIT.execute(database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    Collections.reverse(Arrays.asList(functions));
    UserGenerationIT.execute(
        database,
        "CREATE TABLE pg_hello (name text, repeat integer); CREATE DOMAIN label AS text;"
            + String.join("", functions)
                .replace("CREATE DOMAIN label AS text;", "")
                .replace("CREATE TABLE pg_hello (name text, repeat integer);", "")
            + "CREATE EXTENSION pg_hello");
    Generated reversed = generate(database, folder.resolve("reversed"), "public");
    assertThat(reversed.sources().keySet()).isEqualTo(first.sources().keySet());
    try (URLClassLoader one = compile(first, folder.resolve("classes1"));
        URLClassLoader other = compile(reversed, folder.resolve("classes2"))) {
      assertThat(Generated.methods(other.loadClass("db.Routines")))
          .isEqualTo(Generated.methods(one.loadClass("db.Routines")));
    }
  }

  @Tag("long")
  @Test
  void areNamedTheSameInTurkey(TestDatabase database, Connection connection, @TempDir Path folder)
      throws Exception {
    UserGenerationIT.execute(database, FUNCTIONS + OTHERS);
    Generated english = generateIn("en", database, folder.resolve("en"));
    Generated turkish = generateIn("tr", database, folder.resolve("tr"));
    assertThat(turkish.sources()).isEqualTo(english.sources());
    try (URLClassLoader loader = compile(turkish, folder.resolve("classes"))) {
      assertOurs(loader.loadClass("db.Routines"), connection);
    }
    UserGenerationIT.execute(database, "CREATE TABLE items (a integer)");
    // the test does not read the table's own file, because its name contains a letter that the
    // machine's locale may not support
    assertThat(generateIn("tr", database, folder.resolve("jooq")).source("db/Tables.java"))
        .as("jOOQ's own names depend on the language")
        .contains("import db.tables.\u0130tems;");
  }

  /** Generates in a separate JVM, because jOOQ caches values when it is loaded. */
  private static Generated generateIn(String language, TestDatabase database, Path folder)
      throws Exception {
    Files.createDirectories(folder);
    var configuration = NamesIT.configuration().withLogging(Logging.WARN).withOnError(OnError.FAIL);
    configuration.withJdbc(new Jdbc().withUrl(database.jdbcUrl()));
    configuration.getGenerator().getTarget().setDirectory(folder.toString());
    Path xml = folder.resolveSibling(language + ".xml");
    try (Writer out = Files.newBufferedWriter(xml)) {
      MiniJAXB.marshal(configuration, out);
    }
    Path log = folder.resolveSibling(language + ".log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Duser.language=" + language,
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                "org.jooq.codegen.GenerationTool",
                xml.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertThat(process.waitFor()).as(Files.readString(log)).isZero();
    return new Generated(folder);
  }

  @Test
  void doNotAffectOursAtVersion10(
      TestDatabase database, Connection connection, @TempDir Path folder) throws Exception {
    UserGenerationIT.execute(
        database,
        "DROP EXTENSION pg_hello; CREATE EXTENSION pg_hello VERSION '1.0';"
            // a workaround for versions before 1.1
            + "CREATE FUNCTION pg_hello(name text, repeat integer)"
            + RETURNS_TEXT
            + "CREATE FUNCTION pg_hello(name uuid)"
            + RETURNS_TEXT);
    Generated generated = generate(database, folder.resolve("sources"), "public");
    try (URLClassLoader loader = compile(generated, folder.resolve("classes"))) {
      Class<?> routines = loader.loadClass("db.Routines");
      Configuration configuration = DSL.using(connection, SQLDialect.POSTGRES).configuration();
      assertThat(call(routines, "pgHello", configuration, "Ada")).isEqualTo("Hello, Ada!");
      assertThat(call(routines, "pgHello", configuration, "Ada", 2)).isEqualTo("theirs");
      assertThat(new TreeSet<>(Generated.methods(routines)))
          .contains("pgHelloUuid[Field]", "nowMs[]")
          .doesNotContain("pgHelloText[Field]");
    }
  }
}
