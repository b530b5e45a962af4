// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import io.pghello.extension.testkit.ExtensionServer;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;

/** Starts a PostgreSQL server before Quarkus. */
@SuppressWarnings("NullAway.Init") // Quarkus calls start first
// region resource
public class PostgresResource implements QuarkusTestResourceLifecycleManager {
  private ExtensionServer server;

  @Override
  public Map<String, String> start() {
    server = ExtensionServer.builder().extension("pg_hello").extension("pg_trgm").start();
    return Map.of("quarkus.datasource.jdbc.url", server.createDatabase().jdbcUrl());
  }

  @Override
  public void stop() {
    server.close();
  }
}
// endregion
