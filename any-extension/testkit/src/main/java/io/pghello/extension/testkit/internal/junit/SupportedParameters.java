// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.junit;

import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import java.lang.reflect.Constructor;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.ReflectionSupport;

/**
 * The parameters of tests that a JUnit extension provides. Excludes parameters with an annotation
 * of another extension, such as Mockito's {@code @Mock}, and arguments of parameterized tests.
 */
final class SupportedParameters {
  private static final Set<Class<?>> DATABASE_TYPES =
      Set.of(DataSource.class, Connection.class, TestDatabase.class, WireProxy.class);

  // annotations with these names only document the parameter, in whatever package they are
  private static final Set<String> NULLNESS = Set.of("Nullable", "NonNull", "Nonnull", "NotNull");

  // JUnit 5.12 has no such class, and junit-jupiter-params may be missing
  private static final boolean HAS_PARAMETER_INFO =
      ReflectionSupport.tryToLoadClass(
              "org.junit.jupiter.params.support.ParameterInfo",
              SupportedParameters.class.getClassLoader())
          .toOptional()
          .isPresent();

  private final Class<?> base;
  private final Class<?> extension;
  private final Class<?> embedded;

  /**
   * Creates an instance.
   *
   * @param base the base class of all extensions that provide these parameters
   * @param extension the class of the extension
   * @param embedded the type of the server parameter
   */
  SupportedParameters(Class<?> base, Class<?> extension, Class<?> embedded) {
    this.base = base;
    this.extension = extension;
    this.embedded = embedded;
  }

  /**
   * Returns whether the extension provides the parameter.
   *
   * @throws ParameterResolutionException if the test class has two annotations that each provide
   *     this parameter
   */
  boolean contains(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    if (type != embedded && !DATABASE_TYPES.contains(type)) {
      return false;
    }
    return !isOfAnotherExtension(parameter)
        && !(HAS_PARAMETER_INFO && ParameterizedArguments.contains(parameter, context))
        && (type == embedded || isNearest(contextOf(parameter, context)));
  }

  /** Returns the context of the class if the parameter belongs to a constructor. */
  static ExtensionContext contextOf(ParameterContext parameter, ExtensionContext context) {
    if (!(parameter.getDeclaringExecutable() instanceof Constructor<?> constructor)) {
      return context;
    }
    Optional<Class<?>> type = Optional.of(constructor.getDeclaringClass());
    ExtensionContext own = context;
    while (own.getTestMethod().isPresent() || !own.getTestClass().equals(type)) {
      own = own.getParent().orElseThrow();
    }
    // each invocation of a parameterized class has a separate context within the class's context
    while (own.getParent().orElseThrow().getTestClass().equals(type)) {
      own = own.getParent().orElseThrow();
    }
    return own;
  }

  private static boolean isOfAnotherExtension(ParameterContext parameter) {
    return !parameter.isAnnotated(Superuser.class)
        && Arrays.stream(parameter.getParameter().getAnnotations())
            .map(each -> each.annotationType().getSimpleName())
            .anyMatch(name -> !NULLNESS.contains(name));
  }

  /**
   * Returns whether the annotation of the extension is nearer to the test than annotations of other
   * extensions, which provide the same parameters. The nearest annotation is on the test's class,
   * or on the innermost annotated class that encloses it.
   */
  private boolean isNearest(ExtensionContext context) {
    var classes = new ArrayList<Class<?>>(context.getEnclosingTestClasses());
    classes.add(context.getRequiredTestClass());
    for (int i = classes.size() - 1; i >= 0; i--) {
      Set<Class<?>> extensions = databaseExtensions(classes.get(i));
      if (extensions.size() > 1) {
        throw new ParameterResolutionException(
            "the test has two annotations that each provide a database: keep only one of them");
      }
      if (!extensions.isEmpty()) {
        return extensions.contains(extension);
      }
    }
    return true;
  }

  private Set<Class<?>> databaseExtensions(Class<?> test) {
    return AnnotationSupport.findRepeatableAnnotations(test, ExtendWith.class).stream()
        .flatMap(extendWith -> Arrays.stream(extendWith.value()))
        .filter(base::isAssignableFrom)
        .collect(Collectors.toSet());
  }
}
