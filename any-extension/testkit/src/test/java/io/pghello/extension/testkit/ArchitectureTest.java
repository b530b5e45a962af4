// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** Shows what the testkit needs, and that it knows no extension. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // the names of classes elsewhere suffice, and to read them takes seconds
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

  @Test
  void onlyItsExtensionsOfJunitNeedJunit() {
    noClasses()
        .that()
        .resideInAPackage("..internal..")
        .or()
        .areAssignableTo(TestDatabase.class)
        .or()
        .areAssignableTo(WireProxy.class)
        .or()
        .areAssignableTo(ExtensionContainer.class)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.junit..", "org.opentest4j..")
        .check(CLASSES);
  }

  @Test
  void onlyContainersNeedTestcontainers() {
    noClasses()
        .that()
        .areNotAssignableTo(ExtensionContainer.class)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.testcontainers..", "com.github.dockerjava..")
        .check(CLASSES);
  }

  @Test
  void onlyTestsWithSpringNeedSpring() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.pghello.extension.testkit.spring..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.springframework..", "com.zaxxer.hikari..")
        .check(CLASSES);
  }

  /** Neither pg_hello, whose testkit is made of this one, nor its client. */
  @Test
  void nothingElseIsUsed() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "javax.sql..",
            "com.github.dockerjava..",
            "com.zaxxer.hikari..",
            "io.pghello.extension.installer..",
            "io.pghello.extension.testkit..",
            "org.apache.commons.compress..",
            "org.jspecify..",
            "org.junit.jupiter.api..",
            "org.junit.platform.commons..",
            "org.opentest4j..",
            "org.postgresql..",
            "org.springframework..",
            "org.testcontainers..",
            "org.tukaani.xz..")
        .check(CLASSES);
  }
}
