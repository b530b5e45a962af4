// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludePackageInfos;
import org.junit.jupiter.api.Test;

/** Checks that this module only declares annotations, on the public API of another module. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // resolving classes outside this module is unnecessary and takes seconds
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES =
        new ClassFileImporter()
            .withImportOption(new DoNotIncludePackageInfos())
            .importPath("target/classes");
  }

  @Test
  void hasOnlyAnnotations() {
    assertThat(CLASSES).hasSize(2).allMatch(JavaClass::isAnnotation);
  }

  @Test
  void usesOnlyThePublicApiOfTheTestkit() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "io.pghello.extension.testkit",
            "io.pghello.extension.testkit.spring",
            "org.springframework.core.annotation")
        .check(CLASSES);
  }
}
