// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.DatabaseExtension;

/** The JUnit extension behind {@link PgHelloTest}. */
final class PgHelloExtension
    extends DatabaseExtension<PgHelloTest, TestServer, TestDatabase, WireProxy> {
  PgHelloExtension() {
    super(PgHelloTest.class, PgHelloServer.class, TestDatabase.class, WireProxy.class);
  }

  @Override
  protected Object key(PgHelloTest settings) {
    // one server, which the property pghello.server names
    return TestServer.class;
  }

  @Override
  protected TestServer open(PgHelloTest settings) {
    return TestServer.configured();
  }

  @Override
  protected Object embedded(TestServer server) {
    return server.embedded();
  }

  @Override
  protected boolean isShared(PgHelloTest settings) {
    return settings.database() == PgHelloTest.Scope.CLASS;
  }

  @Override
  protected TestDatabase createDatabase(TestServer server, PgHelloTest settings) {
    return server.createDatabase(settings.extension());
  }

  @Override
  protected WireProxy createProxy(String host, int port) {
    return WireProxy.to(host, port);
  }
}
