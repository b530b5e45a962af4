// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static io.pghello.hibernate.ValueEvent.INSERT;

import io.pghello.hibernate.ValueEvent;
import java.util.Objects;
import org.hibernate.bytecode.enhance.spi.LazyPropertyInitializer;
import org.hibernate.engine.spi.EntityEntry;
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

  /** Returns what is known before, or beside, Hibernate's events for this entity. */
  static EntityWrite of(Object entity, ValueEvent event, @Nullable EntityEntry entry) {
    PrefetchedValues prefetched =
        entry == null ? null : entry.getExtraState(PrefetchedValues.class);
    return new EntityWrite(entity, event, entry, prefetched == null ? null : prefetched.state());
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

  /** Returns the name that the row has afterwards; null if there is none. */
  @Nullable String name(AttributePath source) {
    @Nullable Object @Nullable [] row = row(source);
    Object name = row == null ? source.get(entity) : source.getFrom(row, entity);
    return LazyPropertyInitializer.UNFETCHED_PROPERTY.equals(name)
        ? (String) source.get(entity)
        : (String) name;
  }

  /** Returns whether the row has another name afterwards than before. */
  boolean renames(AttributePath source, @Nullable Object[] before) {
    return source.isLoaded(entity) && !Objects.equals(name(source), source.getFrom(before, entity));
  }

  /** Returns the state that has the row's name; null if that is the entity itself. */
  private @Nullable Object @Nullable [] row(AttributePath source) {
    if (event != INSERT) {
      return source.isUpdatable() ? state : loaded();
    }
    PrefetchedValues prefetched =
        entry == null ? null : entry.getExtraState(PrefetchedValues.class);
    if (prefetched != null && prefetched.isUpdated() && source.isUpdatable()) {
      // an UPDATE of the same flush writes what has been changed since persist
      return null;
    }
    return state == null ? loaded() : state;
  }
}
