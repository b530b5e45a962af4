// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SliceRule;
import io.pghello.extension.testkit.internal.database.Login;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import io.pghello.extension.testkit.internal.server.ContainerExtensions;
import io.pghello.extension.testkit.internal.server.SharedServer;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Checks the testkit's dependencies, and that it does not depend on any extension. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // resolving classes of other jars would take seconds, and their names suffice
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

  private static final SliceRule NO_CIRCLES_OF_FILES =
      slices()
          .assignedFrom(FILES)
          .should()
          .beFreeOfCycles()
          // the annotation names the JUnit extension that reads it
          .ignoreDependency(ExtensionTest.class, ExtensionTestSupport.class);

  private static final ArchRule API_HAS_NO_INTERNAL_TYPES =
      classes()
          .that()
          .resideOutsideOfPackage("..internal..")
          .and(describe("are visible", type -> isVisible(type.getModifiers())))
          .should(
              new ArchCondition<>("have no internal types in visible signatures") {
                @Override
                public void check(JavaClass type, ConditionEvents events) {
                  Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream())
                      .flatMap(supertype -> supertype.getAllInvolvedRawTypes().stream())
                      .forEach(involved -> check(type.getName(), involved, events));
                  for (JavaMember member : type.getMembers()) {
                    if (isVisible(member.getModifiers())) {
                      member
                          .getAllInvolvedRawTypes()
                          .forEach(involved -> check(member.getFullName(), involved, events));
                    }
                  }
                }

                private void check(String signature, JavaClass involved, ConditionEvents events) {
                  if (involved.getPackageName().contains(".internal")) {
                    events.add(
                        SimpleConditionEvent.violated(
                            signature, signature + " contains " + involved.getName()));
                  }
                }
              });

  private static boolean isVisible(Set<JavaModifier> modifiers) {
    return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
  }

  @Test
  void packagesHaveNoCircles() {
    slices().matching("io.pghello.extension.testkit.(**)").should().beFreeOfCycles().check(CLASSES);
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

  @Test
  void apiHasNoInternalTypes() {
    API_HAS_NO_INTERNAL_TYPES.check(CLASSES);
  }

  /** A class of the API with internal types. */
  public abstract static class Leak implements Supplier<ServerExtension> {
    protected abstract void add(List<SharedServer> servers);

    abstract void addHidden(Login login);
  }

  @Test
  void internalTypesInTheApiAreDetected() {
    JavaClasses leak = new ClassFileImporter().importClasses(Leak.class);
    assertThatThrownBy(() -> API_HAS_NO_INTERNAL_TYPES.check(leak))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("Leak contains " + ServerExtension.class.getName())
        .hasMessageContaining("add(java.util.List) contains " + SharedServer.class.getName())
        .hasMessageNotContaining("Login");
  }

  @Test
  void onlyJunitExtensionsNeedJunit() {
    noClasses()
        .that(resideInAPackage("..internal.."))
        .or()
        .areAssignableTo(TestDatabase.class)
        .or()
        .areAssignableTo(WireProxy.class)
        .or()
        .areAssignableTo(ExtensionContainer.class)
        .or()
        .areAssignableTo(ExtensionServer.class)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.junit..", "org.opentest4j..")
        .check(CLASSES);
  }

  @Test
  void onlyContainersNeedTestcontainers() {
    noClasses()
        .that()
        .areNotAssignableTo("org.testcontainers.containers.PostgreSQLContainer")
        .and()
        .doNotBelongToAnyOf(ContainerExtensions.class)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.testcontainers..", "com.github.dockerjava..")
        .check(CLASSES);
  }

  @Test
  void onlyItsPreparerNeedsFlyway() {
    noClasses()
        .that()
        .areNotAssignableTo(FlywayMigrations.class)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.flywaydb..")
        .check(CLASSES);
  }

  @Test
  void onlyItsPreparerNeedsLiquibase() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(LiquibaseChangelog.class, HashedResources.class)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("liquibase..")
        .check(CLASSES);
  }

  @Test
  void onlyTestsWithSpringNeedSpring() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.pghello.extension.testkit.spring..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.springframework..", "com.zaxxer.hikari..")
        .check(CLASSES);
  }

  /**
   * In particular, the testkit depends neither on pg-hello-testkit, which depends on this module,
   * nor on the client of pg_hello.
   */
  @Test
  void hasNoOtherDependencies() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "javax.crypto..",
            "javax.sql..",
            "com.github.dockerjava..",
            "com.zaxxer.hikari..",
            "io.pghello.extension.installer..",
            "io.pghello.extension.testkit..",
            "liquibase..",
            "org.apache.commons.compress..",
            "org.flywaydb.core..",
            "org.jspecify..",
            "org.junit.jupiter.api..",
            "org.junit.jupiter.params..",
            "org.junit.platform.commons..",
            "org.opentest4j..",
            "org.postgresql..",
            "org.springframework..",
            "org.testcontainers..",
            "org.tukaani.xz..")
        .check(CLASSES);
  }
}
