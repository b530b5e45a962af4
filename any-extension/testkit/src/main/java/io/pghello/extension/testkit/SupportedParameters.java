// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.lang.reflect.Constructor;
import java.sql.Connection;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.platform.commons.support.ReflectionSupport;

/**
 * The parameters of tests that a JUnit extension provides. Excludes parameters with an annotation
 * of another extension, such as Mockito's {@code @Mock}, and arguments of parameterized tests.
 */
final class SupportedParameters {
  private static final Set<Class<?>> TYPES =
      Set.of(
          DataSource.class,
          Connection.class,
          TestDatabase.class,
          WireProxy.class,
          ExtensionServer.class);

  // annotations with these names only document the parameter, in whatever package they are
  private static final Set<String> NULLNESS = Set.of("Nullable", "NonNull", "Nonnull", "NotNull");

  // JUnit 5.12 has no such class, and junit-jupiter-params may be missing
  private static final boolean HAS_PARAMETER_INFO =
      ReflectionSupport.tryToLoadClass(
              "org.junit.jupiter.params.support.ParameterInfo",
              SupportedParameters.class.getClassLoader())
          .toOptional()
          .isPresent();

  private SupportedParameters() {}

  /** Returns whether the extension provides the parameter. */
  static boolean contains(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return TYPES.contains(type)
        && !isOfAnotherExtension(parameter)
        && !(HAS_PARAMETER_INFO && ParameterizedArguments.contains(parameter, context));
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
}
