// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.NamedExtensions;

/** The JUnit extension behind {@link ExtensionTest}. */
final class ExtensionTestSupport
    extends DatabaseExtension<ExtensionTest, ExtensionServer, TestDatabase, WireProxy> {
  ExtensionTestSupport() {
    super(ExtensionTest.class, ExtensionServer.class, TestDatabase.class, WireProxy.class);
  }

  @Override
  protected Object key(ExtensionTest settings) {
    return extensions(settings);
  }

  @Override
  protected ExtensionServer open(ExtensionTest settings) {
    return extensions(settings).start();
  }

  private static NamedExtensions extensions(ExtensionTest settings) {
    return new NamedExtensions(settings.extensions(), settings.install(), settings.settings());
  }

  @Override
  protected Object embedded(ExtensionServer server) {
    return server;
  }

  @Override
  protected boolean isShared(ExtensionTest settings) {
    return settings.database() == ExtensionTest.Scope.CLASS;
  }

  @Override
  protected TestDatabase createDatabase(ExtensionServer server, ExtensionTest settings) {
    return server.createDatabase();
  }

  @Override
  protected WireProxy createProxy(String host, int port) {
    return WireProxy.to(host, port);
  }
}
