// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.DatabaseJUnitExtension;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.internal.DatabaseServer;
import io.pghello.extension.testkit.internal.ServerPlace;
import io.pghello.extension.testkit.internal.TestServer;
import io.pghello.testkit.internal.ExtensionFiles;
import java.lang.annotation.Annotation;
import java.util.List;

/** The JUnit extension behind {@link PgHelloTest}. */
final class PgHelloTestSupport extends DatabaseJUnitExtension {
  PgHelloTestSupport() {
    super(PgHelloTest.class, PgHelloServer.class);
  }

  @Override
  protected Settings settings(Annotation annotation) {
    var test = (PgHelloTest) annotation;
    return new Settings(
        // the one server that the property pg-hello.server selects
        TestServer.class,
        PgHelloTestSupport::open,
        test.database() == ExtensionTest.Scope.CLASS,
        test.extension(),
        List.of(test.scripts()),
        test.preparer());
  }

  private static TestServer open() {
    ServerPlace place = ExtensionFiles.place();
    // an embedded server is shared in this JVM and stops when the JVM exits
    return place.isOurs()
        ? TestServer.ofOurs(PgHelloServer.shared().server(), () -> {})
        : TestServer.open(place, ExtensionFiles.NEEDS);
  }

  @Override
  protected Object embedded(DatabaseServer server) {
    return PgHelloServer.shared();
  }
}
