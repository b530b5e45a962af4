// SPDX-License-Identifier: MIT
package io.pghello.examples.micronaut;

import io.micronaut.test.support.TestPropertyProvider;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.util.Map;
import org.junit.jupiter.api.TestInstance;

/** Provides a test with its own database, on a server that all tests of the JVM share. */
// region interface
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
interface WithPostgres extends TestPropertyProvider {
  ExtensionServer SERVER =
      ExtensionServer.builder().extension("pg_hello").extension("pg_trgm").start();

  @Override
  default Map<String, String> getProperties() {
    TestDatabase database = SERVER.createDatabase();
    return Map.of(
        "datasources.default.url", database.jdbcUrl(),
        "datasources.default.username", database.user(),
        "datasources.default.password", database.password());
  }
}
// endregion
