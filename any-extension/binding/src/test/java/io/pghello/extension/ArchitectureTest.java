// SPDX-License-Identifier: MIT
package io.pghello.extension;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** Checks the dependencies of a binding, and that neither of its packages refers to pg_hello. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // resolving classes outside this module is unnecessary and takes seconds
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

  /** A binding does not depend on the client of pg_hello, on a driver, or on a pool. */
  @Test
  void jdbcIsEnough() {
    classes()
        .that()
        .resideInAPackage("io.pghello.extension")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("java..", "org.jspecify..", "io.pghello.extension")
        .check(CLASSES);
  }

  @Test
  void hibernateIsEnoughForItsPart() {
    classes()
        .that()
        .resideInAPackage("io.pghello.extension.hibernate")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "org.hibernate..",
            "org.jboss.logging..",
            "org.jspecify..",
            "io.pghello.extension",
            "io.pghello.extension.hibernate")
        .check(CLASSES);
  }
}
