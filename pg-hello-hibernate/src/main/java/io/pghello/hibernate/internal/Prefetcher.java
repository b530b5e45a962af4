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
  private final String schema;
  private final Map<EntityPersister, List<ServerValueAttribute>> filled = new ConcurrentHashMap<>();
  private final GivenValues given = new GivenValues(this::of);
  private final WeakIdentityMap<FlushState> writes = new WeakIdentityMap<>();
  private Map<String, List<MappedValue>> mapped = Map.of();

  // by the stateless session that is to insert it
  private final Map<SharedSessionContractImplementor, WeakIdentityMap<Answers>> prefetched =
      Collections.synchronizedMap(new WeakHashMap<>());

  Prefetcher(String schema) {
    this.schema = schema;
  }

  /**
   * Says what it is to fill, before there are sessions.
   *
   * @param values by the entity's name
   */
  void map(Map<String, List<MappedValue>> values) {
    mapped = values;
  }

  GivenValues given() {
    return given;
  }

  /**
   * Returns the entities being written that have no entry in the persistence context, or lose it:
   * those that a stateless session writes, and marks in the rows that an INSERT returns.
   */
  WeakIdentityMap<FlushState> writes() {
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
   * Fills what Hibernate is not to be asked for, in the entity and in the state that is about to be
   * written: what is embedded in an entity that is inserted, as Hibernate would make one object of
   * the two, though they differ where it has to insert a null first to break a cycle of foreign
   * keys; and what is in an UPDATE of which Hibernate would write nothing else.
   *
   * @param name the entity's own attribute
   */
  void fillUnasked(SharedSessionContractImplementor session, Object entity, String name) {
    EntityEntry entry = session.getPersistenceContextInternal().getEntry(entity);
    FlushState flush = flush(entity, entry);
    @Nullable Object @Nullable [] state = flush == null ? null : flush.state();
    if (flush == null || state == null || isUnread(entity, entry)) {
      return;
    }
    ValueEvent event = requireNonNull(flush.event());
    boolean whole = isWholeUpdate(session, entity, entry, event);
    for (ServerValueAttribute attribute : of(persister(session, entity, entry))) {
      AttributePath path = attribute.path();
      boolean embedded = entry != null && event == INSERT && path.isWithin(name);
      if ((embedded || (whole && path.isPartOf(name)))
          && attribute.value().isOn(event)
          && flush.markFilled(attribute)) {
        fill(session, entity, entry, attribute, event, state);
      }
    }
  }

  /**
   * Returns whether Hibernate is to call the generator of an entity's own attribute, and to write
   * what it returns. An UPDATE is to leave out what is not due, which another transaction may have
   * changed.
   */
  boolean isAsked(SharedSessionContractImplementor session, Object entity, String name) {
    EntityEntry entry = session.getPersistenceContextInternal().getEntry(entity);
    FlushState flush = flush(entity, entry);
    ValueEvent event = flush == null ? null : flush.event();
    if (event == null || isUnread(entity, entry)) {
      return true;
    }
    if (isWholeUpdate(session, entity, entry, event)) {
      return false;
    }
    if (entry == null) {
      return true;
    }
    return of(entry.getPersister()).stream()
        .filter(attribute -> attribute.path().isPartOf(name))
        .anyMatch(
            attribute ->
                event == UPDATE
                    ? isDue(attribute, write(entity, UPDATE, entry))
                    : !attribute.path().isEmbedded());
  }

  /**
   * Returns whether an UPDATE writes all attributes of an entity for which Hibernate would only
   * write those that have changed, if it knew them. If it was told that one is generated, it would
   * take that for all that has changed.
   */
  private static boolean isWholeUpdate(
      SharedSessionContractImplementor session,
      Object entity,
      @Nullable EntityEntry entry,
      ValueEvent event) {
    return event == UPDATE
        && (entry == null
            ? Hibernate.isInitialized(entity)
            : EntityWrite.isOfDetached(entity, entry))
        && persister(session, entity, entry).getEntityMetamodel().isDynamicUpdate();
  }

  /** Fills an attribute of an entity, and of the state that is about to be written. */
  void fill(
      SharedSessionContractImplementor session,
      Object entity,
      @Nullable EntityEntry entry,
      ServerValueAttribute attribute,
      ValueEvent event,
      @Nullable Object[] state) {
    Object value = value(session, entity, entry, attribute, event);
    attribute.path().set(entity, value);
    attribute.path().setIn(state, value);
  }

  /**
   * Returns the answer of a generator of Hibernate: the value of an entity's own attribute as it is
   * to be written. An embedded object is the one that was to be written, with its own attributes
   * filled, as in the entity.
   */
  @Nullable Object generate(
      SharedSessionContractImplementor session,
      Object entity,
      String name,
      @Nullable Object current,
      ValueEvent asked) {
    EntityEntry entry = session.getPersistenceContextInternal().getEntry(entity);
    EntityPersister persister = persister(session, entity, entry);
    ValueEvent event = eventOf(entry, asked);
    boolean set = AttributePath.isSet(entity, name);
    boolean unread = entry != null && event == UPDATE && isUnread(entity, entry);
    if (unread && !set) {
      read(session, entity, entry, name);
    }
    Object written = unread ? persister.getPropertyValue(entity, name) : current;
    for (ServerValueAttribute attribute : of(persister)) {
      AttributePath path = attribute.path();
      if (path.isAt(name) && unread && set && !attribute.value().overwrite()) {
        return path.get(entity);
      }
      if (path.isAt(name)) {
        return current != null && entry != null && isFilled(entry, attribute, entity, current)
            ? current
            : value(session, entity, entry, attribute, event);
      }
      if (path.isWithin(name) && attribute.value().isOn(event)) {
        Object value = value(session, entity, entry, attribute, event);
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
    FlushState flush = FlushState.find(entry);
    if (flush == null || flush.event() != INSERT) {
      return false;
    }
    EntityWrite write = new EntityWrite(entity, INSERT, entry, flush.state());
    return flush.answers().get(attribute, attribute.name(write)) == current
        && attribute.path().get(entity) == current;
  }

  /** Returns what the statement is: a new row of what is {@code @Temporal} is an UPDATE's. */
  private static ValueEvent eventOf(@Nullable EntityEntry entry, ValueEvent asked) {
    FlushState flush = FlushState.find(entry);
    ValueEvent event = flush == null ? null : flush.event();
    return event == null ? asked : event;
  }

  /**
   * Returns whether an enhanced entity was referred to, and not read. Hibernate updates what the
   * program has set in it, and what is generated.
   */
  private static boolean isUnread(Object entity, @Nullable EntityEntry entry) {
    return entry != null
        && entry.getLoadedState() == null
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
    if (entry == null) {
      takePrefetched(session, write);
    }
    return isDue(attribute, write)
        ? answer(session, write, attribute)
        : attribute.path().get(entity);
  }

  /** Returns what is known of a statement, before and after Hibernate has begun it. */
  private EntityWrite write(Object entity, ValueEvent event, @Nullable EntityEntry entry) {
    FlushState flush = flush(entity, entry);
    return new EntityWrite(entity, event, entry, flush == null ? null : flush.state());
  }

  /** Returns what is known of the current flush or statement; null if nothing is. */
  private @Nullable FlushState flush(Object entity, @Nullable EntityEntry entry) {
    return entry == null ? writes.get(entity) : FlushState.find(entry);
  }

  private static EntityPersister persister(
      SharedSessionContractImplementor session, Object entity, @Nullable EntityEntry entry) {
    return entry == null ? session.getEntityPersister(null, entity) : entry.getPersister();
  }

  /**
   * Returns whether a value is to be computed, by what the entity was given before. Forgets that
   * first if the program has set something else since.
   */
  boolean isDue(ServerValueAttribute attribute, EntityWrite write) {
    attribute.noteChange(write.entity(), write.entry(), given);
    return attribute.isDue(write, given);
  }

  private @Nullable Object answer(
      SharedSessionContractImplementor session, EntityWrite write, ServerValueAttribute attribute) {
    String name = attribute.name(write);
    if (attribute.source() != null && name == null) {
      return attribute.unasked(write);
    }
    Answers answers = answers(write);
    if (answers.get(attribute, name) == null) {
      ask(session, write, attribute, answers);
    }
    Object answer = requireNonNull(answers.get(attribute, name));
    given.put(write.entity(), write.entry(), attribute, name, answer);
    return answer;
  }

  /** Returns the answers for the current flush; in a stateless session, for the statement. */
  private Answers answers(EntityWrite write) {
    EntityEntry entry = write.entry();
    FlushState flush =
        entry == null
            ? writes.computeIfAbsent(write.entity(), FlushState::new)
            : FlushState.at(entry);
    return flush.answers();
  }

  /** Gives an INSERT what was prefetched for it. No other statement gets any of that. */
  private void takePrefetched(SharedSessionContractImplementor session, EntityWrite write) {
    WeakIdentityMap<Answers> ofSession = prefetched.get(session);
    Answers taken = ofSession == null ? null : ofSession.remove(write.entity());
    if (taken != null && write.event() == INSERT) {
      answers(write).putAll(taken);
    }
  }

  /** Asks for an attribute first, and for the others of the flush if there is room for them. */
  private void ask(
      SharedSessionContractImplementor session,
      EntityWrite write,
      ServerValueAttribute attribute,
      Answers answers) {
    requireOpen(session);
    PersistenceContext context = session.getPersistenceContextInternal();
    // Outside a flush the others may still change.
    List<Map.Entry<Object, EntityEntry>> others =
        context.isFlushing() ? List.of(context.reentrantSafeEntityEntries()) : List.of();
    var query = new PrefetchQuery(session, timeOf(others));
    EntityEntry own = write.entry();
    EntityPersister persister =
        own == null ? session.getEntityPersister(null, write.entity()) : own.getPersister();
    boolean unused = query.add(attribute, write, answers);
    add(query, persister, write, answers, attribute);
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
            FlushState.at(entry).answers(),
            null);
      }
    }
    query.send(schema);
  }

  /** Returns the time that one of the entities was given in the current flush; null if none was. */
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
    // what is removed in the same flush is inserted before
    return entry.getStatus() == Status.MANAGED
        || entry.getStatus() == Status.READ_ONLY
        || entry.getStatus() == Status.DELETED;
  }

  /**
   * Asks for what an entity needs and has not been answered. What does not fit is asked for later.
   *
   * @param added the attribute that was added before; null if none was
   */
  private void add(
      PrefetchQuery query,
      EntityPersister persister,
      EntityWrite write,
      Answers answers,
      @Nullable ServerValueAttribute added) {
    for (ServerValueAttribute attribute : of(persister)) {
      if (!attribute.equals(added)
          && isPrefetched(attribute, write)
          && answers.get(attribute, attribute.name(write)) == null
          && !query.add(attribute, write, answers)) {
        return;
      }
    }
  }

  private boolean isPrefetched(ServerValueAttribute attribute, EntityWrite write) {
    return attribute.strategy() == ValueStrategy.PREFETCH && isDue(attribute, write);
  }

  /** Fills entities that a stateless session is about to insert. */
  public static void prefetch(SharedSessionContractImplementor session, Collection<?> entities) {
    requireOpen(session);
    Prefetcher prefetcher = PrefetcherService.of(session.getFactory());
    if (prefetcher != null) {
      prefetcher.fill(session, entities);
    }
  }

  private static void requireOpen(SharedSessionContractImplementor session) {
    if (session.getFactory().isClosed()) {
      throw new IllegalStateException(
          "The session factory is closed, and fills no more entities; close its sessions before.");
    }
  }

  private void fill(SharedSessionContractImplementor session, Collection<?> entities) {
    var answers = new IdentityHashMap<Object, Answers>();
    var query = new PrefetchQuery(session, null);
    for (Object entity : entities) {
      var ofEntity = new Answers();
      if (answers.putIfAbsent(entity, ofEntity) == null) {
        query = addMissing(query, session, entity, ofEntity);
      }
      if (query.isFull()) {
        query = next(query, session);
      }
    }
    query.send(schema);
    answers.forEach((entity, ofEntity) -> fill(session, entity, ofEntity));
  }

  /** Sends a query, and returns an empty one. */
  private PrefetchQuery next(PrefetchQuery query, SharedSessionContractImplementor session) {
    query.send(schema);
    return new PrefetchQuery(session, query.millis());
  }

  /**
   * Asks for what an entity needs and has not been given by an earlier call. Returns the query for
   * the next entity.
   */
  private PrefetchQuery addMissing(
      PrefetchQuery query,
      SharedSessionContractImplementor session,
      Object entity,
      Answers answers) {
    PrefetchQuery current = query;
    WeakIdentityMap<Answers> ofSession = prefetched.get(session);
    Answers earlier = ofSession == null ? null : ofSession.get(entity);
    var write = new EntityWrite(entity, INSERT, null, null);
    for (ServerValueAttribute attribute : of(session.getEntityPersister(null, entity))) {
      if (isPrefetched(attribute, write)
          && (earlier == null || earlier.get(attribute, attribute.name(write)) == null)
          && !current.add(attribute, write, answers)) {
        current = next(current, session);
        boolean unused = current.add(attribute, write, answers);
      }
    }
    return current;
  }

  private void fill(SharedSessionContractImplementor session, Object entity, Answers answers) {
    var write = new EntityWrite(entity, INSERT, null, null);
    for (ServerValueAttribute attribute : of(session.getEntityPersister(null, entity))) {
      String name = attribute.name(write);
      Object answer = answers.get(attribute, name);
      if (answer != null) {
        attribute.path().set(entity, answer);
        given.put(entity, null, attribute, name, answer);
        prefetched
            .computeIfAbsent(session, any -> new WeakIdentityMap<>())
            .computeIfAbsent(entity, Answers::new)
            .put(attribute, name, answer);
      }
    }
  }
}
