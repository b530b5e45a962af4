// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.server.NamedExtensions;
import io.pghello.extension.testkit.internal.server.SharedServer;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import java.lang.annotation.Annotation;
import java.util.List;

/** The JUnit extension behind {@link ExtensionTest}. */
final class ExtensionTestSupport extends DatabaseJUnitExtension {
  ExtensionTestSupport() {
    super(ExtensionTest.class, ExtensionServer.class);
  }

  @Override
  protected Settings settings(Annotation annotation) {
    var test = (ExtensionTest) annotation;
    var extensions =
        new NamedExtensions(
            test.extensions(), test.install(), test.settings(), test.create(), test.schema());
    return new Settings(
        extensions,
        request -> TestServerHandle.open(ServerLocation.ofAny(), extensions.needs(), request),
        ServerLocation.ofAny().isOurs(),
        test.database() == ExtensionTest.Scope.CLASS,
        true,
        List.of(test.scripts()),
        test.preparer());
  }

  @Override
  protected Object embedded(SharedServer server) {
    return new ExtensionServer(server);
  }
}
