// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static io.pghello.hibernate.ValueEvent.INSERT;
import static io.pghello.hibernate.ValueEvent.UPDATE;
import static java.util.Objects.requireNonNull;

import io.pghello.hibernate.ValueEvent;
import io.pghello.hibernate.ValueStrategy;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import org.hibernate.FlushMode;
import org.hibernate.Hibernate;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.PersistenceContext;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.engine.spi.Status;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/**
 * Computes the values of the entities of one session factory.
 *
 * <p>The first entity of a flush that needs a value sends one query for all entities that the flush
 * writes. By then everything has been cascaded, and nothing has been sent. The other entities find
 * their values at their entries in the session.
 */
public final class Prefetcher {
  private static final Map<SessionFactoryImplementor, Prefetcher> OF_FACTORIES =
      new ConcurrentHashMap<>();

  private final Map<String, List<MappedValue>> mapped;
  private final String schema;
  private final Map<EntityPersister, List<ServerValueAttribute>> filled = new ConcurrentHashMap<>();
  private final GivenValues given = new GivenValues();
  private final GivenValues writes = new GivenValues();

  // A stateless session has no entries for its entities to hang something on.
  private final Map<SharedSessionContractImplementor, GivenValues> stateless =
      Collections.synchronizedMap(new WeakHashMap<>());

  Prefetcher(Map<String, List<MappedValue>> mapped, String schema) {
    this.mapped = mapped;
    this.schema = schema;
  }

  void serve(SessionFactoryImplementor factory) {
    OF_FACTORIES.put(factory, this);
  }

  static void forget(SessionFactoryImplementor factory) {
    OF_FACTORIES.remove(factory);
  }

  /** Returns the prefetcher of the session's factory; null if no entity of it is filled. */
  private static @Nullable Prefetcher of(SharedSessionContractImplementor session) {
    Prefetcher values = OF_FACTORIES.get(session.getFactory());
    if (values == null && session.getFactory().isClosed()) {
      throw new IllegalStateException(
          "The session factory is closed, and fills no more entities; close its sessions before.");
    }
    return values;
  }

  GivenValues given() {
    return given;
  }

  /**
   * What is being written that a session has no entry for, or loses it: what a stateless session
   * writes, and marks in what an INSERT returns.
   */
  GivenValues writes() {
    return writes;
  }

  /** Returns the attributes of an entity type that are filled. */
  List<ServerValueAttribute> of(EntityPersister persister) {
    List<ServerValueAttribute> known = filled.get(persister);
    return known == null ? filled.computeIfAbsent(persister, this::find) : known;
  }

  private List<ServerValueAttribute> find(EntityPersister persister) {
    return mapped.getOrDefault(persister.getEntityName(), List.of()).stream()
        .map(value -> value.in(persister))
        .toList();
  }

  /**
   * Returns whether Hibernate is to call the generator of an entity's own attribute, and to write
   * what it returns. An UPDATE is to leave out what is not due, which another transaction may have
   * changed. An INSERT does not need to be asked for what is embedded: it is filled here, in the
   * state and in the entity, as Hibernate would make one object of the two, though they differ
   * where it has to insert a null first to break a cycle of foreign keys.
   */
  static boolean isGenerated(SharedSessionContractImplementor session, Object entity, String name) {
    Prefetcher values = requireNonNull(of(session), name);
    EntityEntry entry = session.getPersistenceContextInternal().getEntry(entity);
    PrefetchedValues prefetched =
        entry == null ? null : entry.getExtraState(PrefetchedValues.class);
    ValueEvent event = prefetched == null ? null : prefetched.event();
    if (entry == null || prefetched == null || event == null || isUnread(entity, entry)) {
      return true;
    }
    boolean generated = false;
    for (ServerValueAttribute attribute : values.of(entry.getPersister())) {
      AttributePath path = attribute.path();
      if (path.isAt(name) || path.isWithin(name)) {
        if (event == UPDATE) {
          generated |= values.isDue(attribute, values.write(entity, UPDATE, entry));
        } else if (path.isEmbedded()) {
          values.fill(session, entity, entry, attribute, requireNonNull(prefetched.state()));
        } else {
          generated = true;
        }
      }
    }
    return generated;
  }

  /** Fills an attribute of an entity, and of the state that its INSERT is about to write. */
  void fill(
      SharedSessionContractImplementor session,
      Object entity,
      EntityEntry entry,
      ServerValueAttribute attribute,
      @Nullable Object[] state) {
    if (attribute.value().isOn(INSERT)) {
      Object value = value(session, entity, entry, attribute, INSERT);
      attribute.path().set(entity, value);
      attribute.path().setIn(state, value);
    }
  }

  /**
   * What a generator of Hibernate answers: the value of an entity's own attribute as it is to be
   * written. If it is an embedded object, it is the one that was to be written, and what is in it
   * is filled, as in the entity's.
   */
  static @Nullable Object generate(
      SharedSessionContractImplementor session,
      Object entity,
      String name,
      @Nullable Object current,
      ValueEvent asked) {
    Prefetcher values = requireNonNull(of(session), name);
    EntityEntry entry = session.getPersistenceContextInternal().getEntry(entity);
    EntityPersister persister =
        entry == null ? session.getEntityPersister(null, entity) : entry.getPersister();
    ValueEvent event = eventOf(entry, asked);
    boolean set = AttributePath.isSet(entity, name);
    boolean unread = entry != null && event == UPDATE && isUnread(entity, entry);
    if (unread && !set) {
      read(session, entity, entry, name);
    }
    Object written = unread ? persister.getPropertyValue(entity, name) : current;
    for (ServerValueAttribute attribute : values.of(persister)) {
      AttributePath path = attribute.path();
      if (path.isAt(name) && unread && set && !attribute.value().overwrite()) {
        return path.get(entity);
      }
      if (path.isAt(name)) {
        return current != null
                && entry != null
                && values.isFilled(entry, attribute, entity, current)
            ? current
            : values.value(session, entity, entry, attribute, event);
      }
      if (path.isWithin(name) && attribute.value().isOn(event)) {
        Object value = values.value(session, entity, entry, attribute, event);
        path.set(entity, value);
        written = path.with(written, value);
      }
    }
    return written;
  }

  /**
   * Returns whether an entity and the state that is about to be written have the value that was
   * prefetched for the name in there, and so nothing has changed since.
   */
  @SuppressWarnings("ReferenceEquality") // an equal value may be the program's
  private boolean isFilled(
      EntityEntry entry, ServerValueAttribute attribute, Object entity, Object current) {
    PrefetchedValues prefetched = entry.getExtraState(PrefetchedValues.class);
    if (prefetched == null || prefetched.event() != INSERT) {
      return false;
    }
    EntityWrite write = new EntityWrite(entity, INSERT, entry, prefetched.state());
    return prefetched.get(attribute, attribute.name(write)) == current
        && attribute.path().get(entity) == current;
  }

  /** Returns what the statement is: a new row of what is {@code @Temporal} is an UPDATE's. */
  private static ValueEvent eventOf(@Nullable EntityEntry entry, ValueEvent asked) {
    PrefetchedValues prefetched =
        entry == null ? null : entry.getExtraState(PrefetchedValues.class);
    ValueEvent event = prefetched == null ? null : prefetched.event();
    return event == null ? asked : event;
  }

  /**
   * Returns whether an enhanced entity was referred to, and not read. Hibernate updates what the
   * program has set in it, and what is generated.
   */
  private static boolean isUnread(Object entity, EntityEntry entry) {
    return entry.getLoadedState() == null
        && entry.isExistsInDatabase()
        && !Hibernate.isInitialized(entity);
  }

  /** Reads an attribute from the row, so that it is not overwritten with what it is not. */
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

  /**
   * Returns the value of an attribute as it is to be written; asks the server if it must.
   *
   * @param entry the entity's in its session; null in a stateless one
   */
  @Nullable Object value(
      SharedSessionContractImplementor session,
      Object entity,
      @Nullable EntityEntry entry,
      ServerValueAttribute attribute,
      ValueEvent event) {
    EntityWrite write = write(entity, event, entry);
    Object value =
        isDue(attribute, write) ? answer(session, write, attribute) : attribute.path().get(entity);
    if (entry == null) {
      take(session, entity, attribute);
    }
    return value;
  }

  /** Returns what is known of a statement, before and after Hibernate has begun it. */
  private EntityWrite write(Object entity, ValueEvent event, @Nullable EntityEntry entry) {
    PrefetchedValues prefetched =
        entry == null ? writes.of(entity) : entry.getExtraState(PrefetchedValues.class);
    return new EntityWrite(entity, event, entry, prefetched == null ? null : prefetched.state());
  }

  /**
   * Returns whether a value is to be computed, by what the entity was given before. Forgets that
   * first if the program has set something else since.
   */
  boolean isDue(ServerValueAttribute attribute, EntityWrite write) {
    attribute.noteChange(write.entity(), given);
    return attribute.isDue(write, given);
  }

  private @Nullable Object answer(
      SharedSessionContractImplementor session, EntityWrite write, ServerValueAttribute attribute) {
    String name = attribute.name(write);
    if (attribute.source() != null && name == null) {
      return attribute.unasked(write);
    }
    Object entity = write.entity();
    EntityEntry entry = write.entry();
    PrefetchedValues prefetched =
        entry == null ? ofStateless(session, entity) : PrefetchedValues.at(entry);
    if (prefetched.get(attribute, name) == null) {
      ask(session, write, prefetched);
    }
    Object answer = requireNonNull(prefetched.get(attribute, name));
    given.put(entity, attribute, name, answer);
    return answer;
  }

  private PrefetchedValues ofStateless(SharedSessionContractImplementor session, Object entity) {
    return stateless.computeIfAbsent(session, any -> new GivenValues()).made(entity);
  }

  /** Keeps what is prefetched until each attribute has been written, once. */
  private void take(
      SharedSessionContractImplementor session, Object entity, ServerValueAttribute attribute) {
    GivenValues ofSession = stateless.get(session);
    if (ofSession != null) {
      ofSession.remove(entity, attribute);
    }
  }

  private void ask(
      SharedSessionContractImplementor session, EntityWrite write, PrefetchedValues prefetched) {
    PersistenceContext context = session.getPersistenceContextInternal();
    // Outside a flush the others may still change.
    List<Map.Entry<Object, EntityEntry>> others =
        context.isFlushing() ? List.of(context.reentrantSafeEntityEntries()) : List.of();
    var query = new PrefetchQuery(timeOf(others));
    EntityEntry own = write.entry();
    EntityPersister persister =
        own == null ? session.getEntityPersister(null, write.entity()) : own.getPersister();
    add(query, persister, write, prefetched);
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
            PrefetchedValues.at(entry));
      }
    }
    query.send(session, schema);
  }

  /** Returns the time that one of the entities was given in the current flush; null if none was. */
  private static @Nullable Long timeOf(List<Map.Entry<Object, EntityEntry>> entities) {
    for (Map.Entry<Object, EntityEntry> each : entities) {
      PrefetchedValues prefetched = each.getValue().getExtraState(PrefetchedValues.class);
      Long millis = prefetched == null ? null : prefetched.millis();
      if (millis != null) {
        return millis;
      }
    }
    return null;
  }

  /** Returns whether the current flush writes the entity. */
  private static boolean isPending(EntityEntry entry) {
    if (entry.isExistsInDatabase()) {
      PrefetchedValues prefetched = entry.getExtraState(PrefetchedValues.class);
      return prefetched != null && prefetched.isUpdated() && entry.getStatus() == Status.MANAGED;
    }
    // what is removed in the same flush is inserted before
    return entry.getStatus() == Status.MANAGED
        || entry.getStatus() == Status.READ_ONLY
        || entry.getStatus() == Status.DELETED;
  }

  /** Asks for what an entity needs and has not been answered. */
  private void add(
      PrefetchQuery query,
      EntityPersister persister,
      EntityWrite write,
      PrefetchedValues prefetched) {
    for (ServerValueAttribute attribute : of(persister)) {
      if (isPrefetched(attribute, write)
          && prefetched.get(attribute, attribute.name(write)) == null) {
        query.add(attribute, write, prefetched);
      }
    }
  }

  private boolean isPrefetched(ServerValueAttribute attribute, EntityWrite write) {
    return attribute.strategy() == ValueStrategy.PREFETCH && isDue(attribute, write);
  }

  /** Fills entities that a stateless session is about to insert. */
  public static void prefetch(SharedSessionContractImplementor session, Collection<?> entities) {
    Prefetcher values = of(session);
    if (values != null) {
      values.fill(session, entities);
    }
  }

  private void fill(SharedSessionContractImplementor session, Collection<?> entities) {
    var answers = new IdentityHashMap<Object, PrefetchedValues>();
    var query = new PrefetchQuery(null);
    for (Object entity : entities) {
      var prefetched = new PrefetchedValues();
      if (answers.putIfAbsent(entity, prefetched) == null) {
        addMissing(query, session, entity, prefetched);
      }
      if (query.isFull()) {
        query.send(session, schema);
        query = new PrefetchQuery(query.millis());
      }
    }
    query.send(session, schema);
    answers.forEach((entity, prefetched) -> fill(session, entity, prefetched));
  }

  /** Asks for what an entity needs and has not been given by an earlier call. */
  private void addMissing(
      PrefetchQuery query,
      SharedSessionContractImplementor session,
      Object entity,
      PrefetchedValues prefetched) {
    GivenValues ofSession = stateless.get(session);
    PrefetchedValues earlier = ofSession == null ? null : ofSession.of(entity);
    var write = new EntityWrite(entity, INSERT, null, null);
    for (ServerValueAttribute attribute : of(session.getEntityPersister(null, entity))) {
      if (isPrefetched(attribute, write)
          && (earlier == null || earlier.get(attribute, attribute.name(write)) == null)) {
        query.add(attribute, write, prefetched);
      }
    }
  }

  private void fill(
      SharedSessionContractImplementor session, Object entity, PrefetchedValues prefetched) {
    var write = new EntityWrite(entity, INSERT, null, null);
    for (ServerValueAttribute attribute : of(session.getEntityPersister(null, entity))) {
      String name = attribute.name(write);
      Object answer = prefetched.get(attribute, name);
      if (answer != null) {
        attribute.path().set(entity, answer);
        given.put(entity, attribute, name, answer);
        // the insert is to find what it would ask for again
        if (isDue(attribute, write)) {
          ofStateless(session, entity).put(attribute, name, answer);
        }
      }
    }
  }
}
