// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.platform.commons.support.ReflectionSupport;

/**
 * Finds the {@link ExtensionTest} of a test class. The attributes of a composed annotation override
 * the attributes of {@code ExtensionTest}.
 */
final class TestAnnotation {
  private TestAnnotation() {}

  /**
   * Returns the annotation of a class, or of the innermost enclosing class that has one.
   *
   * @param enclosing the enclosing classes, beginning with the outermost one
   * @throws IllegalStateException if a class has two composed annotations, or if an attribute of a
   *     composed annotation has the same name as an attribute of {@code ExtensionTest}, but not the
   *     same type
   */
  static ExtensionTest find(Class<?> test, List<Class<?>> enclosing) {
    ExtensionTest found = find(test, new HashSet<>());
    for (int i = enclosing.size() - 1; found == null && i >= 0; i--) {
      found = find(enclosing.get(i), new HashSet<>());
    }
    return Objects.requireNonNull(found);
  }

  /**
   * Searches in the same order as JUnit, which has found an annotation.
   *
   * @param path the annotations between the class and the element, which may have circles
   */
  private static @Nullable ExtensionTest find(AnnotatedElement element, Set<Class<?>> path) {
    ExtensionTest direct = element.getDeclaredAnnotation(ExtensionTest.class);
    if (direct != null) {
      return direct;
    }
    ExtensionTest found = null;
    for (Annotation each : element.getDeclaredAnnotations()) {
      Class<? extends Annotation> type = each.annotationType();
      if (path.add(type)) {
        ExtensionTest composed = find(type, path);
        path.remove(type);
        if (composed != null && found != null) {
          throw new IllegalStateException(
              element + " has two annotations that each provide a database: keep only one of them");
        }
        found = composed == null ? found : override(composed, each);
      }
    }
    if (found != null || !(element instanceof Class<?> test)) {
      return found;
    }
    return Stream.concat(Stream.of(test.getInterfaces()), Stream.ofNullable(test.getSuperclass()))
        .map(each -> find(each, path))
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  /** Returns an annotation with the attributes that a composed annotation overrides. */
  private static ExtensionTest override(ExtensionTest overridden, Annotation composed) {
    Map<String, Object> attributes = new HashMap<>();
    for (Method attribute : composed.annotationType().getDeclaredMethods()) {
      String name = attribute.getName();
      Stream.of(ExtensionTest.class.getDeclaredMethods())
          .filter(each -> each.getName().equals(name))
          .findFirst()
          .ifPresent(
              each -> {
                requireSameType(attribute, each);
                attributes.put(name, ReflectionSupport.invokeMethod(attribute, composed));
              });
    }
    return (ExtensionTest)
        Proxy.newProxyInstance(
            ExtensionTest.class.getClassLoader(),
            new Class<?>[] {ExtensionTest.class},
            (proxy, method, arguments) ->
                attributes.containsKey(method.getName())
                    ? attributes.get(method.getName())
                    : method.invoke(overridden, arguments));
  }

  private static void requireSameType(Method attribute, Method overridden) {
    String type = attribute.getGenericReturnType().getTypeName();
    String required = overridden.getGenericReturnType().getTypeName();
    if (!type.equals(required)) {
      throw new IllegalStateException(
          "@%s overrides the attribute %s of @ExtensionTest, but its type is %s instead of %s: change the type, or rename the attribute"
              .formatted(
                  attribute.getDeclaringClass().getSimpleName(),
                  attribute.getName(),
                  type,
                  required));
    }
  }
}
