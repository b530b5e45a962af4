// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
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
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SliceRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Date;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Shows that batching does not depend on a particular extension, and which packages depend on each
 * other.
 */
class ArchitectureTest {
  private static final String API = "io.pghello.extension.batching";
  private static final String VALUES = API + ".internal";
  private static final String INSTALLATION = VALUES + ".installation";
  private static final String JDBC = VALUES + ".jdbc";
  private static final String COALESCING = VALUES + ".coalescing";
  private static final String METERS = VALUES + ".micrometer";
  private static final String MICROMETER = API + ".micrometer";

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

  /** An exception contains its problem, and the problem has a code of the exception. */
  private static final SliceRule NO_CIRCLES_OF_FILES =
      slices()
          .assignedFrom(FILES)
          .should()
          .beFreeOfCycles()
          .ignoreDependency(CallProblem.class, FunctionCallException.Code.class);

  @Test
  void noParticularExtensionIsKnown() throws IOException {
    classes()
        .that()
        .resideOutsideOfPackages(METERS, MICROMETER)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "javax.sql..",
            "org.jspecify..",
            "org.postgresql..",
            "com.zaxxer.hikari..",
            "io.pghello.extension",
            API + "..")
        .check(CLASSES);
    try (Stream<Path> files = Files.walk(Path.of("src/main"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(Files.readString(file)).as("%s", file).doesNotContain("pg_hello", "PgHello");
      }
    }
  }

  @Test
  void internalPackagesDependInOneDirection() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("API")
        .definedBy(API)
        .layer("coalescing")
        .definedBy(COALESCING)
        .layer("jdbc")
        .definedBy(JDBC)
        .layer("installation")
        .definedBy(INSTALLATION)
        .layer("values")
        .definedBy(VALUES)
        .whereLayer("coalescing")
        .mayOnlyBeAccessedByLayers("API")
        .whereLayer("jdbc")
        .mayOnlyBeAccessedByLayers("API", "coalescing")
        .whereLayer("installation")
        .mayOnlyBeAccessedByLayers("API", "jdbc")
        .check(CLASSES);
    assertThat(CLASSES.stream().map(JavaClass::getPackageName))
        .containsOnly(API, VALUES, INSTALLATION, JDBC, COALESCING, METERS, MICROMETER);
  }

  @Test
  void onlyMetricsNeedMicrometer() {
    noClasses()
        .that()
        .resideOutsideOfPackages(METERS, MICROMETER)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.micrometer..", METERS, MICROMETER)
        .check(CLASSES);
    classes()
        .that()
        .resideInAnyPackage(METERS, MICROMETER)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("java..", "io.micrometer..", API, METERS, MICROMETER, "org.jspecify..")
        .check(CLASSES);
  }

  @Test
  void internalPackagesHaveNoCycles() {
    slices().matching(API + ".(**)").should().beFreeOfCycles().check(CLASSES);
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
  void internalsUseTheValuesOfTheApiOnly() {
    classes()
        .that()
        .resideInAPackage(VALUES + "..")
        .should()
        .onlyDependOnClassesThat(
            not(resideInAPackage(API))
                .or(
                    belongToAnyOf(
                        ArgumentChecks.class,
                        AsyncConnectionSource.class,
                        BatchMapper.class,
                        CallListener.class,
                        CallProblem.class,
                        CallStatistics.class,
                        ConnectionSource.class,
                        FunctionCallException.class,
                        FunctionSession.class,
                        FunctionSession.Binder.class,
                        FunctionSession.Reader.class,
                        Preflight.class,
                        ServerFunction.class,
                        SingleMapper.class)))
        .check(CLASSES);
  }

  @Test
  void batchesKnowNoJdbc() {
    noClasses()
        .that()
        .resideInAPackage(COALESCING)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.sql..", "javax.sql..")
        .check(CLASSES);
  }

  @Test
  void theDriverAndThePoolAreUsedByTheBuilderAndInternalJdbcOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackage(JDBC)
        .and()
        .doNotBelongToAnyOf(ClientBuilder.class)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.postgresql..", "com.zaxxer.hikari..")
        .check(CLASSES);
  }

  /** If the machine's clock is set back, deadlines must not become later. */
  @Test
  void deadlinesDoNotUseTheSystemClock() {
    noClasses()
        .should()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(Instant.class, "now")
        .orShould()
        .dependOnClassesThat()
        .belongToAnyOf(Clock.class, Date.class)
        .check(CLASSES);
  }

  @Test
  void noInternalTypeIsInASignatureOfTheApi() {
    assertThat(CLASSES.stream().filter(ArchitectureTest::isPublic))
        .flatMap(ArchitectureTest::signatures)
        .extracting(JavaClass::getName)
        .contains(FunctionCallException.class.getName())
        .noneMatch(name -> name.startsWith(VALUES));
  }

  private static boolean isPublic(JavaClass type) {
    return type.getPackageName().equals(API) && type.getModifiers().contains(JavaModifier.PUBLIC);
  }

  /** Returns the types in the public signatures of a type and of its supertypes. */
  private static Set<JavaClass> signatures(JavaClass type) {
    Stream<JavaClass> ancestors =
        Stream.concat(type.getAllRawSuperclasses().stream(), type.getAllRawInterfaces().stream());
    Stream<JavaClass> members =
        type.getAllMembers().stream()
            .filter(ArchitectureTest::isVisible)
            .flatMap(member -> member.getAllInvolvedRawTypes().stream());
    return Stream.concat(ancestors, members).map(JavaClass::getBaseComponentType).collect(toSet());
  }

  private static boolean isVisible(JavaMember member) {
    return member.getModifiers().contains(JavaModifier.PUBLIC)
        || member.getModifiers().contains(JavaModifier.PROTECTED);
  }
}
