// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.tracking;

import io.pghello.PgHelloRequest;
import io.pghello.hibernate.internal.attribute.AttributePath;
import io.pghello.hibernate.internal.attribute.ServerValueAttribute;
import io.pghello.hibernate.internal.attribute.ServerValueCreator;
import io.pghello.hibernate.internal.tracking.ServerValues.ServerValue;
import java.util.List;
import java.util.function.Function;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.EntityEntryExtraState;
import org.hibernate.generator.EventType;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/**
 * Records the values that entities were filled or loaded with. These records make it possible to
 * distinguish such values from values set by the application when an entity is written again: after
 * a rollback, after its removal, in another session, or as a copy.
 *
 * <p>Most loaded entities are never written, so loading an entity stores nothing here. Hibernate
 * keeps the loaded state in the entity's entry in the session. The values are copied from that
 * entry before the entity is written, removed, or evicted.
 */
public final class FilledValueTracker extends WeakIdentityMap<ServerValues> {
  private final Function<EntityPersister, List<ServerValueAttribute>> attributes;

  /**
   * Creates an empty tracker.
   *
   * @param attributes a function that returns the annotated attributes of an entity type
   */
  public FilledValueTracker(Function<EntityPersister, List<ServerValueAttribute>> attributes) {
    this.attributes = attributes;
  }

  /** The values that an entity was loaded with, attached to its entry. */
  private static final class Loaded implements ChainedEntryState {
    private final ServerValues serverValues = new ServerValues();
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
   * Returns the values that an entity was filled or loaded with; null if unknown. Call this before
   * a flush changes the entry's loaded state.
   *
   * @param entry the entity's entry in its session; null if it has none
   */
  public @Nullable ServerValues of(Object entity, @Nullable EntityEntry entry) {
    ServerValues stored = get(entity);
    if (stored != null || entry == null || !entry.isExistsInDatabase()) {
      return stored;
    }
    Loaded loaded = entry.getExtraState(Loaded.class);
    if (loaded == null) {
      if (attributes.apply(entry.getPersister()).isEmpty()) {
        return null;
      }
      loaded = new Loaded();
      note(entity, entry, loaded.serverValues);
      entry.addExtraState(loaded);
    }
    return loaded.serverValues;
  }

  /** Stores the loaded values of an entity, replacing earlier ones. */
  private void note(Object entity, EntityEntry entry, ServerValues serverValues) {
    @Nullable Object @Nullable [] state = entry.getLoadedState();
    if (state != null) {
      for (ServerValueAttribute attribute : attributes.apply(entry.getPersister())) {
        noteLoaded(entity, state, attribute, serverValues);
      }
    }
  }

  /**
   * Records the loaded value of an entity as filled in, unless it counts as set by the application.
   * A greeting counts as set if it does not match the loaded name. A time counts as set if the
   * attribute is filled only on INSERT, because a copy of the entity must keep the time.
   *
   * @param state the loaded state
   */
  private static void noteLoaded(
      Object entity,
      @Nullable Object[] state,
      ServerValueAttribute attribute,
      ServerValues serverValues) {
    ServerValueCreator value = attribute.value();
    AttributePath source = attribute.source();
    Object now = attribute.path().getFrom(state, entity);
    if (source == null && !value.isOn(EventType.UPDATE)) {
      if (serverValues.find(attribute, now) == null) {
        serverValues.remove(attribute);
      }
      return;
    }
    serverValues.remove(attribute);
    if (now == null || attribute.isUnset(now) || AttributePath.isUnfetched(now)) {
      return;
    }
    if (source == null) {
      serverValues.put(attribute, null, now);
    } else if (now instanceof String greeting
        && source.getFrom(state, entity) instanceof String name
        && PgHelloRequest.isGreeting(greeting, name, value.repeat())) {
      serverValues.put(attribute, name, greeting);
    }
  }

  /**
   * If the application has set another value since the entity was filled, discards the record of
   * the filled value.
   */
  public void noteChange(
      Object entity, @Nullable EntityEntry entry, ServerValueAttribute attribute) {
    Object now = attribute.path().isLoaded(entity) ? attribute.path().get(entity) : null;
    if (!attribute.isUnset(now)) {
      ServerValues entityValues = of(entity, entry);
      if (entityValues != null && entityValues.find(attribute, now) == null) {
        entityValues.remove(attribute);
      }
    }
  }

  /** Updates the values after an entity was reloaded. */
  public void reload(Object entity, EntityEntry entry) {
    ServerValues known = of(entity, entry);
    if (known != null) {
      note(entity, entry, known);
    }
  }

  /** Keeps the values of an entity that is about to leave its session. */
  public void keep(Object entity, EntityEntry entry) {
    ServerValues known = of(entity, entry);
    if (known != null && known.first() != null) {
      computeIfAbsent(entity, () -> known);
    }
  }

  public void put(
      Object entity,
      @Nullable EntityEntry entry,
      ServerValueAttribute attribute,
      @Nullable String name,
      Object value) {
    known(entity, entry).put(attribute, name, value);
  }

  /**
   * Copies the recorded values of an object when Hibernate copies the object's state to another
   * object. Both can be the same object.
   *
   * @param entry the session entry of the target; null if it has none
   */
  public void copy(Object from, Object to, @Nullable EntityEntry entry) {
    ServerValues stored = get(from);
    if (stored != null) {
      known(to, entry).putAll(stored);
    }
  }

  /**
   * Stores the values of a detached object so that they are known when the object is merged again.
   * A value is stored if it equals the value of the row that the object was merged into.
   *
   * @param merged the managed entity of the row
   * @param entry the entry of the managed entity
   */
  @SuppressWarnings("ReferenceEquality") // a managed object is merged into itself
  public void noteMerged(Object detached, Object merged, EntityEntry entry) {
    ServerValues row = detached == merged || get(detached) != null ? null : of(merged, entry);
    for (ServerValue each = row == null ? null : row.first(); each != null; each = each.next()) {
      if (each.attribute().has(detached, each.value())) {
        put(detached, null, each.attribute(), each.name(), each.value());
      }
    }
  }

  private ServerValues known(Object entity, @Nullable EntityEntry entry) {
    ServerValues known = of(entity, entry);
    return computeIfAbsent(entity, () -> known == null ? new ServerValues() : known);
  }
}
