// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.hibernate.HibernateException;
import org.hibernate.boot.spi.BootstrapContext;
import org.hibernate.integrator.spi.Integrator;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The module works only with a core of the same version. */
@NullUnmarked
class VersionsTest {
  /** Loads the project's classes again, as if from jars with these versions. */
  private static final class OfVersions extends ClassLoader {
    private final String core;
    private final String module;

    OfVersions(String core, String module) {
      super(VersionsTest.class.getClassLoader());
      this.core = core;
      this.module = module;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("io.pghello.")) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      String file = name.replace('.', '/') + ".class";
      try (InputStream in = requireNonNull(getParent().getResourceAsStream(file), file)) {
        byte[] bytes = in.readAllBytes();
        String folder = name.substring(0, name.lastIndexOf('.'));
        if (getDefinedPackage(folder) == null) {
          String version = name.startsWith("io.pghello.hibernate.") ? module : core;
          definePackage(folder, null, null, null, null, version, null, null);
        }
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }

    void check() throws Throwable {
      Method check = loadClass(Versions.class.getName()).getDeclaredMethod("requireSame");
      check.setAccessible(true);
      try {
        check.invoke(null);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }
  }

  @Test
  void rejectsACoreOfAnotherVersionBeforeUse() throws Exception {
    var integrator =
        (Integrator)
            new OfVersions("0.1.0", "0.2.0")
                .loadClass(PgHelloIntegrator.class.getName())
                .getDeclaredConstructor()
                .newInstance();
    assertThatThrownBy(() -> integrator.integrate(null, (BootstrapContext) null, null))
        .isInstanceOf(HibernateException.class)
        .hasMessage(
            "pg-hello-hibernate has version 0.2.0, but pg-hello-core has version 0.1.0."
                + " Use the same version of both, for example by importing pg-hello-bom.");
  }

  @ParameterizedTest
  @CsvSource({"0.1.0,0.1.0", "0.1.0,", ",0.1.0", ","})
  void acceptsOneVersionAndClassesOutsideJars(String core, String module) {
    assertThatCode(() -> new OfVersions(core, module).check()).doesNotThrowAnyException();
  }
}
