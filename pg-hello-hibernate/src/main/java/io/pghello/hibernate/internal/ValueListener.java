// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static io.pghello.hibernate.ValueEvent.INSERT;
import static io.pghello.hibernate.ValueEvent.UPDATE;

import io.pghello.hibernate.ValueStrategy;
import io.pghello.internal.HelloRequest;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import org.hibernate.bytecode.enhance.spi.LazyPropertyInitializer;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.engine.spi.Status;
import org.hibernate.event.spi.FlushEntityEvent;
import org.hibernate.event.spi.FlushEntityEventListener;
import org.hibernate.event.spi.MergeContext;
import org.hibernate.event.spi.MergeEvent;
import org.hibernate.event.spi.MergeEventListener;
import org.hibernate.event.spi.PostDeleteEvent;
import org.hibernate.event.spi.PostDeleteEventListener;
import org.hibernate.event.spi.PostInsertEvent;
import org.hibernate.event.spi.PostInsertEventListener;
import org.hibernate.event.spi.PreInsertEvent;
import org.hibernate.event.spi.PreInsertEventListener;
import org.hibernate.event.spi.PreUpdateEvent;
import org.hibernate.event.spi.PreUpdateEventListener;
import org.hibernate.metamodel.mapping.EntityIdentifierMapping;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/** Does what generators cannot, before and after the entities of a session factory are written. */
final class ValueListener
    implements FlushEntityEventListener,
        PreInsertEventListener,
        PreUpdateEventListener,
        PostInsertEventListener,
        PostDeleteEventListener,
        MergeEventListener {
  // Its return type is not the same in all lines of Hibernate, and so not a plain call.
  private static final MethodHandle SESSION = session();

  private final Prefetcher values;
  private final WriteExpressions expressions;

  ValueListener(Prefetcher values, WriteExpressions expressions) {
    this.values = values;
    this.expressions = expressions;
  }

  private static MethodHandle session() {
    try {
      return MethodHandles.publicLookup()
          .unreflect(PreInsertEvent.class.getMethod("getSession"))
          .asType(
              MethodType.methodType(SharedSessionContractImplementor.class, PreInsertEvent.class));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("Hibernate's PreInsertEvent has no session", e);
    }
  }

  /** Keeps what an INSERT has made, before Hibernate looks for changes. */
  @Override
  public void onFlushEntity(FlushEntityEvent event) {
    EntityEntry entry = event.getEntityEntry();
    @Nullable Object @Nullable [] loaded = entry.getLoadedState();
    if (loaded == null || entry.getStatus() != Status.MANAGED || !entry.isExistsInDatabase()) {
      return;
    }
    Object entity = event.getEntity();
    for (ServerValueAttribute attribute : values.of(entry.getPersister())) {
      attribute.keep(entity, loaded, values.given());
    }
  }

  /** Notes, after Hibernate has looked for changes, whether there are any. */
  void afterFlushEntity(FlushEntityEvent event) {
    EntityEntry entry = event.getEntityEntry();
    boolean updated = event.getDirtyProperties() != null || event.hasDirtyCollection();
    PrefetchedValues prefetched = entry.getExtraState(PrefetchedValues.class);
    if (prefetched == null && updated && !values.of(entry.getPersister()).isEmpty()) {
      prefetched = PrefetchedValues.at(entry);
    }
    if (prefetched != null) {
      prefetched.begin(updated);
    }
  }

  /** Fills the entity before Bean Validation looks at it; prepares what the INSERT computes. */
  @Override
  public boolean onPreInsert(PreInsertEvent event) {
    Object entity = event.getEntity();
    @Nullable Object[] state = event.getState();
    List<ServerValueAttribute> attributes = values.of(event.getPersister());
    if (attributes.isEmpty()) {
      return false;
    }
    EntityIdentifierMapping identifier = event.getPersister().getIdentifierMapping();
    if (event.getId() != null && identifier.getIdentifier(entity) == null) {
      // a stateless session of Hibernate 6 does it after the INSERT; but it may be the name
      identifier.setIdentifier(entity, event.getId(), null);
    }
    SharedSessionContractImplementor session = session(event);
    EntityEntry entry =
        session == null ? null : session.getPersistenceContextInternal().getEntry(entity);
    for (ServerValueAttribute attribute : attributes) {
      if (attribute.strategy() == ValueStrategy.PREFETCH) {
        // a stateless session may not be told here, and has its generators
        if (session != null && entry != null) {
          Object value = values.value(session, entity, entry, attribute, INSERT);
          attribute.path().set(entity, value);
          attribute.path().setIn(state, value);
        }
      } else {
        state[attribute.path().index()] = toBeWritten(attribute, entity, entry != null);
      }
    }
    return false;
  }

  private static @Nullable SharedSessionContractImplementor session(PreInsertEvent event) {
    try {
      return (SharedSessionContractImplementor) SESSION.invokeExact(event);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private @Nullable Object toBeWritten(
      ServerValueAttribute attribute, Object entity, boolean willBeReadBack) {
    GivenValues given = values.given();
    boolean due = attribute.isDue(entity, INSERT, null, given);
    HelloRequest request = due ? attribute.request(entity) : null;
    if (willBeReadBack) {
      given.remove(entity, attribute);
    }
    if (!due || (attribute.source() != null && request == null)) {
      return due ? null : attribute.path().get(entity);
    }
    Object marked =
        request == null
            ? attribute.time(expressions.markedTime().toEpochMilli())
            : expressions.marked(request.name());
    if (willBeReadBack) {
      given.put(entity, attribute, request == null ? null : request.name(), marked);
    }
    return marked;
  }

  /**
   * An update that was planned before the insert of the same flush knows nothing of what the insert
   * has filled, and would write what was there before.
   */
  @Override
  public boolean onPreUpdate(PreUpdateEvent event) {
    EntityPersister persister = event.getPersister();
    @Nullable Object[] state = event.getState();
    for (ServerValueAttribute attribute : values.of(persister)) {
      int index = attribute.path().index();
      if (!attribute.value().isOn(UPDATE)
          && !LazyPropertyInitializer.UNFETCHED_PROPERTY.equals(state[index])) {
        state[index] = persister.getValue(event.getEntity(), index);
      }
    }
    return false;
  }

  /**
   * Notes what the INSERT has returned; and makes the state's own again what Hibernate has put
   * there of the entity, an embedded object, which the program may change.
   */
  @Override
  public void onPostInsert(PostInsertEvent event) {
    @Nullable Object[] state = event.getState();
    Object entity = event.getEntity();
    for (ServerValueAttribute attribute : values.of(event.getPersister())) {
      int index = attribute.path().index();
      if (attribute.strategy() == ValueStrategy.RETURNING) {
        PrefetchedValues given = values.given().of(entity);
        if (given != null && state[index] != null) {
          given.replace(attribute, state[index]);
        }
      } else if (attribute.path().isEmbedded()) {
        EntityPersister persister = event.getPersister();
        state[index] =
            persister.getPropertyTypes()[index].deepCopy(state[index], persister.getFactory());
      }
    }
  }

  /** Notes greetings that the entity was loaded with, as it may be persisted under another name. */
  @Override
  public void onPostDelete(PostDeleteEvent event) {
    @Nullable Object @Nullable [] state = event.getDeletedState();
    if (state == null) {
      return;
    }
    Object entity = event.getEntity();
    for (ServerValueAttribute attribute : values.of(event.getPersister())) {
      AttributePath source = attribute.source();
      if (source != null
          && source.getFrom(state, entity) instanceof String name
          && attribute.path().getFrom(state, entity) instanceof String greeting
          && HelloRequest.of(name, attribute.value().repeat()).isAnsweredBy(greeting)) {
        values.given().put(entity, attribute, name, greeting);
      }
    }
  }

  /** What a detached object was given is not the program's in the object that it is merged into. */
  @Override
  public void onMerge(MergeEvent event) {
    Object merged = event.getResult();
    Object detached = event.getEntity();
    if (merged != null && detached != null) {
      values.given().copy(detached, merged);
    }
  }

  @Override
  public void onMerge(MergeEvent event, MergeContext copiedAlready) {
    onMerge(event);
  }

  @Override
  public boolean requiresPostCommitHandling(EntityPersister persister) {
    return false;
  }
}
