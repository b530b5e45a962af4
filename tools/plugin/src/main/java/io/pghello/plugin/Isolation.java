// SPDX-License-Identifier: MIT
package io.pghello.plugin;

/** Transaction isolation levels of PostgreSQL. */
public enum Isolation {
  /** Behaves like {@link #READ_COMMITTED}, because PostgreSQL never shows uncommitted data. */
  READ_UNCOMMITTED,
  /** Each statement sees the data committed before it began. This is PostgreSQL's default. */
  READ_COMMITTED,
  /** All statements of a transaction see the data committed before its first statement began. */
  REPEATABLE_READ,
  /**
   * Transactions behave as if they ran one after another. A transaction for which this is
   * impossible is rolled back.
   */
  SERIALIZABLE;

  /** Returns the level as SQL, e.g. {@code REPEATABLE READ}. */
  public String sql() {
    return name().replace('_', ' ');
  }
}
