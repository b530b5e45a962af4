// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.DatabaseServer;
import io.pghello.extension.testkit.internal.Databases;
import io.pghello.extension.testkit.internal.NamedExtensions;
import io.pghello.extension.testkit.internal.ServerPlace;
import io.pghello.extension.testkit.internal.TestServer;

/** The JUnit extension behind {@link ExtensionTest}. */
final class ExtensionTestSupport extends DatabaseExtension<ExtensionTest, TestDatabase, WireProxy> {
  ExtensionTestSupport() {
    super(ExtensionTest.class, ExtensionServer.class, TestDatabase.class, WireProxy.class);
  }

  @Override
  protected Object key(ExtensionTest settings) {
    return extensions(settings);
  }

  @Override
  protected TestServer open(ExtensionTest settings) {
    return TestServer.open(ServerPlace.ofAny(), extensions(settings).needs());
  }

  private static NamedExtensions extensions(ExtensionTest settings) {
    return new NamedExtensions(settings.extensions(), settings.install(), settings.settings());
  }

  @Override
  protected Object embedded(DatabaseServer server) {
    return new ExtensionServer(server);
  }

  @Override
  protected boolean isShared(ExtensionTest settings) {
    return settings.database() == ExtensionTest.Scope.CLASS;
  }

  @Override
  protected boolean hasExtensions(ExtensionTest settings) {
    return true;
  }

  @Override
  protected String[] scripts(ExtensionTest settings) {
    return settings.scripts();
  }

  @Override
  protected Class<? extends DatabasePreparer> preparer(ExtensionTest settings) {
    return settings.preparer();
  }

  @Override
  protected TestDatabase database(Databases databases, String name) {
    return new TestDatabase(databases, name);
  }

  @Override
  protected WireProxy createProxy(String host, int port) {
    return WireProxy.to(host, port);
  }
}
