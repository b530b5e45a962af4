package ${package};

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.*;
import java.util.*;
import org.jooq.codegen.GenerationTool;
import org.jooq.meta.jaxb.*;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares the generated jOOQ routines with the extension. With -Dgenerate, writes them instead. */
@ExtensionTest(extensions = "${extensionName}")
class GeneratedTest {
  private static final Path SOURCES = Path.of("src/main/java");

  @Test
  void generatedRoutinesMatchTheExtension(TestDatabase database, @TempDir Path folder) throws Exception {
    boolean write = System.getProperty("generate") != null;
## region forced
    var point =
        new ForcedType().withIncludeTypes("${extensionName}_point")
            .withUserType("${package}.${className}Point").withBinding("${package}.${className}PointBinding");
## endregion
    var routines =
        new Database().withInputSchema("public").withOutputSchemaToDefault(true)
            .withIncludes("${extensionName}_.*")
            .withExcludes("${extensionName}_.*_all|${extensionName}_point_(in|out|recv|send|lt|le|eq|ne|ge|gt|cmp|hash)")
            .withForcedTypes(point);
    var plain =
        new Generate().withDefaultCatalog(false).withDefaultSchema(false).withGeneratedAnnotation(false)
            .withJavadoc(false).withJooqVersionReference(false);
    var target =
        new Target().withPackageName("${package}.generated").withLocale("en")
            .withDirectory((write ? SOURCES : folder).toString());
    GenerationTool.generate(
        new Configuration().withLogging(Logging.WARN).withJdbc(new Jdbc().withUrl(database.jdbcUrl()))
            .withGenerator(new Generator().withDatabase(routines).withGenerate(plain).withTarget(target)));
    if (!write) {
      var differences = new TreeSet<Path>();
      var generated = sources(folder);
      var committed = sources(SOURCES);
      for (var files : List.of(generated.keySet(), committed.keySet())) {
        files.stream()
            .filter(file -> !Objects.equals(generated.get(file), committed.get(file)))
            .forEach(differences::add);
      }
      assertTrue(
          differences.isEmpty(),
          () -> "jOOQ's routines differ from the extension: run mvn verify -Dgenerate, which writes "
                  + differences + ", or change withExcludes in this test");
    }
  }

  private static Map<Path, List<String>> sources(Path root) throws IOException {
    Path folder = root.resolve("${package}.generated".replace('.', '/'));
    var sources = new TreeMap<Path, List<String>>();
    try (var files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        // ignore imports, which are ordered by package name, and suppressed warnings, which depend on the JDK
        var lines = Files.readAllLines(file).stream();
        var compared = lines.filter(line -> !line.matches("((import |@SuppressWarnings).*)?")).toList();
        sources.put(folder.relativize(file), compared);
      }
    }
    return sources;
  }
}
