// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** The program starts fast because it is small. */
class ArchitectureTest {
  @Test
  void needsTheDriverPicocliAndHistogramsOnly() {
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "io.pghello.cli..",
            "org.HdrHistogram..",
            "org.jspecify..",
            "org.postgresql..",
            "picocli..")
        .check(new ClassFileImporter().importPath("target/classes"));
  }
}
