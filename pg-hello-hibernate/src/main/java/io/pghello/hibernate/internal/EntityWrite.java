// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static io.pghello.hibernate.ValueEvent.UPDATE;

import io.pghello.hibernate.ValueEvent;
import java.util.Objects;
import org.hibernate.Hibernate;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.Status;
import org.jspecify.annotations.Nullable;

/** An INSERT or UPDATE that values are computed for. */
final class EntityWrite {
  private final Object entity;
  private final ValueEvent event;
  private final @Nullable EntityEntry entry;
  private final @Nullable Object @Nullable [] state;

  /**
   * Makes one.
   *
   * @param entry the entity's in its session; null in a stateless one
   * @param state the entity's attributes as the statement is about to write them; null if that is
   *     not known yet
   */
  EntityWrite(
      Object entity,
      ValueEvent event,
      @Nullable EntityEntry entry,
      @Nullable Object @Nullable [] state) {
    this.entity = entity;
    this.event = event;
    this.entry = entry;
    this.state = state;
  }

  Object entity() {
    return entity;
  }

  ValueEvent event() {
    return event;
  }

  @Nullable EntityEntry entry() {
    return entry;
  }

  /** Returns the entity's state as it is in the database; null if that is not known. */
  @Nullable Object @Nullable [] loaded() {
    return entry == null ? null : entry.getLoadedState();
  }

  /** Returns whether this is the UPDATE of a row that the same flush deletes. */
  boolean isBeforeDelete() {
    return event == UPDATE && entry != null && entry.getStatus() == Status.DELETED;
  }

  /** Returns whether a session was given a detached object to update, without reading its row. */
  boolean isOfDetached() {
    return entry != null && isOfDetached(entity, entry);
  }

  static boolean isOfDetached(Object entity, EntityEntry entry) {
    return entry.getLoadedState() == null
        && entry.isExistsInDatabase()
        && entry.getStatus() == Status.MANAGED
        && Hibernate.isInitialized(entity);
  }

  /** Returns the name that the row has afterwards; null if there is none. */
  @Nullable String name(AttributePath source) {
    @Nullable Object @Nullable [] row = row(source);
    Object name = row == null ? source.get(entity) : source.getFrom(row, entity);
    return (String) (AttributePath.isUnfetched(name) ? source.get(entity) : name);
  }

  /** Returns whether the row has another name afterwards than before. */
  boolean renames(AttributePath source, @Nullable Object[] before) {
    return source.isLoaded(entity) && !Objects.equals(name(source), source.getFrom(before, entity));
  }

  /** Returns the state that has the row's name; null if that is the entity itself. */
  private @Nullable Object @Nullable [] row(AttributePath source) {
    FlushState flush = FlushState.find(entry);
    int[] dirty = flush == null ? null : flush.dirty();
    if (event == UPDATE) {
      return source.isUpdated(dirty) ? state : loaded();
    }
    // an UPDATE of the same flush writes what has been changed since persist; but one for the sake
    // of a collection writes the version alone
    boolean updated =
        flush != null
            && flush.isUpdated()
            && !(dirty != null && dirty.length == 0)
            && source.isUpdated(dirty);
    return updated ? null : state == null ? loaded() : state;
  }
}
