// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.tracking;

import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.hibernate.internal.attribute.AttributePath;
import io.pghello.hibernate.internal.attribute.ServerValueAttribute;
import java.util.Objects;
import org.hibernate.Hibernate;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.Status;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;

/** An INSERT or UPDATE for which values are computed. */
public final class EntityWrite {
  private final Object entity;
  private final EventType event;
  private final @Nullable EntityEntry entry;
  private final @Nullable Object @Nullable [] state;

  /**
   * Creates a write.
   *
   * @param entry the entity's entry in its session; null in a stateless session
   * @param state the attributes that the statement is about to write; null if not yet known
   */
  public EntityWrite(
      Object entity,
      EventType event,
      @Nullable EntityEntry entry,
      @Nullable Object @Nullable [] state) {
    this.entity = entity;
    this.event = event;
    this.entry = entry;
    this.state = state;
  }

  public Object entity() {
    return entity;
  }

  public EventType event() {
    return event;
  }

  public @Nullable EntityEntry entry() {
    return entry;
  }

  /** Returns the entity's state in the database; null if unknown. */
  @Nullable Object @Nullable [] loaded() {
    return entry == null ? null : entry.getLoadedState();
  }

  /** Returns whether this is an UPDATE of a row that the same flush deletes. */
  boolean isBeforeDelete() {
    return event == UPDATE && entry != null && entry.getStatus() == Status.DELETED;
  }

  /**
   * Returns whether a detached object was passed to the session for an update, so that its row was
   * not read.
   */
  boolean isOfDetached() {
    return entry != null && isOfDetached(entity, entry);
  }

  public static boolean isOfDetached(Object entity, EntityEntry entry) {
    return entry.getLoadedState() == null
        && entry.isExistsInDatabase()
        && entry.getStatus() == Status.MANAGED
        && Hibernate.isInitialized(entity);
  }

  /**
   * Returns the name to greet, as stored in the row after the write; null if there is none or if
   * the value is the time.
   */
  public @Nullable String name(ServerValueAttribute attribute) {
    AttributePath source = attribute.source();
    return source == null ? null : name(source);
  }

  private @Nullable String name(AttributePath source) {
    @Nullable Object @Nullable [] row = row(source);
    Object name = row == null ? source.get(entity) : source.getFrom(row, entity);
    return (String) (AttributePath.isUnfetched(name) ? source.get(entity) : name);
  }

  /** Returns whether the write changes the name in the row. */
  boolean renames(AttributePath source, @Nullable Object[] before) {
    return source.isLoaded(entity) && !Objects.equals(name(source), source.getFrom(before, entity));
  }

  /**
   * Returns the state array that contains the name in the row; null if the name must be read from
   * the entity.
   */
  private @Nullable Object @Nullable [] row(AttributePath source) {
    FlushState flush = FlushState.find(entry);
    int[] dirty = flush == null ? null : flush.dirty();
    if (event == UPDATE) {
      return source.isUpdated(dirty) ? state : loaded();
    }
    // changes made since persist() are written by an UPDATE in the same flush, unless only a
    // collection has changed; in that case, the UPDATE writes only the version
    boolean updated =
        flush != null
            && flush.isUpdated()
            && !(dirty != null && dirty.length == 0)
            && source.isUpdated(dirty);
    return updated ? null : state == null ? loaded() : state;
  }
}
