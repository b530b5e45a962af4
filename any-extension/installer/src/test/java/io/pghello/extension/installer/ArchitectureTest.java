// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** A copy of it is in each jar, where there is nothing but Java. */
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
