// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** Checks the dependencies of the plugin: Maven, and the testkit for any extension. */
class ArchitectureTest {
  @Test
  void nothingElseIsUsed() {
    // reading classes of libraries takes seconds, and their names are sufficient
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "javax.inject..",
            "io.pghello.extension..",
            "org.apache.maven..",
            "org.eclipse.aether..",
            "org.jspecify..")
        .check(new ClassFileImporter().importPath("target/classes"));
  }
}
