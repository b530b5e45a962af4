// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.internal.database.TemplateRequest;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.junit.DatabaseJUnitExtension;
import io.pghello.extension.testkit.internal.junit.DatabaseSettings;
import io.pghello.extension.testkit.internal.server.SharedServer;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import io.pghello.testkit.internal.ExtensionFiles;
import java.lang.annotation.Annotation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The JUnit extension behind {@link PgHelloTest}. */
final class PgHelloTestSupport extends DatabaseJUnitExtension {
  PgHelloTestSupport() {
    super(PgHelloTest.class, PgHelloServer.class);
  }

  @Override
  protected DatabaseSettings settings(Annotation annotation) {
    var test = (PgHelloTest) annotation;
    return new DatabaseSettings(
        // a constant key, because there is only one server, which the property pg-hello.server
        // selects
        TestServerHandle.class,
        PgHelloTestSupport::open,
        ExtensionFiles.place().isOurs(),
        test.database() == ExtensionTest.Scope.CLASS,
        test.create(),
        List.of(test.scripts()),
        test.preparer());
  }

  private static TestServerHandle open(@Nullable TemplateRequest request) {
    ServerLocation place = ExtensionFiles.place();
    if (request != null) {
      SharedServer server = PgHelloServer.start(request).server();
      return TestServerHandle.ofOurs(server, server::close);
    }
    // an embedded server is shared in this JVM and stops when the JVM exits
    return place.isOurs()
        ? TestServerHandle.ofOurs(PgHelloServer.shared().server(), () -> {})
        : TestServerHandle.open(place, ExtensionFiles.NEEDS, null);
  }

  @Override
  protected Object embedded(SharedServer server) {
    return PgHelloServer.of(server);
  }
}
