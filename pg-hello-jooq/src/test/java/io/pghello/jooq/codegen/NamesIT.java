// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.jooq.meta.Definition;
import org.jooq.meta.RoutineDefinition;
import org.jooq.meta.jaxb.Configuration;
import org.jooq.meta.jaxb.Database;
import org.jooq.meta.jaxb.Generate;
import org.jooq.meta.jaxb.Generator;
import org.jooq.meta.jaxb.Matchers;
import org.jooq.meta.jaxb.Strategy;
import org.jooq.meta.jaxb.Target;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the names and comments of arbitrary functions of users. */
@PgHelloTest
class NamesIT {
  static Configuration configuration() {
    return new Configuration()
        .withGenerator(
            new Generator()
                .withName(PgHelloGenerator.class.getName())
                .withStrategy(new Strategy().withName(PgHelloGeneratorStrategy.class.getName()))
                .withDatabase(new Database().withInputSchema("public"))
                .withTarget(new Target().withPackageName("db").withLocale("en")));
  }

  private static Generated generate(TestDatabase database, Path folder) throws Exception {
    return Generated.from(configuration(), database.jdbcUrl(), folder);
  }

  private static Set<String> methods(Generated generated, Path classes) throws Exception {
    Files.createDirectories(classes);
    try (URLClassLoader loader = generated.compile(classes)) {
      return Generated.methods(loader.loadClass("db.Routines"));
    }
  }

  @Test
  void stayWhenOverloadsComeAndGo(TestDatabase database, @TempDir Path folder) throws Exception {
    Generated before = generate(database, folder.resolve("before"));
    Set<String> oldMethods = methods(before, folder.resolve("classes1"));
    UserGenerationIT.execute(
        database,
        "CREATE FUNCTION pg_hello() RETURNS text LANGUAGE sql AS 'SELECT 1::text';"
            + " CREATE FUNCTION pg_hello(a uuid, b uuid, c text) RETURNS text LANGUAGE sql"
            + " AS 'SELECT 1::text';"
            + " CREATE FUNCTION now_ms(zone text) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';"
            + " CREATE FUNCTION pg_hello_all(names text) RETURNS text LANGUAGE sql"
            + " AS 'SELECT 1::text'");
    Generated after = generate(database, folder.resolve("after"));

    assertThat(after.files("db/routines"))
        .containsAll(before.files("db/routines"))
        .contains("PgHello.java", "PgHelloUuidUuidText.java", "NowMsText.java");
    assertThat(methods(after, folder.resolve("classes2")))
        .containsAll(oldMethods)
        .contains("pgHello[Field, Field, Field]", "pgHello[]", "nowMs[Field]", "pgHelloAll[Field]");
  }

  /** Java does not allow two methods that differ only in the type argument of a {@code Field}. */
  @Test
  void haveTheTypesWhereJavaNeedsThem(TestDatabase database, @TempDir Path folder)
      throws Exception {
    UserGenerationIT.execute(
        database,
        "CREATE FUNCTION f(a text) RETURNS text LANGUAGE sql AS 'SELECT 1::text';"
            + " CREATE FUNCTION f(a uuid) RETURNS text LANGUAGE sql AS 'SELECT 1::text';"
            + " CREATE FUNCTION f(a timestamptz[]) RETURNS text LANGUAGE sql AS 'SELECT 1::text';"
            + " CREATE FUNCTION f(a text, text, text) RETURNS text LANGUAGE sql"
            + " AS 'SELECT 1::text';"
            + " CREATE TYPE \"odd Type\" AS ENUM ('x');"
            + " CREATE FUNCTION g(a \"odd Type\", OUT b integer) LANGUAGE sql AS 'SELECT 1';"
            + " CREATE PROCEDURE p(a integer) LANGUAGE sql AS 'SELECT 1';"
            + " CREATE PROCEDURE p(a bigint, INOUT b integer) LANGUAGE sql AS 'SELECT 1'");
    Generated generated = generate(database, folder.resolve("sources"));
    assertThat(generated.files("db/routines"))
        .contains(
            "FText.java",
            "FUuid.java",
            "FTimestamptzArray.java",
            "FTextTextText.java",
            "GOddType.java",
            "PInt4.java",
            "PInt8Int4.java");
    assertThat(methods(generated, folder.resolve("classes")))
        .contains(
            "fText[Field]",
            "fUuid[Field]",
            "fTimestamptzArray[Field]",
            "f[Field, Field, Field]",
            "p[Configuration, Integer]",
            "p[Configuration, Long, Integer]")
        .doesNotContain("f[Field]");
  }

  private static final String TABLE_FUNCTIONS =
      "CREATE FUNCTION f(a integer) RETURNS TABLE (x text, y integer)"
          + " LANGUAGE sql AS $$SELECT 'one', a$$;"
          + "CREATE FUNCTION f(a text) RETURNS TABLE (x integer)"
          + " LANGUAGE sql AS 'SELECT 2';"
          + "CREATE FUNCTION f(a text, b text) RETURNS TABLE (x integer)"
          + " LANGUAGE sql AS 'SELECT 3';"
          + "CREATE TABLE f_text (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"
          + "CREATE TABLE f (x uuid)";

  @Test
  void distinguishTableFunctions(TestDatabase database, @TempDir Path folder) throws Exception {
    UserGenerationIT.execute(database, TABLE_FUNCTIONS);
    Configuration configuration = configuration();
    configuration
        .getGenerator()
        .setGenerate(new Generate().withPojos(true).withInterfaces(true).withDaos(true));
    Generated generated =
        Generated.from(configuration, database.jdbcUrl(), folder.resolve("sources"));
    assertThat(generated.files("db/tables"))
        .contains("F.java", "FText.java", "FInt4.java", "FText_1.java", "FTextText.java");
    assertThat(generated.files("db/tables/records"))
        .contains("FRecord.java", "FInt4Record.java", "FText_1Record.java");
    assertThat(generated.files("db/tables/interfaces")).contains("IFInt4.java", "IFText_1.java");
    assertThat(generated.source("db/Tables.java"))
        .contains(" F F = ", " F_INT4 = ", " F_TEXT = FText.", " F_TEXT_1 = ", " F_TEXTTEXT = ");
    assertThat(generated.source("db/tables/records/FInt4Record.java"))
        .contains("String getX()", "Integer getY()");
    assertThat(generated.source("db/tables/pojos/FText_1.java"))
        .contains("Integer getX()")
        .doesNotContain("getY");
    Set<String> methods = methods(generated, folder.resolve("classes"));
    assertThat(methods).contains("fInt4[Field]", "fText[Field]", "f[Field, Field]");

    Configuration plain = configuration();
    plain.getGenerator().withStrategy(null).withName(null);
    Generated jooqs = Generated.from(plain, database.jdbcUrl(), folder.resolve("plain"));
    assertThat(jooqs.files("db/tables"))
        .as("jOOQ without this module generates one of four functions")
        .containsExactly("F.java", "FText.java", "records");
  }

  /** Generates code twice, like a program that uses one object for several databases. */
  public static class Twice extends PgHelloGenerator {
    @Override
    public void generate(org.jooq.meta.Database database) {
      super.generate(database);
      super.generate(database);
    }
  }

  @Test
  void areAllThereIfOneObjectGeneratesTwice(TestDatabase database, @TempDir Path folder)
      throws Exception {
    UserGenerationIT.execute(
        database,
        "CREATE FUNCTION f(a integer) RETURNS TABLE (x integer) LANGUAGE sql AS 'SELECT a';"
            + "CREATE FUNCTION f(a uuid) RETURNS text LANGUAGE sql AS 'SELECT 1::text'");
    Configuration configuration = configuration();
    configuration.getGenerator().setName(Twice.class.getName());
    Generated twice = Generated.from(configuration, database.jdbcUrl(), folder.resolve("twice"));
    assertThat(twice.sources()).isEqualTo(generate(database, folder.resolve("once")).sources());
  }

  /** A user's strategy, as in the guide. */
  public static class Prefixed extends PgHelloGeneratorStrategy {
    @Override
    public String getJavaClassName(Definition definition, Mode mode) {
      String name = super.getJavaClassName(definition, mode);
      return definition instanceof RoutineDefinition ? name : "My" + name;
    }
  }

  @Test
  void areKeptWithAnotherStrategy(TestDatabase database, @TempDir Path folder) throws Exception {
    UserGenerationIT.execute(database, TABLE_FUNCTIONS);
    Configuration configuration = configuration();
    configuration.getGenerator().getStrategy().setName(Prefixed.class.getName());
    Generated generated =
        Generated.from(configuration, database.jdbcUrl(), folder.resolve("sources"));
    assertThat(generated.files("db/tables")).contains("MyF.java", "MyFInt4.java");
    assertThat(methods(generated, folder.resolve("classes")))
        .contains("pgHello[Field]", "pgHello[Field, Field]");
  }

  /** For this configuration, jOOQ 3.19 logs a warning and continues; jOOQ 3.21 throws an error. */
  @Test
  void areNotUsedWithMatchers(TestDatabase database, @TempDir Path folder) throws Exception {
    Configuration configuration = configuration();
    configuration.getGenerator().getStrategy().setMatchers(new Matchers());
    try {
      Generated generated = Generated.from(configuration, database.jdbcUrl(), folder);
      assertThat(generated.files("db/routines")).contains("PgHello1.java", "PgHello2.java");
    } catch (RuntimeException e) {
      assertThat(e).hasMessageContaining("Strategy ignored");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*/ } class Broken {",
        "/* not closed",
        "\\u002a/ \\u000a broken \\uXYZW \\",
        "@author nobody",
        "{@link Nowhere#nothing}",
        "a < b && c > d </p> <script>",
        "%s %d %n 100 %",
        "[[before=x][%s]]",
        "ends with {",
        "if",
        "a line\nand\r\nanother\n\n * @since 1",
        "Zoë 李 👩‍👩‍👧",
        "  blanks  "
      })
  void survivesEveryComment(String comment, TestDatabase database, @TempDir Path folder)
      throws Exception {
    UserGenerationIT.execute(
        database,
        "CREATE FUNCTION f(a integer) RETURNS text LANGUAGE sql AS 'SELECT 1::text';"
            + " COMMENT ON FUNCTION f(integer) IS '"
            + comment
            + "'; CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT 1::text'");
    Generated generated = generate(database, folder.resolve("sources"));
    assertThat(methods(generated, folder.resolve("classes"))).contains("f[]", "f[Field]");
    String own = "routine <code>public.f</code>.";
    assertThat(generated.source("db/routines/FInt4.java")).contains(own + " ").contains("\n}\n");
    assertThat(generated.source("db/routines/F.java")).contains(own + "\n");
    assertThat(generated.source("db/routines/NowMs.java")).contains("Returns the current time");
  }

  /** Types of a fixed length can also have elements, but are not arrays. */
  @Test
  void findsTheCommentOfAFunctionOfTypesOfAFixedLength(TestDatabase database, @TempDir Path folder)
      throws Exception {
    UserGenerationIT.execute(
        database,
        "CREATE FUNCTION f(a name, b point) RETURNS text LANGUAGE sql AS 'SELECT 1::text';"
            + " COMMENT ON FUNCTION f(name, point) IS 'Takes a point.'");
    assertThat(generate(database, folder).source("db/routines/FNamePoint.java"))
        .contains("Takes a point.");
  }

  @Test
  void writesNoCommentsIfCommentsAreDisabled(TestDatabase database, @TempDir Path folder)
      throws Exception {
    Configuration configuration = UserGenerationIT.configuration();
    configuration
        .getGenerator()
        .withGenerate(new Generate().withCommentsOnRoutines(false))
        .getDatabase()
        .setIncludes("none");
    Generated generated = Generated.from(configuration, database.jdbcUrl(), folder);
    assertThat(generated.source("com/example/db/routines/NowMs.java"))
        .contains("routine <code>public.now_ms</code>.\n")
        .doesNotContain("Returns the current time");
  }
}
