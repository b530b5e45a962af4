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

/** Shows what the program depends on. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // the names of classes elsewhere suffice, and to read them takes seconds
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

  @Test
  void usesWhatThePluginsUsersSee() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "com.fasterxml.jackson..",
            "io.modelcontextprotocol..",
            "reactor.core..",
            "org.jspecify..",
            "io.pghello.plugin",
            "io.pghello.mcp")
        .check(CLASSES);
  }

  /** Tools reach the database through the plugin alone. */
  @Test
  void hasNoConnectionsOfItsOwn() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.sql..", "org.postgresql..", "java.net..")
        .check(CLASSES);
  }

  @Test
  void isAProgramAlone() {
    assertThat(CLASSES.stream().filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC)))
        .extracting(JavaClass::getSimpleName)
        .containsExactly("PgHelloMcp");
  }
}
