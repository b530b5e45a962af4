// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.tracking;

import org.hibernate.engine.spi.EntityEntryExtraState;
import org.jspecify.annotations.Nullable;

/**
 * State attached to an entity's entry in its session. Forms a linked list with the states that
 * other code attaches to the same entry.
 */
interface ChainedEntryState extends EntityEntryExtraState {
  /** Returns the next state in the list; null at the end. */
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

  /** Searches only the states after this one, like Hibernate's own implementations. */
  @Override
  default <T extends EntityEntryExtraState> @Nullable T getExtraState(Class<T> type) {
    EntityEntryExtraState next = next();
    if (next == null) {
      return null;
    }
    return type.isInstance(next) ? type.cast(next) : next.getExtraState(type);
  }
}
