// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArchitectureTest {
  private static final String ROOT = "io.pghello.examples.service";
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(ROOT);

  @Test
  void onlyTheRepositoryHasSql() {
    noClasses()
        .that()
        .haveSimpleNameNotContaining("ConfigRepository")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.springframework.jdbc..")
        .check(CLASSES);
    noClasses()
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.sql.Statement")
        .check(CLASSES);
  }

  @Test
  void onlyTheOperationsCallTheClient() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT + ".greeting", ROOT + ".load")
        .should()
        .dependOnClassesThat()
        .haveNameMatching("io\\.pghello\\.PgHello(Client|(Async)?Operations)")
        .check(CLASSES);
  }

  @Test
  void operationsKnowNoInterfaceThatOffersThem() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".greeting")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            ROOT + ".rest",
            ROOT + ".graphql",
            ROOT + ".limit",
            ROOT + ".problem",
            ROOT + ".security")
        .check(CLASSES);
  }

  /**
   * No other package uses the optional packages, so each of them can be deleted; see {@link
   * WithoutPackagesIT}.
   */
  @ParameterizedTest
  @ValueSource(strings = {"demo", "load", "limit", "cache redis limit.redis"})
  void optionalPackagesAreUnused(String packages) {
    String[] names =
        Stream.of(packages.split(" ")).map(name -> ROOT + "." + name + "..").toArray(String[]::new);
    noClasses()
        .that()
        .resideOutsideOfPackages(names)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(names)
        .check(CLASSES);
  }

  /** Checks the classes outside the optional packages. */
  @Test
  void theCoreIsReadInOneSitting() throws IOException {
    Path sources = Path.of("src/main/java", ROOT.replace('.', '/'));
    var deletable = List.of("demo", "load", "limit", "cache", "redis");
    long lines = 0;
    try (Stream<Path> files = Files.walk(sources)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (!deletable.contains(sources.relativize(file).getName(0).toString())) {
          lines += Files.readAllLines(file).size();
        }
      }
    }
    assertThat(lines).isBetween(1_000L, 1_550L);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }
}
