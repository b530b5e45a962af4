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

/** Shows what the rooms of the plugin depend on. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // the names of classes elsewhere suffice, and to read them takes seconds
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

  @Test
  void roomsDependOneWay() {
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

  /** What writes SQL has no connection; the driver is where connections are. */
  @Test
  void librariesStayInTheirRooms() {
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
  void nothingElseIsUsed() {
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
  void fewTypesArePublic() {
    assertThat(
            CLASSES.stream()
                .filter(type -> !type.getPackageName().contains(".internal"))
                .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                .filter(type -> type.getEnclosingClass().isEmpty()))
        .hasSizeLessThanOrEqualTo(12);
  }
}
