// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Calls artifacts that compare their version with other artifacts. They are tested here because
 * this module's class path contains all of them. The core has a test of the same name with all
 * kinds of versions.
 */
@NullUnmarked
class MixedVersionsTest {
  private static final String ROOT = "io.pghello";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          .spring.boot.PgHelloAutoConfiguration          | pgHelloClient            | ''
          .spring.boot.PgHelloHibernateAutoConfiguration | pgHelloHibernateSettings | .hibernate
          .spring.boot.PgHelloJooqAutoConfiguration      | pgHelloJooqSettings      | .jooq
          .spring.boot.ExtensionCheckAutoConfiguration   | pgExtensionCheck         | .extension
          .hibernate.internal.PgHelloFunctionContributor | contributeFunctions      | ''
          .hibernate.internal.PgHelloFunctionContributor | contributeFunctions      | .extension.batching
          .hibernate.internal.PgHelloFunctionContributor | contributeFunctions      | .extension
          .hibernate.internal.PgHelloIntegrator          | integrate                | ''
          .hibernate.internal.PgHelloIntegrator          | integrate                | .extension.batching
          .extension.batching.BatchedFunction            | builder                  | .extension
          .extension.testkit.internal.distribution.ServerLocation | ofAny          | .extension.installer
          """)
  void artifactRejectsOnlyAnotherVersion(String type, String method, String other)
      throws Exception {
    assertThat(call(ROOT + type, method, ROOT + other))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith(
            "io.github.pg-hello:%s:0.1.1 and io.github.pg-hello:%s:0.1.0 have different versions.",
            ROOT + type.substring(0, type.lastIndexOf('.')), ROOT + other);
    // after the comparison, methods fail because their arguments are null
    assertThat(call(ROOT + type, method, "none"))
        .satisfiesAnyOf(
            error -> assertThat(error).isNull(),
            error -> assertThat(error).isInstanceOf(NullPointerException.class));
  }

  /** Calls a method with nulls while a package has another version, and returns the error. */
  private static Throwable call(String type, String name, String other) throws Exception {
    Class<?> loaded = new Versions(other).loadClass(type);
    Method method =
        Stream.of(loaded.getDeclaredMethods(), loaded.getMethods())
            .flatMap(Stream::of)
            .filter(each -> each.getName().equals(name))
            .findFirst()
            .orElseThrow();
    method.setAccessible(true);
    try {
      Object target =
          Modifier.isStatic(method.getModifiers())
              ? null
              : loaded.getDeclaredConstructor().newInstance();
      method.invoke(target, new Object[method.getParameterCount()]);
      return null;
    } catch (ExceptionInInitializerError | InvocationTargetException e) {
      Throwable cause = e.getCause();
      return cause instanceof ExceptionInInitializerError ? cause.getCause() : cause;
    }
  }

  /** Loads this project's classes again, as if each package were an artifact with a version. */
  private static final class Versions extends ClassLoader {
    private final String other;

    Versions(String other) {
      super(MixedVersionsTest.class.getClassLoader());
      this.other = other;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null || !name.startsWith(ROOT)) {
        return loaded != null ? loaded : super.loadClass(name, resolve);
      }
      String file = name.replace('.', '/') + ".class";
      try (InputStream in = requireNonNull(getParent().getResourceAsStream(file), file)) {
        byte[] bytes = in.readAllBytes();
        String artifact = name.substring(0, name.lastIndexOf('.'));
        if (getDefinedPackage(artifact) == null) {
          String version = artifact.equals(other) ? "0.1.0" : "0.1.1";
          String title = "io.github.pg-hello:" + artifact;
          definePackage(artifact, null, null, null, title, version, null, null);
        }
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }
}
