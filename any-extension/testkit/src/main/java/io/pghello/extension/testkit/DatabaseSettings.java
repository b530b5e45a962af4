// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.database.TemplateRequest;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.server.NamedExtensions;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/** The settings of a test class, as specified by its annotation. */
final class DatabaseSettings {
  private final ExtensionTest test;
  private final NamedExtensions extensions;
  private final ServerLocation place;

  /**
   * Reads an annotation, and the location of the server.
   *
   * @throws IllegalArgumentException if the annotation or the location is invalid
   */
  DatabaseSettings(ExtensionTest test) {
    this.test = test;
    this.extensions =
        new NamedExtensions(
            test.extensions(), test.install(), test.settings(), test.create(), test.schema());
    this.place = ServerLocation.ofAny().withMajor(test.major());
  }

  /** Returns a key that identifies the server. Tests with equal keys share a server. */
  Object key() {
    return List.of(extensions, test.major());
  }

  /**
   * Returns whether this JVM starts the server. If so, each preparer with a key gets a separate
   * server.
   */
  boolean startsServer() {
    return place.isOurs();
  }

  /** Returns whether the tests of a class share one database. */
  boolean shared() {
    return test.database() == ExtensionTest.Scope.CLASS;
  }

  /**
   * Starts or finds the server.
   *
   * @param request the template to prepare; null for none
   * @throws TestAbortedException if the server has another major version than the test needs
   */
  TestServerHandle open(@Nullable TemplateRequest request) {
    TestServerHandle server = TestServerHandle.open(place, extensions.needs(), request);
    if (test.major() != 0 && server.major() != test.major()) {
      String message =
          "needs PostgreSQL %d, but the tests run against %s with PostgreSQL %d"
              .formatted(test.major(), server.kind(), server.major());
      server.close();
      throw new TestAbortedException(message);
    }
    return server;
  }

  /**
   * Returns the preparer that runs the scripts and the preparer class, or null if there are
   * neither.
   *
   * @param loader the class loader that finds the scripts
   */
  @Nullable DatabasePreparer preparer(ClassLoader loader) {
    boolean none = test.preparer() == DatabasePreparer.class;
    return none && test.scripts().length == 0
        ? null
        : new AnnotationPreparer(
            SqlScripts.fromClassPath(loader, test.scripts()), none ? null : test.preparer());
  }
}
