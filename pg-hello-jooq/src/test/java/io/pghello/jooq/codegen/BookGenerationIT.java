// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jooq.codegen.GenerationTool;
import org.jooq.meta.jaxb.Configuration;
import org.jooq.meta.jaxb.Database;
import org.jooq.meta.jaxb.Generator;
import org.jooq.meta.jaxb.Jdbc;
import org.jooq.meta.jaxb.Logging;
import org.jooq.meta.jaxb.Property;
import org.jooq.meta.jaxb.Strategy;
import org.jooq.meta.jaxb.Target;
import org.junit.jupiter.api.Test;

/**
 * Generates code for a table and for the functions of an extension, as shown in the documentation.
 */
// region test
@ExtensionTest(extensions = "pg_trgm", scripts = "db/book.sql")
class BookGenerationIT {
  /** In your project: {@code src/main/java}. */
  private static final String DIRECTORY = "target/generated-book";

  @Test
  void generate(TestDatabase database) throws Exception {
    GenerationTool.generate(
        new Configuration()
            .withLogging(Logging.WARN)
            .withJdbc(new Jdbc().withUrl(database.jdbcUrl()))
            .withGenerator(
                new Generator()
                    .withName("io.pghello.jooq.codegen.PgHelloGenerator")
                    .withStrategy(
                        new Strategy().withName("io.pghello.jooq.codegen.PgHelloGeneratorStrategy"))
                    .withDatabase(
                        new Database()
                            .withInputSchema("public")
                            .withIncludes("book") // your tables
                            .withProperties(
                                new Property().withKey("pg-extension").withValue("pg_trgm")))
                    .withTarget(
                        new Target()
                            // a package that contains no other code: jOOQ deletes other files
                            .withPackageName("com.example.db")
                            .withLocale("en")
                            .withDirectory(DIRECTORY))));
    Path folder = Path.of(DIRECTORY, "com/example/db");
    assertThat(Files.readString(folder.resolve("Routines.java"))).contains(" similarity(");
    assertThat(folder.resolve("tables/Book.java")).exists();
  }
}
// endregion
