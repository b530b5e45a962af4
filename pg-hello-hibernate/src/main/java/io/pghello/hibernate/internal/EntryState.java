// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import org.hibernate.engine.spi.EntityEntryExtraState;
import org.jspecify.annotations.Nullable;

/** State at an entity's entry in its session, in a chain with the states that others keep there. */
interface EntryState extends EntityEntryExtraState {
  /** Returns what follows in the chain; null if nothing does. */
  @Nullable EntityEntryExtraState next();

  void setNext(EntityEntryExtraState next);

  @Override
  default void addExtraState(EntityEntryExtraState state) {
    EntityEntryExtraState next = next();
    if (next == null) {
      setNext(state);
    } else {
      next.addExtraState(state);
    }
  }

  /** Searches the states after this one only, as Hibernate's own implementations do. */
  @Override
  default <T extends EntityEntryExtraState> @Nullable T getExtraState(Class<T> type) {
    EntityEntryExtraState next = next();
    if (next == null) {
      return null;
    }
    return type.isInstance(next) ? type.cast(next) : next.getExtraState(type);
  }
}
