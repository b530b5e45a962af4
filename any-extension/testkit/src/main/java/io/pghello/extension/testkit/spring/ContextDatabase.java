// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import io.pghello.extension.testkit.TestDatabase;
import org.jspecify.annotations.Nullable;

/** The database of a context, and a copy of it as it was before the first test. Not thread-safe. */
final class ContextDatabase implements AutoCloseable {
  private final TestDatabase database;
  private final boolean resets;
  private @Nullable TestDatabase copy;

  ContextDatabase(TestDatabase database, boolean resets) {
    this.database = database;
    this.resets = resets;
  }

  /** Restores the state of the first call, if the test requests this for each method. */
  boolean reset() {
    if (resets && copy != null) {
      database.replaceBy(copy);
    } else if (resets) {
      copy = database.copy();
    }
    return resets;
  }

  @Override
  public void close() {
    // the server may end with the other one
    if (copy != null) {
      copy.close();
    }
    database.close();
  }
}
