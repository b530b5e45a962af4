// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.DatabaseExtension;
import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.internal.DatabaseServer;
import io.pghello.extension.testkit.internal.Databases;
import io.pghello.extension.testkit.internal.ServerPlace;
import io.pghello.extension.testkit.internal.TestServer;
import io.pghello.testkit.internal.ExtensionFiles;

/** The JUnit extension behind {@link PgHelloTest}. */
final class PgHelloExtension extends DatabaseExtension<PgHelloTest, TestDatabase, WireProxy> {
  PgHelloExtension() {
    super(PgHelloTest.class, PgHelloServer.class, TestDatabase.class, WireProxy.class);
  }

  @Override
  protected Object key(PgHelloTest settings) {
    // the one server that the property pg-hello.server selects
    return TestServer.class;
  }

  @Override
  protected TestServer open(PgHelloTest settings) {
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

  @Override
  protected boolean isShared(PgHelloTest settings) {
    return settings.database() == PgHelloTest.Scope.CLASS;
  }

  @Override
  protected boolean hasExtensions(PgHelloTest settings) {
    return settings.extension();
  }

  @Override
  protected String[] scripts(PgHelloTest settings) {
    return settings.scripts();
  }

  @Override
  protected Class<? extends DatabasePreparer> preparer(PgHelloTest settings) {
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
