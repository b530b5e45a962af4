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
    // resolving classes outside this module is unnecessary and takes seconds
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

  /** The routines use neither the client nor the driver. */
  @Test
  void nothingButJooqIsUsed() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..", "javax.lang.model..", "org.jooq..", "org.jspecify..", "io.pghello.jooq..")
        .check(CLASSES);
  }

  /** The generator has dependencies that programs do not need. */
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
