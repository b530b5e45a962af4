// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/**
 * Checks that the installer needs only the JDK, because its copy in each extension jar has no other
 * classes.
 */
class ArchitectureTest {
  @Test
  void needsNothingButJava() {
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "io.pghello.extension.installer",
            "io.pghello.extension.launcher",
            "org.jspecify..")
        .check(new ClassFileImporter().importPath("target/classes"));
  }
}
