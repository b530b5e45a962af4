// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import org.jooq.meta.jaxb.Configuration;
import org.jooq.meta.jaxb.Database;
import org.jooq.meta.jaxb.Generate;
import org.jooq.meta.jaxb.Generator;
import org.jooq.meta.jaxb.Property;
import org.jooq.meta.jaxb.Strategy;
import org.jooq.meta.jaxb.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generates the functions of the extensions that a property lists. */
@Tag("slow")
@PgHelloTest
class ExtensionGenerationIT {
  @Test
  void takesTheExtensionsThatThePropertyNames(
      Connection connection, TestDatabase database, @TempDir Path folder) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION fuzzystrmatch; CREATE EXTENSION hstore");
      statement.execute("CREATE FUNCTION soundex(int) RETURNS int LANGUAGE sql RETURN 1");
    }
    Generated generated = generate(database, folder, " fuzzystrmatch ");
    assertThat(generated.files("acme/routines"))
        .contains("LevenshteinTextText.java", "SoundexText.java", "SoundexInt4.java")
        .noneMatch(file -> file.startsWith("PgHello") || file.startsWith("Hstore"));
    // the extension's function gets the plain name, regardless of other functions
    assertThat(generated.source("acme/Routines.java"))
        .contains(" soundex(", " soundexInt4(")
        .doesNotContain(" soundexText(");
    assertThat(generate(database, folder.resolve("two"), "fuzzystrmatch,pg_hello"))
        .satisfies(
            both ->
                assertThat(both.files("acme/routines"))
                    .contains("PgHelloText.java", "SoundexText.java"));
  }

  @Test
  void rejectsInvalidExtensionNames(TestDatabase database, @TempDir Path folder) {
    assertThatThrownBy(() -> generate(database, folder, "x'); DROP"))
        .hasStackTraceContaining(
            "Property pg-extension contains the name \"x'); DROP\"; the name of an");
  }

  @Test
  void refusesExtensionsThatTheDatabaseLacks(TestDatabase database, @TempDir Path folder) {
    assertThatThrownBy(() -> generate(database, folder, "pg_hello,pg_trgrm"))
        .hasStackTraceContaining(
            "Property pg-extension lists extensions that do not exist in this database: pg_trgrm.");
  }

  private static Generated generate(TestDatabase database, Path folder, String extensions)
      throws Exception {
    return Generated.from(
        new Configuration()
            .withGenerator(
                new Generator()
                    .withName(PgHelloGenerator.class.getName())
                    .withStrategy(new Strategy().withName(PgHelloGeneratorStrategy.class.getName()))
                    .withDatabase(
                        new Database()
                            .withInputSchema("public")
                            .withIncludes("")
                            .withProperties(
                                new Property()
                                    .withKey(PgHelloGenerator.EXTENSIONS)
                                    .withValue(extensions)))
                    .withGenerate(new Generate())
                    .withTarget(new Target().withPackageName("acme"))),
        database.jdbcUrl(),
        folder);
  }
}
