// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.DatabaseServer;
import io.pghello.extension.testkit.internal.NamedExtensions;
import io.pghello.extension.testkit.internal.ServerPlace;
import io.pghello.extension.testkit.internal.TestServer;
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
    var extensions = new NamedExtensions(test.extensions(), test.install(), test.settings());
    return new Settings(
        extensions,
        () -> TestServer.open(ServerPlace.ofAny(), extensions.needs()),
        test.database() == ExtensionTest.Scope.CLASS,
        true,
        List.of(test.scripts()),
        test.preparer());
  }

  @Override
  protected Object embedded(DatabaseServer server) {
    return new ExtensionServer(server);
  }
}
