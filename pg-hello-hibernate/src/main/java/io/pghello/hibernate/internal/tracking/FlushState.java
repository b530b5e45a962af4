// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.tracking;

import io.pghello.hibernate.ValueStrategy;
import io.pghello.hibernate.internal.attribute.ServerValueAttribute;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.EntityEntryExtraState;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;

/**
 * The state of one entity in the current flush, attached to its entry in the session. In a
 * stateless session, this is the entity's state in the current statement. The state is removed
 * together with the entry, and reset by each flush.
 */
public final class FlushState implements ChainedEntryState {
  private final ServerValues serverValues = new ServerValues();
  private final List<ServerValueAttribute> filled = new ArrayList<>(0);
  private @Nullable EntityEntryExtraState next;
  private boolean updated;
  private int @Nullable [] dirty;
  private @Nullable EventType event;
  private @Nullable Reference<@Nullable Object[]> state;

  /** Returns the state of an entry. Attaches a new state if there is none. */
  public static FlushState at(EntityEntry entry) {
    FlushState flush = find(entry);
    if (flush == null) {
      flush = new FlushState();
      entry.addExtraState(flush);
    }
    return flush;
  }

  /** Returns the state of an entry; null if there is none. */
  public static @Nullable FlushState find(@Nullable EntityEntry entry) {
    return entry == null ? null : entry.getExtraState(FlushState.class);
  }

  /**
   * Returns the fetched values of the entity, and markers for values that the INSERT will compute.
   */
  public ServerValues serverValues() {
    return serverValues;
  }

  /** Returns the fetched server time; null if no time was fetched. */
  public @Nullable Long millis() {
    for (ServerValues.ServerValue each = serverValues.first(); each != null; each = each.next()) {
      // other values are markers for times that the INSERT will compute
      if (each.attribute().source() == null
          && each.attribute().strategy() == ValueStrategy.PREFETCH) {
        return ServerValueAttribute.millis(each.value());
      }
    }
    return null;
  }

  /**
   * Resets this state at the start of a flush.
   *
   * @param willBeUpdated whether the flush updates the entity's row
   * @param dirtyIndexes indexes of the changed attributes; null if unknown
   */
  public void begin(boolean willBeUpdated, int @Nullable [] dirtyIndexes) {
    serverValues.clear();
    updated = willBeUpdated;
    dirty = dirtyIndexes;
    endStatement();
  }

  /**
   * Stores the state array that a statement is about to write. Listeners may still change the
   * array.
   */
  public void beginStatement(EventType statement, @Nullable Object[] asWritten) {
    filled.clear();
    event = statement;
    // weak, because the state array may refer to the entity
    state = new WeakReference<>(asWritten);
  }

  /** Discards the state array, because the next statement writes another one. */
  public void endStatement() {
    event = null;
    state = null;
  }

  /** Returns the kind of the current statement; null outside a statement. */
  public @Nullable EventType event() {
    return event;
  }

  /** Returns the state array of the current statement; null outside a statement. */
  public @Nullable Object @Nullable [] state() {
    return state == null ? null : state.get();
  }

  /**
   * Marks an attribute as filled in the current statement. Returns false if it was already marked.
   */
  public boolean markFilled(ServerValueAttribute attribute) {
    return !filled.contains(attribute) && filled.add(attribute);
  }

  /** Returns whether the current flush updates the entity's row. */
  public boolean isUpdated() {
    return updated;
  }

  /** Returns the indexes of the changed attributes; null if unknown. */
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
