// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.support.ParameterInfo;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * The arguments of parameterized tests and classes. Only this class needs junit-jupiter-params on
 * the class path.
 */
final class ParameterizedArguments {
  private ParameterizedArguments() {}

  // JUnit 6.1 has moved this class, but the previous versions have it only here
  @SuppressWarnings("removal")
  static boolean contains(ParameterContext parameter, ExtensionContext context) {
    if (parameter.getDeclaringExecutable() instanceof Constructor<?>) {
      // the nearest context may have the arguments of a test or of an inner class
      for (var each = Optional.of(context); each.isPresent(); each = each.get().getParent()) {
        ParameterInfo info = ParameterInfo.get(each.get());
        if (info != null && declares(info, parameter)) {
          return true;
        }
      }
      return false;
    }
    ParameterInfo info = ParameterInfo.get(context);
    return info != null
        && (declares(info, parameter)
            || (receivesArguments(parameter.getDeclaringExecutable())
                && info.getDeclarations().getAll().stream()
                    .anyMatch(each -> each.getParameterIndex() == parameter.getIndex())));
  }

  @SuppressWarnings("removal")
  private static boolean declares(ParameterInfo info, ParameterContext parameter) {
    return info.getDeclarations().getAll().stream()
        .anyMatch(
            declared ->
                declared.getAnnotatedElement().equals(parameter.getParameter())
                    && declared.getParameterIndex() < info.getArguments().size());
  }

  private static boolean receivesArguments(Executable executable) {
    return AnnotationSupport.findAnnotation(executable, BeforeParameterizedClassInvocation.class)
            .filter(BeforeParameterizedClassInvocation::injectArguments)
            .isPresent()
        || AnnotationSupport.findAnnotation(executable, AfterParameterizedClassInvocation.class)
            .filter(AfterParameterizedClassInvocation::injectArguments)
            .isPresent();
  }
}
