package ${package};

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jooq.codegen.GenerationTool;
import org.jooq.meta.jaxb.Configuration;
import org.jooq.meta.jaxb.Database;
import org.jooq.meta.jaxb.Generate;
import org.jooq.meta.jaxb.Generator;
import org.jooq.meta.jaxb.Jdbc;
import org.jooq.meta.jaxb.Logging;
import org.jooq.meta.jaxb.Target;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** jOOQ's routines are what its generator makes of the extension; -Dgenerate writes them. */
@ExtensionTest(extensions = "${extensionName}")
class GeneratedTest {
  private static final Path SOURCES = Path.of("src/main/java");

  @Test
  void routinesAreWhatTheExtensionIs(TestDatabase database, @TempDir Path folder) throws Exception {
    boolean write = System.getProperty("generate") != null;
    GenerationTool.generate(
        new Configuration()
            .withLogging(Logging.WARN)
            .withJdbc(new Jdbc().withUrl(database.jdbcUrl()))
            .withGenerator(
                new Generator()
                    .withDatabase(
                        new Database()
                            .withInputSchema("public")
                            .withOutputSchemaToDefault(true)
                            .withIncludes("${extensionName}_.*"))
                    .withGenerate(
                        new Generate()
                            .withDefaultCatalog(false)
                            .withDefaultSchema(false)
                            .withGeneratedAnnotation(false)
                            .withJavadoc(false)
                            .withJooqVersionReference(false))
                    .withTarget(
                        new Target()
                            .withPackageName("${package}.generated")
                            .withLocale("en")
                            .withDirectory((write ? SOURCES : folder).toString()))));
    if (!write) {
      assertEquals(sources(folder), sources(SOURCES), "run mvn verify -Dgenerate");
    }
  }

  private static Map<Path, List<String>> sources(Path root) throws IOException {
    Path folder = root.resolve("${package}.generated".replace('.', '/'));
    var sources = new TreeMap<Path, List<String>>();
    try (var files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        // the order of imports depends on the package's name, and what is suppressed on the JDK
        var lines = Files.readAllLines(file).stream();
        sources.put(
            folder.relativize(file),
            lines.filter(line -> !line.matches("((import |@SuppressWarnings).*)?")).toList());
      }
    }
    return sources;
  }
}
