// SPDX-License-Identifier: MIT
package io.pghello.plugin;

/** Isolation level of a transaction, as PostgreSQL's documentation defines it. */
public enum Isolation {
  /** As {@link #READ_COMMITTED}: PostgreSQL never shows what is not committed. */
  READ_UNCOMMITTED,
  /** Each statement sees what was committed when it began. The default. */
  READ_COMMITTED,
  /** All statements see what was committed when the first began. */
  REPEATABLE_READ,
  /** As if transactions ran one after another; those that cannot be are rolled back. */
  SERIALIZABLE;

  /** Returns it as SQL has it, as in {@code REPEATABLE READ}. */
  public String sql() {
    return name().replace('_', ' ');
  }
}
