// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.prefetch;

import static java.util.Objects.requireNonNull;
import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.hibernate.ValueStrategy;
import io.pghello.hibernate.internal.attribute.MappedValue;
import io.pghello.hibernate.internal.attribute.ServerValueAttribute;
import io.pghello.hibernate.internal.tracking.EntityWrite;
import io.pghello.hibernate.internal.tracking.FilledValueTracker;
import io.pghello.hibernate.internal.tracking.FlushState;
import io.pghello.hibernate.internal.tracking.ServerValues;
import io.pghello.hibernate.internal.tracking.WeakIdentityMap;
import io.pghello.hibernate.internal.tracking.WriteRules;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.PersistenceContext;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.engine.spi.Status;
import org.hibernate.generator.EventType;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/**
 * Fetches the greetings and times for the annotated attributes of one session factory's entities.
 *
 * <p>When a flush reaches the first entity that needs a value, one query fetches the values for all
 * entities that the flush writes. At that point, all cascades are complete, and no statement has
 * been sent yet. Each entity's values are stored in its entry in the session.
 */
public final class Prefetcher {
  private final String schema;
  private final Map<EntityPersister, List<ServerValueAttribute>> filled = new ConcurrentHashMap<>();
  private final FilledValueTracker filledValues = new FilledValueTracker(this::of);
  private final WriteRules rules = new WriteRules(filledValues);
  private final WeakIdentityMap<FlushState> writes = new WeakIdentityMap<>();
  private Map<String, List<MappedValue>> mapped = Map.of();

  // the values prefetched in each stateless session; an entity's values are removed when the entity
  // is written
  private final Map<SharedSessionContractImplementor, WeakIdentityMap<ServerValues>> prefetched =
      Collections.synchronizedMap(new WeakHashMap<>());

  public Prefetcher(String schema) {
    this.schema = schema;
  }

  /**
   * Sets the annotated attributes. Call this before any session is opened.
   *
   * @param values the attributes by entity name
   */
  public void map(Map<String, List<MappedValue>> values) {
    mapped = values;
  }

  public FilledValueTracker filledValues() {
    return filledValues;
  }

  public WriteRules rules() {
    return rules;
  }

  /**
   * Returns the flush states that cannot be stored in the entity's session entry. These are the
   * flush states of entities in stateless sessions, which have no entries, and of entities that
   * receive values returned by the INSERT, because Hibernate may replace their entries.
   */
  public WeakIdentityMap<FlushState> writes() {
    return writes;
  }

  /** Returns the annotated attributes of an entity type. */
  public List<ServerValueAttribute> of(EntityPersister persister) {
    List<ServerValueAttribute> known = filled.get(persister);
    return known == null ? filled.computeIfAbsent(persister, this::find) : known;
  }

  private List<ServerValueAttribute> find(EntityPersister persister) {
    return mapped.getOrDefault(persister.getEntityName(), List.of()).stream()
        .map(value -> value.in(persister))
        .toList();
  }

  /** Fills an attribute in the entity and in the state to be written. */
  public void fill(
      SharedSessionContractImplementor session,
      Object entity,
      @Nullable EntityEntry entry,
      ServerValueAttribute attribute,
      EventType event,
      @Nullable Object[] state) {
    Object value = value(session, entity, entry, attribute, event);
    attribute.path().set(entity, value);
    attribute.path().setIn(state, value);
  }

  /**
   * Returns the value to be written for an attribute. Queries the server if necessary.
   *
   * @param entry the entity's entry in its session; null in a stateless session
   */
  @Nullable Object value(
      SharedSessionContractImplementor session,
      Object entity,
      @Nullable EntityEntry entry,
      ServerValueAttribute attribute,
      EventType event) {
    EntityWrite write = write(entity, event, entry);
    if (entry == null) {
      movePrefetched(session, write);
    }
    return rules.isDue(attribute, write)
        ? serverValue(session, write, attribute)
        : attribute.path().get(entity);
  }

  /** Returns the current or upcoming write of an entity. */
  EntityWrite write(Object entity, EventType event, @Nullable EntityEntry entry) {
    FlushState flush = flush(entity, entry);
    return new EntityWrite(entity, event, entry, flush == null ? null : flush.state());
  }

  /**
   * Returns an entity's state in the current flush, or in the current statement of a stateless
   * session; null if there is none.
   */
  @Nullable FlushState flush(Object entity, @Nullable EntityEntry entry) {
    return entry == null ? writes.get(entity) : FlushState.find(entry);
  }

  /** Returns the persister of an entity, which has no entry in a stateless session. */
  static EntityPersister persister(
      SharedSessionContractImplementor session, Object entity, @Nullable EntityEntry entry) {
    return entry == null ? session.getEntityPersister(null, entity) : entry.getPersister();
  }

  private @Nullable Object serverValue(
      SharedSessionContractImplementor session, EntityWrite write, ServerValueAttribute attribute) {
    String name = write.name(attribute);
    if (attribute.source() != null && name == null) {
      return rules.valueWithoutQuery(attribute, write);
    }
    ServerValues serverValues = serverValues(write);
    if (serverValues.get(attribute, name) == null) {
      fetch(session, write, attribute, serverValues);
    }
    Object serverValue = requireNonNull(serverValues.get(attribute, name));
    filledValues.put(write.entity(), write.entry(), attribute, name, serverValue);
    return serverValue;
  }

  /**
   * Returns the entity's values for the current flush, or for the current statement in a stateless
   * session.
   */
  private ServerValues serverValues(EntityWrite write) {
    EntityEntry entry = write.entry();
    FlushState flush =
        entry == null
            ? writes.computeIfAbsent(write.entity(), FlushState::new)
            : FlushState.at(entry);
    return flush.serverValues();
  }

  /**
   * Moves an entity's prefetched values to the state of its INSERT. Discards them if the current
   * statement is not an INSERT.
   */
  private void movePrefetched(SharedSessionContractImplementor session, EntityWrite write) {
    WeakIdentityMap<ServerValues> ofSession = prefetched.get(session);
    ServerValues taken = ofSession == null ? null : ofSession.remove(write.entity());
    if (taken != null && write.event() == INSERT) {
      serverValues(write).putAll(taken);
    }
  }

  /**
   * Fetches the value of an attribute. During a flush, other values that the flush needs are added
   * to the same query until the query is full.
   */
  private void fetch(
      SharedSessionContractImplementor session,
      EntityWrite write,
      ServerValueAttribute attribute,
      ServerValues serverValues) {
    requireOpen(session);
    PersistenceContext context = session.getPersistenceContextInternal();
    // outside a flush, the other entities may still change
    List<Map.Entry<Object, EntityEntry>> others =
        context.isFlushing() ? List.of(context.reentrantSafeEntityEntries()) : List.of();
    var query = new PrefetchQuery(session, timeOf(others));
    EntityEntry own = write.entry();
    EntityPersister persister =
        own == null ? session.getEntityPersister(null, write.entity()) : own.getPersister();
    boolean unused = query.add(attribute, write, serverValues);
    add(query, persister, write, serverValues, attribute);
    for (Map.Entry<Object, EntityEntry> other : others) {
      if (query.isFull()) {
        break;
      }
      EntityEntry entry = other.getValue();
      if (!entry.equals(own) && !of(entry.getPersister()).isEmpty() && isPending(entry)) {
        add(
            query,
            entry.getPersister(),
            write(other.getKey(), entry.isExistsInDatabase() ? UPDATE : INSERT, entry),
            FlushState.at(entry).serverValues(),
            null);
      }
    }
    query.send(schema);
  }

  /**
   * Returns the server time that the current flush has already fetched; null if it has fetched
   * none.
   */
  private static @Nullable Long timeOf(List<Map.Entry<Object, EntityEntry>> entities) {
    for (Map.Entry<Object, EntityEntry> each : entities) {
      FlushState flush = FlushState.find(each.getValue());
      Long millis = flush == null ? null : flush.millis();
      if (millis != null) {
        return millis;
      }
    }
    return null;
  }

  /** Returns whether the current flush writes the entity. */
  private static boolean isPending(EntityEntry entry) {
    if (entry.isExistsInDatabase()) {
      FlushState flush = FlushState.find(entry);
      return flush != null && flush.isUpdated() && entry.getStatus() == Status.MANAGED;
    }
    // an entity that is persisted and removed in the same flush is inserted first
    return entry.getStatus() == Status.MANAGED
        || entry.getStatus() == Status.READ_ONLY
        || entry.getStatus() == Status.DELETED;
  }

  /**
   * Adds the missing values of an entity to the query. Values that do not fit into the query are
   * fetched later.
   *
   * @param added an attribute that is already in the query; null if there is none
   */
  private void add(
      PrefetchQuery query,
      EntityPersister persister,
      EntityWrite write,
      ServerValues serverValues,
      @Nullable ServerValueAttribute added) {
    for (ServerValueAttribute attribute : of(persister)) {
      if (!attribute.equals(added)
          && isPrefetched(attribute, write)
          && serverValues.get(attribute, write.name(attribute)) == null
          && !query.add(attribute, write, serverValues)) {
        return;
      }
    }
  }

  private boolean isPrefetched(ServerValueAttribute attribute, EntityWrite write) {
    return attribute.strategy() == ValueStrategy.PREFETCH && rules.isDue(attribute, write);
  }

  static void requireOpen(SharedSessionContractImplementor session) {
    if (session.getFactory().isClosed()) {
      throw new IllegalStateException(
          "The session factory is closed and cannot fill entities. Close its sessions first.");
    }
  }

  /** Fills entities that a stateless session is about to insert. */
  void fill(SharedSessionContractImplementor session, Collection<?> entities) {
    var serverValues = new IdentityHashMap<Object, ServerValues>();
    var query = new PrefetchQuery(session, null);
    for (Object entity : entities) {
      var entityValues = new ServerValues();
      if (serverValues.putIfAbsent(entity, entityValues) == null) {
        query = addMissing(query, session, entity, entityValues);
      }
      if (query.isFull()) {
        query = next(query, session);
      }
    }
    query.send(schema);
    serverValues.forEach((entity, entityValues) -> fill(session, entity, entityValues));
  }

  /** Sends a query and returns a new, empty query for the remaining values. */
  private PrefetchQuery next(PrefetchQuery query, SharedSessionContractImplementor session) {
    query.send(schema);
    return new PrefetchQuery(session, query.millis());
  }

  /**
   * Adds an entity's values to the query, except the values that an earlier call has prefetched.
   * Returns the query to use for the next entity.
   */
  private PrefetchQuery addMissing(
      PrefetchQuery query,
      SharedSessionContractImplementor session,
      Object entity,
      ServerValues serverValues) {
    PrefetchQuery current = query;
    WeakIdentityMap<ServerValues> ofSession = prefetched.get(session);
    ServerValues earlier = ofSession == null ? null : ofSession.get(entity);
    var write = new EntityWrite(entity, INSERT, null, null);
    for (ServerValueAttribute attribute : of(session.getEntityPersister(null, entity))) {
      if (isPrefetched(attribute, write)
          && (earlier == null || earlier.get(attribute, write.name(attribute)) == null)
          && !current.add(attribute, write, serverValues)) {
        current = next(current, session);
        boolean unused = current.add(attribute, write, serverValues);
      }
    }
    return current;
  }

  private void fill(
      SharedSessionContractImplementor session, Object entity, ServerValues serverValues) {
    var write = new EntityWrite(entity, INSERT, null, null);
    for (ServerValueAttribute attribute : of(session.getEntityPersister(null, entity))) {
      String name = write.name(attribute);
      Object serverValue = serverValues.get(attribute, name);
      if (serverValue != null) {
        attribute.path().set(entity, serverValue);
        filledValues.put(entity, null, attribute, name, serverValue);
        prefetched
            .computeIfAbsent(session, any -> new WeakIdentityMap<>())
            .computeIfAbsent(entity, ServerValues::new)
            .put(attribute, name, serverValue);
      }
    }
  }
}
