// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import java.util.concurrent.atomic.AtomicReference;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.EntityEntryExtraState;
import org.jspecify.annotations.Nullable;

/**
 * The values that entities were given, or loaded with, by which they are told from values that the
 * program has set when an entity is written again: after a rollback, after it was removed, as a
 * copy, or in another session.
 *
 * <p>Most of what is loaded is never written, so reading is to cost next to nothing. What a loaded
 * entity has is noted at its entry, where its session finds it, and in a list that becomes a part
 * of the map when somebody looks for an entity without such an entry.
 */
final class GivenValues extends WeakIdentityMap<Answers> {
  private final AtomicReference<@Nullable Loaded> newest = new AtomicReference<>();
  private volatile boolean moving;

  /** What an entity was loaded with. */
  private static final class Loaded extends Key implements EntryState {
    private final Answers answers = new Answers();
    private @Nullable Loaded earlier;
    private @Nullable EntityEntryExtraState next;

    Loaded(Object entity) {
      super(entity);
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

  /** Notes that an entity was loaded; what with, is to be added to what is returned. */
  Answers load(Object entity, EntityEntry entry) {
    Loaded known = entry.getExtraState(Loaded.class);
    if (known != null) {
      return known.answers;
    }
    var loaded = new Loaded(entity);
    entry.addExtraState(loaded);
    Loaded before;
    do {
      before = newest.get();
      loaded.earlier = before;
    } while (!newest.compareAndSet(before, loaded));
    watch();
    return loaded.answers;
  }

  /**
   * Returns what an entity was given; null if nothing.
   *
   * @param entry the entity's in its session; null if it has none, or that is not known
   */
  @Nullable Answers of(Object entity, @Nullable EntityEntry entry) {
    Loaded loaded = entry == null ? null : entry.getExtraState(Loaded.class);
    return loaded == null ? get(entity) : loaded.answers;
  }

  void put(
      Object entity,
      @Nullable EntityEntry entry,
      ServerValueAttribute attribute,
      @Nullable String name,
      Object value) {
    Answers known = of(entity, entry);
    (known == null ? computeIfAbsent(entity, Answers::new) : known).put(attribute, name, value);
  }

  /** Notes that Hibernate has copied one entity's state to another, which may be the same. */
  void copy(Object from, Object to) {
    Answers given = get(from);
    if (given != null) {
      computeIfAbsent(to, Answers::new).putAll(given);
    }
  }

  @Override
  @Nullable Answers get(Object entity) {
    // in this order: what is in neither is in the map
    if (newest.get() != null || moving) {
      moveLoaded();
    }
    return super.get(entity);
  }

  @Override
  int size() {
    moveLoaded();
    return super.size();
  }

  @Override
  void removeCollected() {
    moveLoaded();
    super.removeCollected();
  }

  /** Moves what was loaded into the map, and joins it with what is there. */
  synchronized void moveLoaded() {
    moving = true;
    // the earliest first, as an entity may have been loaded again
    Loaded earliest = null;
    for (Loaded each = newest.getAndSet(null); each != null; ) {
      Loaded earlier = each.earlier;
      each.earlier = earliest;
      earliest = each;
      each = earlier;
    }
    while (earliest != null) {
      Loaded later = earliest.earlier;
      earliest.earlier = null;
      move(earliest);
      earliest = later;
    }
    moving = false;
  }

  private void move(Loaded loaded) {
    Object entity = loaded.get();
    if (entity == null) {
      return;
    }
    Answers known = super.get(entity);
    if (known != null) {
      loaded.answers.putMissing(known, attribute -> !attribute.isNotedWhenLoaded());
    }
    put(loaded, loaded.answers);
  }
}
