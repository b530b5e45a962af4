// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.ValueEvent;
import io.pghello.hibernate.ValueStrategy;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.EntityEntryExtraState;
import org.jspecify.annotations.Nullable;

/**
 * The state of one entity in the current flush, kept at its entry in the session; in a stateless
 * session, its state in the current statement. It ends with the entry, and begins anew with each
 * flush.
 */
final class FlushState implements EntryState {
  private final Answers answers = new Answers();
  private final List<ServerValueAttribute> filled = new ArrayList<>(0);
  private @Nullable EntityEntryExtraState next;
  private boolean updated;
  private int @Nullable [] dirty;
  private @Nullable ValueEvent event;
  private @Nullable Reference<@Nullable Object[]> state;

  /** Returns the state at an entry, after adding it if there is none. */
  static FlushState at(EntityEntry entry) {
    FlushState flush = find(entry);
    if (flush == null) {
      flush = new FlushState();
      entry.addExtraState(flush);
    }
    return flush;
  }

  /** Returns the state at an entry; null if there is none. */
  static @Nullable FlushState find(@Nullable EntityEntry entry) {
    return entry == null ? null : entry.getExtraState(FlushState.class);
  }

  /** Returns the server's answers for the entity: looked up, or to be computed by the INSERT. */
  Answers answers() {
    return answers;
  }

  /** Returns the server's time that was looked up; null if none was. */
  @Nullable Long millis() {
    for (Answers.Answer each = answers.first(); each != null; each = each.next()) {
      // what the INSERT computes is not known, and marked
      if (each.attribute().source() == null
          && each.attribute().strategy() == ValueStrategy.PREFETCH) {
        return ServerValueAttribute.millis(each.value());
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
  void begin(boolean willBeUpdated, int @Nullable [] dirtyIndexes) {
    answers.clear();
    updated = willBeUpdated;
    dirty = dirtyIndexes;
    endStatement();
  }

  /** Notes the entity's state as a statement is about to write it, which listeners may change. */
  void beginStatement(ValueEvent statement, @Nullable Object[] asWritten) {
    filled.clear();
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

  /** Notes that the state of the statement has been filled; returns whether it had not been. */
  boolean markFilled(ServerValueAttribute attribute) {
    return !filled.contains(attribute) && filled.add(attribute);
  }

  /** Returns whether the current flush updates the entity's row. */
  boolean isUpdated() {
    return updated;
  }

  /** Returns the attributes that have changed; null if that is not known. */
  int @Nullable [] dirty() {
    return dirty;
  }

  @Override
  public @Nullable EntityEntryExtraState next() {
    return next;
  }

  @Override
  public void setNext(EntityEntryExtraState other) {
    next = other;
  }
}
