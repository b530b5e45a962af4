// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.events;

import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.hibernate.ValueStrategy;
import io.pghello.hibernate.internal.attribute.AttributePath;
import io.pghello.hibernate.internal.attribute.ServerValueAttribute;
import io.pghello.hibernate.internal.mapping.WriteExpressions;
import io.pghello.hibernate.internal.prefetch.Prefetcher;
import io.pghello.hibernate.internal.tracking.EntityWrite;
import io.pghello.hibernate.internal.tracking.FlushState;
import io.pghello.hibernate.internal.tracking.ServerValues.ServerValue;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Objects;
import org.hibernate.Hibernate;
import org.hibernate.HibernateException;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.engine.spi.Status;
import org.hibernate.event.spi.AbstractEvent;
import org.hibernate.event.spi.EvictEvent;
import org.hibernate.event.spi.EvictEventListener;
import org.hibernate.event.spi.FlushEntityEvent;
import org.hibernate.event.spi.FlushEntityEventListener;
import org.hibernate.event.spi.PostInsertEvent;
import org.hibernate.event.spi.PostInsertEventListener;
import org.hibernate.event.spi.PreDeleteEvent;
import org.hibernate.event.spi.PreDeleteEventListener;
import org.hibernate.event.spi.PreInsertEvent;
import org.hibernate.event.spi.PreInsertEventListener;
import org.hibernate.event.spi.PreUpdateEvent;
import org.hibernate.event.spi.PreUpdateEventListener;
import org.hibernate.event.spi.PreUpsertEvent;
import org.hibernate.event.spi.PreUpsertEventListener;
import org.hibernate.metamodel.mapping.EntityIdentifierMapping;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/**
 * Performs the steps that Hibernate's generators cannot perform, before and after Hibernate writes
 * an entity.
 */
public final class ValueListener
    implements FlushEntityEventListener,
        PreInsertEventListener,
        PreUpdateEventListener,
        PreUpsertEventListener,
        PostInsertEventListener,
        PreDeleteEventListener,
        EvictEventListener {
  // A method handle, because the return type differs between Hibernate versions.
  private static final MethodHandle SESSION = session();

  private static final int[] NONE = {};

  private final Prefetcher prefetcher;
  private final WriteExpressions expressions;
  private final MergeTracker mergeTracker;

  public ValueListener(
      Prefetcher prefetcher, WriteExpressions expressions, MergeTracker mergeTracker) {
    this.prefetcher = prefetcher;
    this.expressions = expressions;
    this.mergeTracker = mergeTracker;
  }

  private static MethodHandle session() {
    try {
      return MethodHandles.publicLookup()
          .unreflect(AbstractEvent.class.getMethod("getSession"))
          .asType(
              MethodType.methodType(SharedSessionContractImplementor.class, AbstractEvent.class));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(
          "Hibernate's AbstractEvent has no session: this version is not supported", e);
    }
  }

  /** Returns an entity's entry in the session; null in a stateless session. */
  private static @Nullable EntityEntry entry(
      @Nullable SharedSessionContractImplementor session, Object entity) {
    return session == null ? null : session.getPersistenceContextInternal().getEntry(entity);
  }

  /**
   * Keeps the values of an entity that leaves the session, because the application may write the
   * entity again.
   */
  @Override
  public boolean onPreDelete(PreDeleteEvent event) {
    keepValues(event.getEntity(), session(event));
    return false;
  }

  @Override
  public void onEvict(EvictEvent event) {
    Object object = event.getObject();
    if (Hibernate.isInitialized(object)) {
      keepValues(Hibernate.unproxy(object), event.getSession());
    }
  }

  private void keepValues(Object entity, @Nullable SharedSessionContractImplementor session) {
    EntityEntry entry = entry(session, entity);
    if (entry != null) {
      prefetcher.filledValues().keep(entity, entry);
    }
  }

  /** Before Hibernate detects changes, restores the values that the INSERT created. */
  @Override
  public void onFlushEntity(FlushEntityEvent event) {
    EntityEntry entry = event.getEntityEntry();
    if (entry.getLoadedState() == null
        || entry.getStatus() != Status.MANAGED
        || !entry.isExistsInDatabase()) {
      return;
    }
    for (ServerValueAttribute attribute : prefetcher.of(entry.getPersister())) {
      prefetcher.rules().restore(attribute, event.getEntity(), entry);
    }
  }

  /** Records the changed attributes after Hibernate has detected them. */
  public void afterFlushEntity(FlushEntityEvent event) {
    EntityEntry entry = event.getEntityEntry();
    boolean unknown = EntityWrite.isOfDetached(event.getEntity(), entry);
    boolean updated = unknown || event.hasDirtyProperties() || event.hasDirtyCollection();
    FlushState flush = FlushState.find(entry);
    if (updated && !prefetcher.of(entry.getPersister()).isEmpty()) {
      // this call records the loaded values before the UPDATE replaces them in the entry
      var unused = prefetcher.filledValues().of(event.getEntity(), entry);
      flush = FlushState.at(entry);
    }
    if (flush != null) {
      int[] dirty = event.getDirtyProperties();
      flush.begin(updated, unknown || dirty != null ? dirty : NONE);
    }
  }

  /** Fills the entity before Bean Validation validates it. */
  @Override
  public boolean onPreInsert(PreInsertEvent event) {
    Object entity = event.getEntity();
    @Nullable Object[] state = event.getState();
    List<ServerValueAttribute> attributes = prefetcher.of(event.getPersister());
    if (attributes.isEmpty()) {
      return false;
    }
    EntityIdentifierMapping identifier = event.getPersister().getIdentifierMapping();
    if (event.getId() != null && identifier.getIdentifier(entity) == null) {
      // a stateless session of Hibernate 6 sets the identifier only after the INSERT, but the
      // identifier may be the name to greet
      identifier.setIdentifier(entity, event.getId(), null);
    }
    SharedSessionContractImplementor session = session(event);
    EntityEntry entry = entry(session, entity);
    // a failed INSERT may have left its state behind
    var unused = prefetcher.writes().remove(entity);
    FlushState flush = statement(entity, entry);
    flush.beginStatement(INSERT, state);
    if (session == null || entry == null) {
      // in a stateless session, the generators fill the values
      return false;
    }
    if (event.getPersister().getRowIdMapping() != null) {
      // stored for onPostInsert, because Hibernate replaces the entry after the INSERT
      prefetcher.writes().put(entity, flush);
    }
    mergeTracker.copyTo(entity, event.getPersister(), session);
    for (ServerValueAttribute attribute : attributes) {
      if (attribute.strategy() == ValueStrategy.PREFETCH && attribute.value().isOn(INSERT)) {
        prefetcher.fill(session, entity, entry, attribute, INSERT, state);
      }
    }
    return false;
  }

  /**
   * Returns the state for the current write. In a stateless session, each statement gets a new
   * state, because there is no entry that could store the state.
   */
  private FlushState statement(Object entity, @Nullable EntityEntry entry) {
    if (entry != null) {
      return FlushState.at(entry);
    }
    var flush = new FlushState();
    prefetcher.writes().put(entity, flush);
    return flush;
  }

  /**
   * Sets markers in place of the values that the INSERT will compute; see {@link WriteExpressions}.
   */
  public boolean afterPreInsert(PreInsertEvent event) {
    Object entity = event.getEntity();
    @Nullable Object[] state = event.getState();
    for (ServerValueAttribute attribute : prefetcher.of(event.getPersister())) {
      if (attribute.strategy() == ValueStrategy.RETURNING) {
        var write = new EntityWrite(entity, INSERT, entry(session(event), entity), state);
        state[attribute.path().index()] = toBeWritten(attribute, write);
      }
    }
    return false;
  }

  private @Nullable Object toBeWritten(ServerValueAttribute attribute, EntityWrite write) {
    if (!prefetcher.rules().isDue(attribute, write)) {
      return attribute.path().get(write.entity());
    }
    String name = write.name(attribute);
    if (attribute.source() != null && name == null) {
      return null;
    }
    Object marked =
        name == null
            ? attribute.time(expressions.markedTime().toEpochMilli())
            : expressions.marked(attribute.request(name).name());
    prefetcher
        .writes()
        .computeIfAbsent(write.entity(), FlushState::new)
        .serverValues()
        .put(attribute, name, marked);
    return marked;
  }

  /**
   * Copies filled values from the entity into the state to be written. Otherwise, an UPDATE that
   * Hibernate planned before the INSERT of the same flush would overwrite these values in the row.
   */
  @Override
  public boolean onPreUpdate(PreUpdateEvent event) {
    EntityPersister persister = event.getPersister();
    @Nullable Object[] state = event.getState();
    List<ServerValueAttribute> attributes = prefetcher.of(persister);
    if (attributes.isEmpty()) {
      return false;
    }
    Object entity = event.getEntity();
    statement(entity, entry(session(event), entity)).beginStatement(UPDATE, state);
    for (ServerValueAttribute attribute : attributes) {
      AttributePath path = attribute.path();
      if (!AttributePath.isUnfetched(state[path.index()])
          && !Objects.equals(path.getFrom(state, entity), path.get(entity))) {
        path.setIn(state, path.get(entity));
      }
    }
    return false;
  }

  @Override
  public boolean onPreUpsert(PreUpsertEvent event) {
    if (!prefetcher.of(event.getPersister()).isEmpty()) {
      statement(event.getEntity(), null).beginStatement(UPDATE, event.getState());
    }
    return false;
  }

  /** Stores the values returned by the INSERT, and removes the markers. */
  @Override
  public void onPostInsert(PostInsertEvent event) {
    @Nullable Object[] state = event.getState();
    Object entity = event.getEntity();
    List<ServerValueAttribute> attributes = prefetcher.of(event.getPersister());
    if (attributes.isEmpty()) {
      return;
    }
    EntityEntry entry = entry(session(event), entity);
    FlushState written = prefetcher.writes().remove(entity);
    if (entry != null) {
      if (written != null && FlushState.find(entry) == null) {
        // the new entry needs this state, because the state also records whether the same flush
        // updates the row; only the state array is discarded below, because the UPDATE writes
        // another array
        entry.addExtraState(written);
      }
      FlushState.at(entry).endStatement();
    }
    var write = new EntityWrite(entity, INSERT, entry, state);
    for (ServerValueAttribute attribute : attributes) {
      ServerValue marked = written == null ? null : written.serverValues().of(attribute);
      if (marked != null && attribute.strategy() == ValueStrategy.RETURNING) {
        noteReturned(attribute, write, marked, state);
      }
    }
  }

  private void noteReturned(
      ServerValueAttribute attribute,
      EntityWrite write,
      ServerValue marked,
      @Nullable Object[] state) {
    AttributePath path = attribute.path();
    Object returned = state[path.index()];
    boolean unread = marked.value().equals(returned);
    if (unread) {
      // a stateless session does not read the value back, or a listener has vetoed the INSERT
      path.setIn(state, path.get(write.entity()));
    }
    if (returned == null || (unread && write.entry() != null)) {
      return;
    }
    if (!Objects.equals(marked.name(), write.name(attribute))) {
      throw new HibernateException(
          "A PRE_INSERT listener has changed the name for the greeting in "
              + attribute.path()
              + " after the INSERT was prepared. Use strategy = PREFETCH for this attribute, or"
              + " register the listener with prependListeners.");
    }
    if (!unread) {
      prefetcher
          .filledValues()
          .put(write.entity(), write.entry(), attribute, marked.name(), returned);
    }
  }

  @Override
  public boolean requiresPostCommitHandling(EntityPersister persister) {
    return false;
  }

  private static @Nullable SharedSessionContractImplementor session(AbstractEvent event) {
    try {
      return (SharedSessionContractImplementor) SESSION.invokeExact(event);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
