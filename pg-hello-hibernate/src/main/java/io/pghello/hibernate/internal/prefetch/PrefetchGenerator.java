// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.prefetch;

import static java.util.Objects.requireNonNull;
import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.hibernate.internal.attribute.AttributePath;
import io.pghello.hibernate.internal.attribute.ServerValueAttribute;
import io.pghello.hibernate.internal.tracking.EntityWrite;
import io.pghello.hibernate.internal.tracking.FlushState;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.hibernate.FlushMode;
import org.hibernate.Hibernate;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.generator.BeforeExecutionGenerator;
import org.hibernate.generator.EventType;
import org.hibernate.generator.Generator;
import org.hibernate.generator.GeneratorCreationContext;
import org.hibernate.mapping.GeneratorCreator;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/**
 * Passes prefetched values to Hibernate. Generates values only before a statement is executed,
 * because Hibernate 7.0 disables batching for generators that can also generate values during
 * execution.
 */
// Hibernate declares generators as serializable but never serializes them.
@SuppressWarnings("serial")
public final class PrefetchGenerator implements BeforeExecutionGenerator {
  private final Prefetcher prefetcher;
  private final String name;
  private final EnumSet<EventType> events;

  /** Creates the generator of an embedded object that contains annotated attributes. */
  public record Creator(Prefetcher prefetcher, String name, Set<EventType> events)
      implements GeneratorCreator {
    @Override
    public Generator createGenerator(GeneratorCreationContext context) {
      return new PrefetchGenerator(prefetcher, name, events);
    }
  }

  /**
   * Creates a generator for an attribute of an entity.
   *
   * @param prefetcher the prefetcher that computes the values
   * @param name the attribute's name; the attribute may be an embedded object that contains
   *     annotated attributes
   * @param on the events at which any of the values is computed
   */
  public PrefetchGenerator(Prefetcher prefetcher, String name, Set<EventType> on) {
    this.prefetcher = prefetcher;
    this.name = name;
    this.events = EnumSet.noneOf(EventType.class);
    events.addAll(on);
  }

  @Override
  public EnumSet<EventType> getEventTypes() {
    return events;
  }

  // Called only by Hibernate 6.6.
  @Override
  public boolean generatedOnExecution(Object entity, SharedSessionContractImplementor session) {
    return !generatedBeforeExecution(entity, session);
  }

  // Called only by Hibernate 7.
  public boolean generatedBeforeExecution(Object entity, SharedSessionContractImplementor session) {
    fillWithoutGenerator(session, entity);
    return isGeneratedByHibernate(session, entity);
  }

  /**
   * Fills attributes for which Hibernate must not call the generator, both in the entity and in the
   * state to be written. There are two cases:
   *
   * <ul>
   *   <li>Embedded attributes of an INSERT. The embedded object in the entity and the embedded
   *       object in the state are different objects if Hibernate first inserts a null to break a
   *       cycle of foreign keys. A generated object would replace both objects.
   *   <li>An UPDATE of all attributes of a {@code @DynamicUpdate} entity. If the generator were
   *       called, Hibernate would write only the generated attribute.
   * </ul>
   */
  private void fillWithoutGenerator(SharedSessionContractImplementor session, Object entity) {
    EntityEntry entry = session.getPersistenceContextInternal().getEntry(entity);
    FlushState flush = prefetcher.flush(entity, entry);
    @Nullable Object @Nullable [] state = flush == null ? null : flush.state();
    if (flush == null || state == null || isUnread(entity, entry)) {
      return;
    }
    EventType event = requireNonNull(flush.event());
    boolean whole = isWholeUpdate(session, entity, entry, event);
    EntityPersister persister = Prefetcher.persister(session, entity, entry);
    for (ServerValueAttribute attribute : prefetcher.of(persister)) {
      AttributePath path = attribute.path();
      boolean embedded = entry != null && event == INSERT && path.isWithin(name);
      if ((embedded || (whole && path.isPartOf(name)))
          && attribute.value().isOn(event)
          && flush.markFilled(attribute)) {
        prefetcher.fill(session, entity, entry, attribute, event, state);
      }
    }
  }

  /**
   * Returns whether Hibernate should call this generator and write the result. An UPDATE omits
   * values that need not be computed, because another transaction may have changed them.
   */
  private boolean isGeneratedByHibernate(SharedSessionContractImplementor session, Object entity) {
    EntityEntry entry = session.getPersistenceContextInternal().getEntry(entity);
    FlushState flush = prefetcher.flush(entity, entry);
    EventType event = flush == null ? null : flush.event();
    if (event == null || isUnread(entity, entry)) {
      return true;
    }
    if (isWholeUpdate(session, entity, entry, event)) {
      return false;
    }
    if (entry == null) {
      return true;
    }
    return prefetcher.of(entry.getPersister()).stream()
        .filter(attribute -> attribute.path().isPartOf(name))
        .anyMatch(
            attribute ->
                event == UPDATE
                    ? prefetcher.rules().isDue(attribute, prefetcher.write(entity, UPDATE, entry))
                    : !attribute.path().isEmbedded());
  }

  /**
   * Returns whether an UPDATE writes all attributes of an entity with {@code @DynamicUpdate}
   * because the changed attributes are unknown. If an annotated attribute were reported as
   * generated, Hibernate would treat this attribute as the only change.
   */
  private static boolean isWholeUpdate(
      SharedSessionContractImplementor session,
      Object entity,
      @Nullable EntityEntry entry,
      EventType event) {
    return event == UPDATE
        && (entry == null
            ? Hibernate.isInitialized(entity)
            : EntityWrite.isOfDetached(entity, entry))
        && Prefetcher.persister(session, entity, entry).getEntityMetamodel().isDynamicUpdate();
  }

  /**
   * Returns the attribute's value, as it should be written. If the attribute is an embedded object,
   * returns the object to be written, and fills the annotated attributes both in this object and in
   * the entity.
   */
  @Override
  public @Nullable Object generate(
      SharedSessionContractImplementor session,
      Object entity,
      @Nullable Object current,
      EventType eventType) {
    EntityEntry entry = session.getPersistenceContextInternal().getEntry(entity);
    EntityPersister persister = Prefetcher.persister(session, entity, entry);
    EventType event = eventOf(entry, eventType);
    boolean set = AttributePath.isSet(entity, name);
    boolean unread = entry != null && event == UPDATE && isUnread(entity, entry);
    if (unread && !set) {
      read(session, entity, entry, name);
    }
    Object written = unread ? persister.getPropertyValue(entity, name) : current;
    for (ServerValueAttribute attribute : prefetcher.of(persister)) {
      AttributePath path = attribute.path();
      if (path.isAt(name) && unread && set && !attribute.value().overwrite()) {
        return path.get(entity);
      }
      if (path.isAt(name)) {
        return current != null && entry != null && isFilled(entry, attribute, entity, current)
            ? current
            : prefetcher.value(session, entity, entry, attribute, event);
      }
      if (path.isWithin(name) && attribute.value().isOn(event)) {
        Object value = prefetcher.value(session, entity, entry, attribute, event);
        path.set(entity, value);
        written = path.with(written, value);
      }
    }
    return written;
  }

  /**
   * Returns whether both the entity and the state to be written still contain the value that was
   * prefetched for the current name.
   */
  @SuppressWarnings("ReferenceEquality") // the application may have set an equal value
  private static boolean isFilled(
      EntityEntry entry, ServerValueAttribute attribute, Object entity, Object current) {
    FlushState flush = FlushState.find(entry);
    if (flush == null || flush.event() != INSERT) {
      return false;
    }
    EntityWrite write = new EntityWrite(entity, INSERT, entry, flush.state());
    return flush.serverValues().get(attribute, write.name(attribute)) == current
        && attribute.path().get(entity) == current;
  }

  /**
   * Returns the event of the current statement. An UPDATE of a {@code @Temporal} entity inserts a
   * new row, but counts as an UPDATE.
   */
  private static EventType eventOf(@Nullable EntityEntry entry, EventType asked) {
    FlushState flush = FlushState.find(entry);
    EventType event = flush == null ? null : flush.event();
    return event == null ? asked : event;
  }

  /**
   * Returns whether an entity is a bytecode-enhanced reference that has not been loaded. Hibernate
   * updates only the generated attributes of such an entity, and the attributes set by the
   * application.
   */
  private static boolean isUnread(Object entity, @Nullable EntityEntry entry) {
    return entry != null
        && entry.getLoadedState() == null
        && entry.isExistsInDatabase()
        && !Hibernate.isInitialized(entity);
  }

  /**
   * Reads an attribute from the row, so that the UPDATE does not overwrite it with a wrong value.
   */
  private static void read(
      SharedSessionContractImplementor session, Object entity, EntityEntry entry, String name) {
    EntityPersister persister = entry.getPersister();
    List<Object> found =
        session
            .createSelectionQuery(
                "select e." + name + " from " + persister.getEntityName() + " e where id(e) = :id",
                Object.class)
            .setParameter("id", requireNonNull(entry.getId()))
            .setHibernateFlushMode(FlushMode.MANUAL)
            .getResultList();
    if (!found.isEmpty()) {
      persister.setValue(entity, persister.getPropertyIndex(name), found.get(0));
    }
  }

  // Called by Hibernate 7, which would otherwise omit the attribute from UPDATEs. Hibernate 6.6
  // never omits the attribute.
  public boolean allowMutation() {
    return true;
  }
}
