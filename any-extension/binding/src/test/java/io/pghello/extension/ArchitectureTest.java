// SPDX-License-Identifier: MIT
package io.pghello.extension;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** Shows what a binding needs, and that neither this nor its part for Hibernate knows pg_hello. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // the names of classes elsewhere suffice, and to read them takes seconds
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

  /** Neither pg_hello's client, nor a driver, nor a pool. */
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
