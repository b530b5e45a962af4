// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jooq.codegen.GenerationTool;
import org.jooq.meta.jaxb.*;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "pg_trgm", scripts = "db/book.sql")
class GeneratedTest {
  private static final Path SOURCES = Path.of("src/main/java");

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
                            .withDirectory(SOURCES.toString()))));
    assertTrue(Files.exists(SOURCES.resolve("com/example/db/tables/Book.java")));
  }
}
