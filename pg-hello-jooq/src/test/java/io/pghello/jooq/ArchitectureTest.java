// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** Checks the dependencies of the routines. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // the names of classes elsewhere suffice, and to read them takes seconds
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

  /** Neither the client, nor the driver. */
  @Test
  void nothingButJooqIsUsed() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..", "javax.lang.model..", "org.jooq..", "org.jspecify..", "io.pghello.jooq..")
        .check(CLASSES);
  }

  /** The generator has dependencies that programs need not have. */
  @Test
  void onlyTheGeneratorUsesTheGeneratorOfJooq() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.pghello.jooq.codegen..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.jooq.codegen..", "org.jooq.meta..", "io.pghello.jooq.codegen..")
        .check(CLASSES);
  }
}
