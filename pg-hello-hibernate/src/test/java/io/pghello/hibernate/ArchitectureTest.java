// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** Shows which classes of the client's internals are used here. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // the names of other classes are sufficient, and reading those classes would take seconds
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

  @Test
  void usesFewInternalsOfTheClient() {
    assertThat(CLASSES.stream().flatMap(type -> type.getDirectDependenciesFromSelf().stream()))
        .extracting(dependency -> dependency.getTargetClass().getBaseComponentType())
        .filteredOn(type -> type.getPackageName().startsWith("io.pghello.internal"))
        .extracting(JavaClass::getSimpleName)
        .containsOnly(
            "Function",
            "HelloAllCodec",
            "HelloErrors",
            "HelloPreflight",
            "HelloRequest",
            "ServerCalls");
  }
}
