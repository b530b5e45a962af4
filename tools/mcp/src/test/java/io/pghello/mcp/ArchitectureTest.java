// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** Checks the program's dependencies. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // Reading classes of libraries takes seconds, and their names are sufficient.
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

  @Test
  void usesOnlyThePluginsApi() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "com.fasterxml.jackson..",
            "org.jspecify..",
            "io.pghello.plugin",
            "io.pghello.mcp")
        .check(CLASSES);
  }

  /** Tools access the database only through the plugin. */
  @Test
  void opensNoConnections() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.sql..", "org.postgresql..", "java.net..")
        .check(CLASSES);
  }

  @Test
  void hasNoPublicApi() {
    assertThat(CLASSES.stream().filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC)))
        .extracting(JavaClass::getSimpleName)
        .containsExactly("PgHelloMcp");
  }
}
