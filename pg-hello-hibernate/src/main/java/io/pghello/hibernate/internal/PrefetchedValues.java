// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.ValueEvent;
import io.pghello.hibernate.ValueStrategy;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.EntityEntryExtraState;
import org.jspecify.annotations.Nullable;

/**
 * The server's answers for one entity. Those at its entry in the session are what the current flush
 * has prefetched; they are dropped with the entry, or by the next flush.
 *
 * <p>Answers may be added and looked for by more than one thread, since a session factory may share
 * immutable entities among its sessions.
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
  private int @Nullable [] dirty;
  private @Nullable ValueEvent event;
  private @Nullable Reference<@Nullable Object[]> state;

  /** Returns what is prefetched at an entry, after adding it if there is none. */
  static PrefetchedValues at(EntityEntry entry) {
    PrefetchedValues prefetched = entry.getExtraState(PrefetchedValues.class);
    if (prefetched == null) {
      prefetched = new PrefetchedValues();
      entry.addExtraState(prefetched);
    }
    return prefetched;
  }

  synchronized boolean isEmpty() {
    return answers.isEmpty();
  }

  /** Returns the server's time that is among the answers; null if none is. */
  synchronized @Nullable Long millis() {
    for (Answer answer : answers) {
      // what the INSERT computes is not known, and marked
      if (answer.attribute.source() == null
          && answer.attribute.strategy() == ValueStrategy.PREFETCH) {
        return ServerValueAttribute.millis(answer.value);
      }
    }
    return null;
  }

  /**
   * Begins a flush.
   *
   * @param willBeUpdated whether it updates the entity's row
   * @param dirtyIndexes the attributes that have changed; null if that is not known
   */
  synchronized void begin(boolean willBeUpdated, int @Nullable [] dirtyIndexes) {
    answers.clear();
    updated = willBeUpdated;
    dirty = dirtyIndexes;
    endStatement();
  }

  /** Notes the entity's state as a statement is about to write it, which listeners may change. */
  void beginStatement(ValueEvent statement, @Nullable Object[] asWritten) {
    event = statement;
    // the state may refer to the entity
    state = new WeakReference<>(asWritten);
  }

  /** Forgets the state, which the next statement does not write. */
  void endStatement() {
    event = null;
    state = null;
  }

  /** Returns what the statement under way is; null if Hibernate has not begun one. */
  @Nullable ValueEvent event() {
    return event;
  }

  /** Returns the entity's state as it is written; null if Hibernate has not begun that yet. */
  @Nullable Object @Nullable [] state() {
    return state == null ? null : state.get();
  }

  /** Returns whether the current flush updates the entity's row. */
  boolean isUpdated() {
    return updated;
  }

  /** Returns the attributes that have changed; null if that is not known. */
  int @Nullable [] dirty() {
    return dirty;
  }

  void addAll(PrefetchedValues others) {
    others.all().forEach(answer -> put(answer.attribute, answer.name, answer.value));
  }

  private synchronized List<Answer> all() {
    return List.copyOf(answers);
  }

  /**
   * Adds the greeting of a name, or the time, which has none; replaces the attribute's earlier one.
   */
  synchronized void put(ServerValueAttribute attribute, @Nullable String name, Object value) {
    remove(attribute);
    answers.add(new Answer(attribute, name, value));
  }

  /** Returns the time, or the greeting of just this name; null if it was not asked for. */
  synchronized @Nullable Object get(ServerValueAttribute attribute, @Nullable String name) {
    for (Answer answer : answers) {
      if (answer.attribute.equals(attribute) && Objects.equals(answer.name, name)) {
        return answer.value;
      }
    }
    return null;
  }

  /** Returns the answer with this value; null if there is none. */
  synchronized @Nullable Answer find(ServerValueAttribute attribute, @Nullable Object value) {
    for (Answer answer : answers) {
      if (answer.attribute.equals(attribute) && ServerValueAttribute.isSame(answer.value, value)) {
        return answer;
      }
    }
    return null;
  }

  /** Returns the answer for an attribute; null if there is none. */
  synchronized @Nullable Answer of(ServerValueAttribute attribute) {
    for (Answer answer : answers) {
      if (answer.attribute.equals(attribute)) {
        return answer;
      }
    }
    return null;
  }

  synchronized void remove(ServerValueAttribute attribute) {
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
