// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.junit.DatabaseJUnitExtension;
import io.pghello.extension.testkit.internal.junit.DatabaseSettings;
import io.pghello.extension.testkit.internal.server.NamedExtensions;
import io.pghello.extension.testkit.internal.server.SharedServer;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import java.lang.annotation.Annotation;
import java.util.List;
import org.opentest4j.TestAbortedException;

/** The JUnit extension behind {@link ExtensionTest}. */
final class ExtensionTestSupport extends DatabaseJUnitExtension {
  ExtensionTestSupport() {
    super(ExtensionTest.class, ExtensionServer.class);
  }

  @Override
  protected DatabaseSettings settings(Annotation annotation) {
    var test = (ExtensionTest) annotation;
    var extensions =
        new NamedExtensions(
            test.extensions(), test.install(), test.settings(), test.create(), test.schema());
    ServerLocation place = ServerLocation.ofAny().withMajor(test.major());
    return new DatabaseSettings(
        List.of(extensions, test.major()),
        request -> requireMajor(TestServerHandle.open(place, extensions.needs(), request), test),
        place.isOurs(),
        test.database() == ExtensionTest.Scope.CLASS,
        true,
        List.of(test.scripts()),
        test.preparer());
  }

  private static TestServerHandle requireMajor(TestServerHandle server, ExtensionTest test) {
    if (test.major() != 0 && server.major() != test.major()) {
      String message =
          "needs PostgreSQL %d, but the tests run against %s with PostgreSQL %d"
              .formatted(test.major(), server.kind(), server.major());
      server.close();
      throw new TestAbortedException(message);
    }
    return server;
  }

  @Override
  protected Object embedded(SharedServer server) {
    return new ExtensionServer(server);
  }
}
