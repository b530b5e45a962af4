// SPDX-License-Identifier: MIT
package io.pghello;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SliceRule;
import io.pghello.extension.batching.FunctionCallException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Date;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Shows which other packages the client uses, and that no circles exist. */
class ArchitectureTest {
  private static final String API = "io.pghello";

  private static final JavaClasses CLASSES;

  static {
    // resolving classes outside this module is unnecessary and takes seconds
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
      slices().assignedFrom(FILES).should().beFreeOfCycles();

  /** All classes that users must not call are package-private. */
  @Test
  void noPackageIsInternal() {
    assertThat(CLASSES.stream().map(JavaClass::getPackageName))
        .containsOnly(API, "io.pghello.micrometer");
  }

  @Test
  void onlyMetricsNeedMicrometer() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.pghello.micrometer")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.micrometer..", "io.pghello.micrometer")
        .check(CLASSES);
    classes()
        .that()
        .resideInAPackage("io.pghello.micrometer")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "io.micrometer..",
            API,
            "io.pghello.micrometer",
            "io.pghello.extension",
            "io.pghello.extension.batching.micrometer",
            "org.jspecify..")
        .check(CLASSES);
  }

  /** Authors of other extensions can build a client like this one. */
  @Test
  void clientUsesThePublicApiOfOtherArtifactsOnly() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.pghello.extension..internal..")
        .check(CLASSES);
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
  void onlyBatchingUsesTheDriverAndThePool() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.postgresql..", "com.zaxxer.hikari..")
        .check(CLASSES);
  }

  /** If the machine's clock is set back, deadlines must not become later. */
  @Test
  void deadlinesDoNotUseTheSystemClock() {
    noClasses()
        .that()
        // this class compares the server's time with the machine's clock
        .doNotHaveSimpleName("ServerCalls")
        .should()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(Instant.class, "now")
        .orShould()
        .dependOnClassesThat()
        .belongToAnyOf(Clock.class, Date.class)
        .check(CLASSES);
  }

  /**
   * Each error message contains its fix. Errors of calls and installations get it from the remedy
   * of their problem. The other exceptions report invalid arguments and settings, or are causes.
   */
  @Test
  void errorsAreCreatedWithARemedy() {
    JavaClasses clients =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(API);
    assertThat(clients.contain(FunctionCallException.class)).isTrue();
    noClasses()
        .that()
        .resideInAnyPackage(API, "io.pghello.extension", "io.pghello.extension.batching..")
        .and()
        .haveNameNotMatching(".*Exception") // their constructors call those of RuntimeException
        .should()
        // this constructor is for tests of applications, and sets an empty remedy
        .callConstructor(
            FunctionCallException.class, FunctionCallException.Code.class, String.class)
        .orShould()
        .callConstructorWhere(
            target(
                owner(
                    nameMatching(
                        "(?!.*\\.(?:FunctionCall|Extension|IllegalArgument|IllegalState"
                            + "|NoSuchElement|SQL|SQLFeatureNotSupported)Exception$).*Exception"))))
        .check(clients);
  }

  @Test
  void nothingElseIsUsed() {
    classes()
        .that()
        .resideOutsideOfPackage("io.pghello.micrometer")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "javax.sql..",
            "org.jspecify..",
            "org.postgresql..",
            "com.zaxxer.hikari..",
            "io.pghello..")
        .check(CLASSES);
  }

  @Test
  void signaturesOfTheApiContainPublicTypesOnly() {
    assertThat(CLASSES.stream().filter(ArchitectureTest::isPublic))
        .flatMap(ArchitectureTest::signatures)
        .filteredOn(type -> type.getPackageName().equals(API))
        .contains(CLASSES.get(PgHelloInfo.class))
        .allMatch(ArchitectureTest::isPublic);
  }

  private static boolean isPublic(JavaClass type) {
    return type.getPackageName().equals(API) && type.getModifiers().contains(JavaModifier.PUBLIC);
  }

  /** Returns the types in the public signatures of a type and of its supertypes. */
  private static Set<JavaClass> signatures(JavaClass type) {
    return type.getAllMembers().stream()
        .filter(ArchitectureTest::isVisible)
        .flatMap(member -> member.getAllInvolvedRawTypes().stream())
        .map(JavaClass::getBaseComponentType)
        .collect(toSet());
  }

  private static boolean isVisible(JavaMember member) {
    return member.getModifiers().contains(JavaModifier.PUBLIC)
        || member.getModifiers().contains(JavaModifier.PROTECTED);
  }
}
