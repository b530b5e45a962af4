// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SliceRule;
import io.pghello.hibernate.internal.ServerValueBinder;
import java.time.LocalDate;
import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;

/** Shows that no circles exist. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // the names of other classes are sufficient, and reading those classes would take seconds
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

  /** Each top-level class, with the classes nested in it, is a file. */
  private static final SliceAssignment FILES =
      new SliceAssignment() {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
          JavaClass file = type;
          while (file.getEnclosingClass().isPresent()) {
            file = file.getEnclosingClass().get();
          }
          return SliceIdentifier.of(file.getName());
        }

        @Override
        public String getDescription() {
          return "files";
        }
      };

  /** An annotation names its binder, and the binder reads the annotation. */
  private static final SliceRule NO_CIRCLES_OF_FILES =
      slices()
          .assignedFrom(FILES)
          .should()
          .beFreeOfCycles()
          .ignoreDependency(NowMillis.class, ServerValueBinder.class)
          .ignoreDependency(WelcomeMessage.class, ServerValueBinder.class);

  @Test
  void packagesHaveNoCircles() {
    slices().matching("io.pghello.hibernate.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void filesHaveNoCircles() {
    NO_CIRCLES_OF_FILES.check(CLASSES);
  }

  @Test
  void circlesOfFilesAreDetected() {
    JavaClasses circle =
        new ClassFileImporter().importClasses(LocalDate.class, LocalDateTime.class);
    assertThatThrownBy(() -> NO_CIRCLES_OF_FILES.check(circle))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("Cycle detected: Slice java.time.LocalDate");
  }
}
