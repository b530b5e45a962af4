// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** Checks the dependencies of the plugin's packages. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // Reading classes of libraries takes seconds, and their names are sufficient.
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

  @Test
  void packagesDependInOneDirection() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("operations")
        .definedBy("io.pghello.plugin.internal.operations..")
        .layer("run")
        .definedBy("io.pghello.plugin.internal.run..")
        .layer("pool")
        .definedBy("io.pghello.plugin.internal.pool..")
        .layer("rows")
        .definedBy("io.pghello.plugin.internal.rows..")
        .layer("sql")
        .definedBy("io.pghello.plugin.internal.sql..")
        .layer("metrics")
        .definedBy("io.pghello.plugin.micrometer..")
        .layer("api")
        .definedBy("io.pghello.plugin")
        .whereLayer("operations")
        .mayOnlyBeAccessedByLayers("api")
        .whereLayer("run")
        .mayOnlyBeAccessedByLayers("api", "operations")
        .whereLayer("pool")
        .mayOnlyBeAccessedByLayers("api", "operations", "run")
        .whereLayer("rows")
        .mayOnlyBeAccessedByLayers("run")
        .whereLayer("sql")
        .mayOnlyBeAccessedByLayers("operations", "run")
        .whereLayer("metrics")
        .mayNotBeAccessedByAnyLayer()
        .check(CLASSES);
  }

  /**
   * Code that generates SQL uses no connections, and only code with connections uses the driver.
   */
  @Test
  void librariesStayInTheirPackages() {
    noClasses()
        .that()
        .resideInAPackage("io.pghello.plugin.internal.sql..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.sql..", "javax.sql..")
        .check(CLASSES);
    noClasses()
        .that()
        .resideOutsideOfPackage("io.pghello.plugin.internal.pool..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("com.zaxxer..")
        .check(CLASSES);
    noClasses()
        .that()
        .resideOutsideOfPackage("io.pghello.plugin.micrometer..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.micrometer..")
        .check(CLASSES);
  }

  @Test
  void usesNoOtherLibraries() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "javax..",
            "com.fasterxml.jackson..",
            "com.zaxxer.hikari..",
            "io.micrometer..",
            "org.jspecify..",
            "org.postgresql..",
            "io.pghello.plugin..")
        .check(CLASSES);
  }

  @Test
  void onlyApiTypesArePublic() {
    assertThat(
            CLASSES.stream()
                .filter(type -> !type.getPackageName().contains(".internal"))
                .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                .filter(type -> type.getEnclosingClass().isEmpty()))
        .hasSizeLessThanOrEqualTo(12);
  }
}
