// SPDX-License-Identifier: MIT
package io.pghello.testkit.spring;

import io.pghello.testkit.TestDatabase;
import org.jspecify.annotations.Nullable;

/** The database of a context, and a copy of it as it was before the first test. Not thread-safe. */
final class ContextDatabase implements AutoCloseable {
  private final TestDatabase database;
  private @Nullable TestDatabase copy;

  ContextDatabase(TestDatabase database) {
    this.database = database;
  }

  /** Makes the database what it was when this was first called. */
  void reset() {
    if (copy == null) {
      copy = database.copy();
    } else {
      database.replaceBy(copy);
    }
  }

  @Override
  public void close() {
    database.close();
    if (copy != null) {
      copy.close();
    }
  }
}
