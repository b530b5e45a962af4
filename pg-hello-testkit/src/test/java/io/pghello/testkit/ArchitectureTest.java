// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

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
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Checks which classes need the optional dependencies, and that none needs the client. */
class ArchitectureTest {
  private static final JavaClasses CLASSES;

  static {
    // resolving classes outside this module is unnecessary and takes seconds
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    CLASSES = new ClassFileImporter().importPath("target/classes");
  }

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
  void apiHasNoInternalTypes() {
    API_HAS_NO_INTERNAL_TYPES.check(CLASSES);
  }

  @Test
  void onlyTheExtensionNeedsJunit() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(PgHelloTest.class, PgHelloTestSupport.class)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.junit..", "org.opentest4j..")
        .check(CLASSES);
  }

  /** Programs without JUnit and Testcontainers can use the server classes as well. */
  @Test
  void serversNeedNoTestLibraries() {
    noClasses()
        .that()
        .belongToAnyOf(PgHelloServer.class, PgHelloContainer.class, TestDatabase.class)
        .should()
        .dependOnClassesThat()
        .belongToAnyOf(TestServerHandle.class, PgHelloTestSupport.class)
        .check(CLASSES);
  }

  @Test
  void onlyContainersNeedTestcontainers() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(PgHelloContainer.class)
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.testcontainers..")
        .check(CLASSES);
  }

  @Test
  void onlyTestsWithSpringNeedSpring() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.pghello.testkit.spring..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.springframework..")
        .check(CLASSES);
  }

  /** The client's tests need the testkit. */
  @Test
  void nothingElseIsUsed() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "javax.sql..",
            "io.pghello.extension.testkit..",
            "io.pghello.testkit..",
            "org.jspecify..",
            "org.junit.jupiter.api..",
            "org.junit.platform.commons..",
            "org.opentest4j..",
            "org.postgresql..",
            "org.springframework..",
            "org.testcontainers..")
        .check(CLASSES);
  }
}
