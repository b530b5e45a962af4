// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** Shows what the plugin needs: Maven, and the testkit for any extension. */
class ArchitectureTest {
  @Test
  void nothingElseIsUsed() {
    // the names of classes elsewhere suffice, and to read them takes seconds
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
