// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The program has few dependencies so that it starts fast, and its packages depend in one
 * direction.
 */
class ArchitectureTest {
  private static final String ROOT = "io.pghello.cli";
  private static final List<String> LOWEST_FIRST =
      List.of(
          "output",
          "connect",
          "system",
          "backup.directory",
          "logs",
          "check",
          "report",
          "load",
          "backup.dump",
          "backup.pgbackrest",
          "backup");

  @Test
  void dependsOnlyOnDriverInstallerPicocliHdrHistogramAndJson() {
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "javax.naming..",
            "javax.net..",
            "javax.security..",
            "io.pghello.cli..",
            "io.pghello.extension.installer",
            "org.HdrHistogram..",
            "org.jspecify..",
            "org.postgresql..",
            "picocli..",
            "tools.jackson..")
        .check(new ClassFileImporter().importPath("target/classes"));
  }

  @Test
  void packagesDependInOneDirection() {
    JavaClasses all = new ClassFileImporter().importPath("target/classes");
    for (int i = 0; i < LOWEST_FIRST.size(); i++) {
      String[] higher =
          Stream.concat(
                  LOWEST_FIRST.stream().skip(i + 1).map(name -> ROOT + "." + name), Stream.of(ROOT))
              .toArray(String[]::new);
      noClasses()
          .that()
          .resideInAPackage(ROOT + "." + LOWEST_FIRST.get(i))
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(higher)
          .check(all);
    }
    classes()
        .should()
        .resideInAnyPackage(
            Stream.concat(LOWEST_FIRST.stream().map(name -> ROOT + "." + name), Stream.of(ROOT))
                .toArray(String[]::new))
        .check(all);
  }
}
