// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.ByteArrayInputStream;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jooq.codegen.GenerationTool;
import org.jooq.meta.jaxb.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generates code from a user's own database, as in the guide. */
@PgHelloTest
class UserGenerationIT {
  private static final Path CONFIGURATION =
      Path.of("../examples/shared/src/main/resources/db/greeting/V2__greeting_config.sql");
  private static final Path SCHEMA =
      Path.of("../examples/jooq/src/main/resources/io/pghello/examples/jooq/schema.sql");
  private static final Path POM = Path.of("../examples/jooq-codegen/pom.xml");
  private static final String ROUTINES = "com/example/db/routines/";

  /** The code that a user writes. */
  private static final String PROGRAM =
      """
      package com.example;

      import static com.example.db.Routines.nowMs;
      import static com.example.db.Routines.pgHello;
      import static com.example.db.Routines.updateGreetingConfig;
      import static com.example.db.Tables.USERS;

      import java.sql.Connection;
      import java.time.Instant;
      import org.jooq.DSLContext;
      import org.jooq.SQLDialect;
      import org.jooq.impl.DSL;

      public class Program {
        public static String run(Connection connection) {
          DSLContext ctx = DSL.using(connection, SQLDialect.POSTGRES);
          updateGreetingConfig(ctx.configuration(), 2);
          Instant createdAt =
              ctx.insertInto(USERS, USERS.USERNAME, USERS.EMAIL)
                  .values("alice", "alice@example.com")
                  .returning(USERS.CREATED_AT)
                  .fetchSingle(USERS.CREATED_AT);
          var row =
              ctx.select(pgHello(USERS.USERNAME), USERS.WELCOME_MESSAGE, nowMs())
                  .from(USERS)
                  .where(USERS.CREATED_AT.eq(createdAt))
                  .fetchSingle();
          return row.value1() + " / " + row.value2() + " / " + (row.value3() >= createdAt.toEpochMilli());
        }
      }
      """;

  @BeforeEach
  void createTables(TestDatabase database) throws Exception {
    execute(database, Files.readString(CONFIGURATION) + Files.readString(SCHEMA));
    // another extension in the same schema
    execute(database, "CREATE EXTENSION fuzzystrmatch");
  }

  static void execute(TestDatabase database, String sql) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Returns the configuration of jOOQ's plugin in the example's POM, without the database. */
  static Configuration configuration() throws Exception {
    String pom = Files.readString(POM);
    String start = "<artifactId>jooq-codegen-maven</artifactId>";
    String plugin = pom.substring(pom.indexOf(start), pom.indexOf("</plugin>", pom.indexOf(start)));
    String xml = plugin.substring(plugin.indexOf("<configuration>"));
    return GenerationTool.load(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void generatesTheUsersObjectsAndOurs(TestDatabase database, @TempDir Path folder)
      throws Exception {
    Generated generated = Generated.from(configuration(), database.jdbcUrl(), folder);
    assertThat(generated.files("com/example/db/routines"))
        .contains("PgHelloText.java", "GreetingRepeat.java", "UpdateGreetingConfigInt4.java")
        .containsAll(GeneratedSourcesIT.routines())
        .hasSize(GeneratedSourcesIT.routines().size() + 2);
    assertThat(generated.files("com/example/db/tables"))
        .contains("AppConfig.java", "Users.java")
        .hasSize(3);
  }

  @Test
  void generatesUserObjectsWithTheSameNames(TestDatabase database, @TempDir Path folder)
      throws Exception {
    execute(
        database,
        "CREATE FUNCTION pg_hello(a integer) RETURNS text LANGUAGE sql AS 'SELECT 1::text';"
            + "CREATE TABLE now_ms (a integer)");
    Generated generated = Generated.from(configuration(), database.jdbcUrl(), folder);
    assertThat(generated.files("com/example/db/routines"))
        .contains("PgHelloInt4.java")
        .hasSize(GeneratedSourcesIT.routines().size() + 3);
    assertThat(generated.files("com/example/db/tables")).contains("NowMs.java");
  }

  @Tag("slow")
  @Test
  void keepsTheNamesOfOverloads(TestDatabase database, @TempDir Path folder, @TempDir Path classes)
      throws Exception {
    Generated generated = Generated.from(configuration(), database.jdbcUrl(), folder);
    try (URLClassLoader loader = generated.compile(classes)) {
      assertThat(Generated.methods(loader.loadClass("com.example.db.Routines")))
          .containsExactly(
              "greetingRepeat[Configuration]",
              "greetingRepeat[]",
              "nowMs[Configuration]",
              "nowMs[]",
              "pgHelloAll[Configuration, String[], Integer[]]",
              "pgHelloAll[Field, Field]",
              "pgHelloAll[String[], Integer[]]",
              "pgHello[Configuration, String, Integer]",
              "pgHello[Configuration, String]",
              "pgHello[Field, Field]",
              "pgHello[Field]",
              "pgHello[String, Integer]",
              "pgHello[String]",
              "spiVersion[Configuration]",
              "spiVersion[]",
              "updateGreetingConfig[Configuration, Integer]",
              "updateGreetingConfig[Field]",
              "updateGreetingConfig[Integer]");
    }
  }

  @Test
  void givesEachOverloadItsOwnComment(TestDatabase database, @TempDir Path folder)
      throws Exception {
    Generated generated = Generated.from(configuration(), database.jdbcUrl(), folder);
    assertThat(head(generated.source(ROUTINES + "PgHelloText.java")))
        .contains("Returns a greeting, repeated as specified by the setting pg_hello.repeat")
        .doesNotContain("1 to 10");
    assertThat(head(generated.source(ROUTINES + "PgHelloTextInt4.java")))
        .contains("Returns a greeting, repeated 1 to 10 times")
        .doesNotContain("pg_hello.repeat");
    assertThat(head(generated.source(ROUTINES + "UpdateGreetingConfigInt4.java")))
        .contains("Changes how many times a greeting is repeated, for all connections");
    String routines = text(generated.source("com/example/db/Routines.java"));
    // each in front of the call and of the fields
    assertThat(routines.split("as specified by the setting", -1)).hasSize(1 + 3);
    assertThat(routines.split("repeated 1 to 10 times", -1)).hasSize(1 + 3);
    assertThat(routines.split("the current time in milliseconds", -1)).hasSize(1 + 2);
  }

  /** Returns the part before the class. Newer versions of jOOQ also comment the constructor. */
  private static String head(String source) {
    return text(source.substring(0, source.indexOf("public class")));
  }

  /** Returns a source without the line breaks and asterisks of its comments. */
  private static String text(String source) {
    return source.replaceAll("\\s+\\* ", " ");
  }

  @Test
  void compilesAndRuns(
      TestDatabase database, Connection connection, @TempDir Path folder, @TempDir Path classes)
      throws Exception {
    Generated generated = Generated.from(configuration(), database.jdbcUrl(), folder);
    Files.writeString(folder.resolve("com/example/Program.java"), PROGRAM);
    try (URLClassLoader loader = generated.compile(classes)) {
      assertThat(
              loader
                  .loadClass("com.example.Program")
                  .getMethod("run", Connection.class)
                  .invoke(null, connection))
          .isEqualTo("Hello, alice! / Hello, alice! Hello, alice! / true");
    }
  }

  @Test
  void findsTheExtensionInWhicheverSchema(TestDatabase database, @TempDir Path folder)
      throws Exception {
    execute(
        database,
        "DROP EXTENSION pg_hello CASCADE; CREATE SCHEMA ext; CREATE EXTENSION pg_hello SCHEMA ext");
    Configuration configuration = configuration();
    configuration.getGenerator().getDatabase().setInputSchema("ext");
    Generated generated = Generated.from(configuration, database.jdbcUrl(), folder);
    assertThat(generated.files(ROUTINES)).isEqualTo(GeneratedSourcesIT.routines());
    assertThat(generated.source(ROUTINES + "PgHelloText.java"))
        .contains("super(\"pg_hello\", Ext.EXT,")
        .contains("Returns a greeting");
  }

  private static String value(String pom, String element) {
    int start = pom.indexOf(element) + element.length();
    return pom.substring(start, pom.indexOf('<', start));
  }

  @Test
  void matchesTheGuide() throws Exception {
    String pom = Files.readString(POM);
    assertThat(Files.readString(Path.of("../docs/jooq-codegen.md")))
        .contains("```xml\n" + pom + "```");
    assertThat(configuration().getGenerator().getDatabase().getIncludeSql().split("\\s+"))
        .filteredOn(word -> !word.isEmpty())
        .containsExactly(PgHelloGenerator.INCLUDE_SQL.strip().split("\\s+"));
    String parent = Files.readString(Path.of("../pom.xml"));
    for (String property : List.of("jooq.version", "postgresql.version")) {
      String version = value(parent, "<" + property + ">");
      assertThat(value(pom, "<" + property + ">")).as("%s of the POM", property).isEqualTo(version);
      // any other version of the same release line is outdated
      String line = Pattern.quote(version.substring(0, version.lastIndexOf('.') + 1)) + "\\d+";
      for (String page :
          List.of("pg-hello/jooq.md", "jooq-codegen.md", "pg-hello/spring-boot.md")) {
        assertThat(
                Pattern.compile(line)
                    .matcher(Files.readString(Path.of("../docs", page)))
                    .results()
                    .map(MatchResult::group))
            .as("%s in %s", property, page)
            .allMatch(version::equals);
      }
    }
  }
}
