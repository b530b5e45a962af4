// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.EntityEntryExtraState;
import org.jspecify.annotations.Nullable;

/**
 * What the server has answered for one entity ahead of its turn in the flush. It hangs on the
 * entity's entry in the session, and goes with it; the next flush begins by clearing it.
 */
final class Parked implements EntityEntryExtraState {
  private record Answer(FilledAttribute attribute, @Nullable String name, Object value) {}

  // of a few attributes: shorter to go through than to look up
  private final List<Answer> answers = new ArrayList<>(2);
  private @Nullable EntityEntryExtraState next;

  /** Returns what is parked at an entry, after adding it if there is none. */
  static Parked at(EntityEntry entry) {
    Parked parked = entry.getExtraState(Parked.class);
    if (parked == null) {
      parked = new Parked();
      entry.addExtraState(parked);
    }
    return parked;
  }

  boolean isEmpty() {
    return answers.isEmpty();
  }

  void clear() {
    answers.clear();
  }

  /** Parks the greeting of a name, or the time, which has none. */
  void put(FilledAttribute attribute, @Nullable String name, Object value) {
    remove(attribute);
    answers.add(new Answer(attribute, name, value));
  }

  /** Returns the time, or the greeting of just this name; null if it was not asked for. */
  @Nullable Object get(FilledAttribute attribute, @Nullable String name) {
    for (Answer answer : answers) {
      if (answer.attribute.equals(attribute) && Objects.equals(answer.name, name)) {
        return answer.value;
      }
    }
    return null;
  }

  void remove(FilledAttribute attribute) {
    answers.removeIf(answer -> answer.attribute.equals(attribute));
  }

  @Override
  public void addExtraState(EntityEntryExtraState state) {
    if (next == null) {
      next = state;
    } else {
      next.addExtraState(state);
    }
  }

  @Override
  public <T extends EntityEntryExtraState> @Nullable T getExtraState(Class<T> type) {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    return next == null ? null : next.getExtraState(type);
  }
}
