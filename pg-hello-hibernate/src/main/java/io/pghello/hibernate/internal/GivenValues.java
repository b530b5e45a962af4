// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.internal.Answers.Answer;
import java.util.List;
import java.util.function.Function;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.EntityEntryExtraState;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/**
 * The values that entities were given, or loaded with, by which they are told from values that the
 * program has set when an entity is written again: after a rollback, after it was removed, as a
 * copy, or in another session.
 *
 * <p>Most of what is loaded is never written, so nothing is noted when an entity is loaded.
 * Hibernate keeps what it was loaded with at its entry in the session, from which this is found
 * before the entity is written, removed, or evicted.
 */
final class GivenValues extends WeakIdentityMap<Answers> {
  private final Function<EntityPersister, List<ServerValueAttribute>> attributes;

  /**
   * Makes an empty map.
   *
   * @param attributes returns the attributes of an entity type that are filled
   */
  GivenValues(Function<EntityPersister, List<ServerValueAttribute>> attributes) {
    this.attributes = attributes;
  }

  /** The values that an entity was loaded with, at its entry. */
  private static final class Loaded implements EntryState {
    private final Answers answers = new Answers();
    private @Nullable EntityEntryExtraState next;

    @Override
    public @Nullable EntityEntryExtraState next() {
      return next;
    }

    @Override
    public void setNext(EntityEntryExtraState other) {
      next = other;
    }
  }

  /**
   * Returns what an entity was given or loaded with; null if nothing is known. To be called before
   * a flush changes what the entry has.
   *
   * @param entry the entity's in its session; null if it has none
   */
  @Nullable Answers of(Object entity, @Nullable EntityEntry entry) {
    Answers given = get(entity);
    if (given != null || entry == null || !entry.isExistsInDatabase()) {
      return given;
    }
    Loaded loaded = entry.getExtraState(Loaded.class);
    if (loaded == null) {
      if (attributes.apply(entry.getPersister()).isEmpty()) {
        return null;
      }
      loaded = new Loaded();
      note(entity, entry, loaded.answers);
      entry.addExtraState(loaded);
    }
    return loaded.answers;
  }

  /** Notes what an entity was loaded with, in place of what is known of these attributes. */
  private void note(Object entity, EntityEntry entry, Answers answers) {
    @Nullable Object @Nullable [] state = entry.getLoadedState();
    if (state != null) {
      for (ServerValueAttribute attribute : attributes.apply(entry.getPersister())) {
        attribute.noteLoaded(entity, state, answers);
      }
    }
  }

  /** Notes that an entity was loaded again. */
  void reload(Object entity, EntityEntry entry) {
    Answers known = of(entity, entry);
    if (known != null) {
      note(entity, entry, known);
    }
  }

  /** Keeps what is known of an entity for when it has left its session. */
  void keep(Object entity, EntityEntry entry) {
    Answers known = of(entity, entry);
    if (known != null && known.first() != null) {
      computeIfAbsent(entity, () -> known);
    }
  }

  void put(
      Object entity,
      @Nullable EntityEntry entry,
      ServerValueAttribute attribute,
      @Nullable String name,
      Object value) {
    known(entity, entry).put(attribute, name, value);
  }

  /**
   * Notes that Hibernate has copied one entity's state to another, which may be the same.
   *
   * @param entry of the other; null if it has none
   */
  void copy(Object from, Object to, @Nullable EntityEntry entry) {
    Answers given = get(from);
    if (given != null) {
      known(to, entry).putAll(given);
    }
  }

  /**
   * Notes what a detached object was loaded with, as far as it has the values of the row that it
   * was merged into, so that it is known when it is merged again.
   *
   * @param merged what the row was loaded as
   * @param entry the entry of that
   */
  @SuppressWarnings("ReferenceEquality") // an object that is managed is merged into itself
  void noteMerged(Object detached, Object merged, EntityEntry entry) {
    Answers row = detached == merged || get(detached) != null ? null : of(merged, entry);
    for (Answer each = row == null ? null : row.first(); each != null; each = each.next()) {
      if (each.attribute().has(detached, each.value())) {
        put(detached, null, each.attribute(), each.name(), each.value());
      }
    }
  }

  private Answers known(Object entity, @Nullable EntityEntry entry) {
    Answers known = of(entity, entry);
    return computeIfAbsent(entity, () -> known == null ? new Answers() : known);
  }
}
