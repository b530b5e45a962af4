// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import io.pghello.extension.testkit.TestDatabase;
import org.jspecify.annotations.Nullable;

/**
 * The database of a Spring context, and a copy of its state before the first test. Not thread-safe.
 */
final class ContextDatabase implements AutoCloseable {
  private final TestDatabase database;
  private final boolean resets;
  private @Nullable TestDatabase copy;

  ContextDatabase(TestDatabase database, boolean resets) {
    this.database = database;
    this.resets = resets;
  }

  /**
   * Copies the database on the first call, and restores it on later calls. Does nothing if resets
   * are disabled.
   */
  boolean reset() {
    if (resets && copy != null) {
      database.restoreFrom(copy);
    } else if (resets) {
      copy = database.copy();
    }
    return resets;
  }

  @Override
  public void close() {
    // drop the copy first, because closing the database may stop the server
    if (copy != null) {
      copy.close();
    }
    database.close();
  }
}
