// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import io.pghello.extension.testkit.internal.database.ServerDatabase;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import java.sql.SQLException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.opentest4j.TestAbortedException;

/**
 * The objects that a test or class uses. JUnit closes them together with the context's store, after
 * all callbacks, because other extensions and {@code @AutoClose} may close connections in callbacks
 * that run later than this extension's callbacks. Thread-safe.
 */
final class DatabaseUsage implements AutoCloseable {
  final OpenConnections connections = new OpenConnections();
  private final ExtensionContext context;
  private final DatabaseUsage owner;
  private final Supplier<TestServerHandle> server;
  private final Function<DatabaseFactory, ServerDatabase> creation;
  private volatile @Nullable ServerDatabase database;
  private volatile @Nullable WireProxy proxy;

  /** Whether the test has failed in a way that JUnit does not record in the context. */
  volatile boolean failed;

  /**
   * Creates an instance.
   *
   * @param owner the usage of the context that owns the database; null for this instance
   * @param server the server of the database, which may start when it is requested
   * @param creation a function that creates the database
   */
  DatabaseUsage(
      ExtensionContext context,
      @Nullable DatabaseUsage owner,
      Supplier<TestServerHandle> server,
      Function<DatabaseFactory, ServerDatabase> creation) {
    this.context = context;
    this.owner = owner == null ? this : owner;
    this.server = server;
    this.creation = creation;
  }

  /** Returns the database, which the first call creates. */
  synchronized ServerDatabase database() {
    if (database == null) {
      DatabaseFactory databases = server.get().databases();
      ServerDatabase created = creation.apply(databases);
      databases.setTest(created.name(), testName());
      database = created;
    }
    return database;
  }

  private String testName() {
    return context.getRequiredTestClass().getName()
        + context.getTestMethod().map(method -> "." + context.getDisplayName()).orElse("");
  }

  /** Returns the proxy, which the first call starts. */
  synchronized WireProxy proxy() {
    if (proxy == null) {
      DatabaseFactory databases = owner.database().databases();
      proxy = WireProxy.to(databases.host(), databases.port());
    }
    return proxy;
  }

  /**
   * Closes the proxy and the database, and fails if the test left connections open. If the test has
   * failed, keeps its database if the user has enabled this.
   */
  @Override
  @SuppressWarnings("try")
  public void close() throws SQLException {
    try (TestDatabase closedLast = database;
        WireProxy closedFirst = proxy) {
      try {
        connections.finish();
      } catch (SQLException | AssertionError e) {
        keep();
        throw e;
      }
      if (failed
          || context
              .getExecutionException()
              .filter(e -> !(e instanceof TestAbortedException))
              .isPresent()) {
        keep();
      }
    }
  }

  private void keep() {
    TestDatabase used = owner.database;
    if (used != null && TestServerHandle.keepsFailed()) {
      server.get().keep(used.name(), testName());
    }
  }
}
