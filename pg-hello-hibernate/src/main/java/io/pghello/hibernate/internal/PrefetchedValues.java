// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.ValueStrategy;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.EntityEntryExtraState;
import org.jspecify.annotations.Nullable;

/**
 * The server's answers for one entity. Those at its entry in the session are what the current flush
 * has prefetched; they are dropped with the entry, or by the next flush.
 */
final class PrefetchedValues implements EntityEntryExtraState {
  /**
   * A value.
   *
   * @param name who is greeted; null if it is the time
   */
  record Answer(ServerValueAttribute attribute, @Nullable String name, Object value) {}

  // of a few attributes: shorter to go through than to look up
  private final List<Answer> answers = new ArrayList<>(2);
  private @Nullable EntityEntryExtraState next;
  private boolean updated;
  private @Nullable Object @Nullable [] state;

  /** Returns what is prefetched at an entry, after adding it if there is none. */
  static PrefetchedValues at(EntityEntry entry) {
    PrefetchedValues prefetched = entry.getExtraState(PrefetchedValues.class);
    if (prefetched == null) {
      prefetched = new PrefetchedValues();
      entry.addExtraState(prefetched);
    }
    return prefetched;
  }

  boolean isEmpty() {
    return answers.isEmpty();
  }

  /** Returns the server's time that is among the answers; null if none is. */
  @Nullable Long millis() {
    for (Answer answer : answers) {
      // what the INSERT computes is not known, and marked
      if (answer.attribute.source() == null
          && answer.attribute.strategy() == ValueStrategy.PREFETCH) {
        return ServerValueAttribute.millis(answer.value);
      }
    }
    return null;
  }

  /** Begins a flush, which updates the entity's row or does not. */
  void begin(boolean willBeUpdated) {
    answers.clear();
    updated = willBeUpdated;
    state = null;
  }

  /**
   * Notes the entity's state as the current statement writes it, which listeners may change later;
   * null when it has been written.
   */
  void write(@Nullable Object @Nullable [] asWritten) {
    state = asWritten;
  }

  /** Returns the entity's state as it is written; null if Hibernate has not begun that yet. */
  @Nullable Object @Nullable [] state() {
    return state;
  }

  /** Returns whether the current flush updates the entity's row. */
  boolean isUpdated() {
    return updated;
  }

  void addAll(PrefetchedValues others) {
    List.copyOf(others.answers).forEach(answer -> put(answer.attribute, answer.name, answer.value));
  }

  /**
   * Adds the greeting of a name, or the time, which has none; replaces the attribute's earlier one.
   */
  void put(ServerValueAttribute attribute, @Nullable String name, Object value) {
    remove(attribute);
    answers.add(new Answer(attribute, name, value));
  }

  /** Returns the time, or the greeting of just this name; null if it was not asked for. */
  @Nullable Object get(ServerValueAttribute attribute, @Nullable String name) {
    for (Answer answer : answers) {
      if (answer.attribute.equals(attribute) && Objects.equals(answer.name, name)) {
        return answer.value;
      }
    }
    return null;
  }

  /** Returns the answer with this value; null if there is none. */
  @Nullable Answer find(ServerValueAttribute attribute, @Nullable Object value) {
    for (Answer answer : answers) {
      if (answer.attribute.equals(attribute) && ServerValueAttribute.isSame(answer.value, value)) {
        return answer;
      }
    }
    return null;
  }

  /** Returns the answer for an attribute; null if there is none. */
  @Nullable Answer of(ServerValueAttribute attribute) {
    for (Answer answer : answers) {
      if (answer.attribute.equals(attribute)) {
        return answer;
      }
    }
    return null;
  }

  void remove(ServerValueAttribute attribute) {
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

  /** Searches the states after this one only, as Hibernate's own implementations do. */
  @Override
  public <T extends EntityEntryExtraState> @Nullable T getExtraState(Class<T> type) {
    if (next == null) {
      return null;
    }
    return type.isInstance(next) ? type.cast(next) : next.getExtraState(type);
  }
}
