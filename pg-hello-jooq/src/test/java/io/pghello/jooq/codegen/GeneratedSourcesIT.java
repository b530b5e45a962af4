// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jooq.codegen.GenerationTool;
import org.jooq.meta.jaxb.Configuration;
import org.jooq.meta.jaxb.Database;
import org.jooq.meta.jaxb.Generate;
import org.jooq.meta.jaxb.Generator;
import org.jooq.meta.jaxb.Jdbc;
import org.jooq.meta.jaxb.Logging;
import org.jooq.meta.jaxb.Strategy;
import org.jooq.meta.jaxb.Target;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The generated sources in the tree match the output of the generator. */
@PgHelloTest
class GeneratedSourcesIT {
  private static final Path COMMITTED = Path.of("src", "generated", "java");

  /** Returns the names of the files of the extension's functions. */
  static List<String> routines() throws IOException {
    return new Generated(COMMITTED).files("io/pghello/jooq/generated/routines");
  }

  @Test
  void matchTheExtension(TestDatabase database, @TempDir Path folder) throws Exception {
    // ./dev generate sets this property
    boolean refresh = Boolean.getBoolean("pg-hello.generate");
    generate(database, refresh ? COMMITTED : folder);
    if (!refresh) {
      assertThat(new Generated(COMMITTED).sources())
          .as("run ./dev generate, which brings %s up to date", COMMITTED)
          .isEqualTo(new Generated(folder).sources());
    }
    assertThat(new Generated(COMMITTED).sources()).hasSizeGreaterThan(5);
  }

  static void generate(TestDatabase database, Path folder) throws Exception {
    GenerationTool.generate(
        new Configuration()
            .withLogging(Logging.WARN)
            .withJdbc(new Jdbc().withUrl(database.jdbcUrl()))
            .withGenerator(
                new Generator()
                    .withName(RoutinesGenerator.class.getName())
                    .withStrategy(new Strategy().withName(RoutinesStrategy.class.getName()))
                    .withDatabase(
                        new Database()
                            .withInputSchema("public")
                            .withOutputSchemaToDefault(true)
                            .withIncludes("")
                            .withIncludeSql(PgHelloGenerator.INCLUDE_SQL))
                    .withGenerate(
                        new Generate()
                            .withDefaultCatalog(false)
                            .withDefaultSchema(false)
                            .withGeneratedAnnotation(false)
                            .withJooqVersionReference(false))
                    .withTarget(
                        new Target()
                            .withPackageName("io.pghello.jooq.generated")
                            .withLocale("en")
                            .withDirectory(folder.toString()))));
  }
}
