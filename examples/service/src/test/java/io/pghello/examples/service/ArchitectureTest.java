// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

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

  @Test
  void packagesHaveNoCycles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }
}
