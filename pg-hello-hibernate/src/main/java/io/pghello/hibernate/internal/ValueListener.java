// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static io.pghello.hibernate.ValueEvent.INSERT;
import static io.pghello.hibernate.ValueEvent.UPDATE;

import io.pghello.hibernate.ValueStrategy;
import io.pghello.internal.Question;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import org.hibernate.bytecode.enhance.spi.LazyPropertyInitializer;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.event.spi.FlushEntityEvent;
import org.hibernate.event.spi.FlushEntityEventListener;
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
        PostInsertEventListener {
  // Its return type is not the same in all lines of Hibernate, and so not a plain call.
  private static final MethodHandle SESSION = session();

  private final ServerValues values;
  private final WriteExpressions expressions;

  ValueListener(ServerValues values, WriteExpressions expressions) {
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

  /** What was parked in an earlier flush is no answer in this one. */
  @Override
  public void onFlushEntity(FlushEntityEvent event) {
    Parked parked = event.getEntityEntry().getExtraState(Parked.class);
    if (parked != null) {
      parked.clear();
    }
  }

  /** Fills the entity before Bean Validation looks at it; prepares what the INSERT computes. */
  @Override
  public boolean onPreInsert(PreInsertEvent event) {
    Object entity = event.getEntity();
    @Nullable Object[] state = event.getState();
    List<FilledAttribute> attributes = values.of(event.getPersister());
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
    for (FilledAttribute attribute : attributes) {
      if (attribute.strategy() == ValueStrategy.PREFETCH) {
        // a stateless session may not be told here, and has its generators
        if (session != null && entry != null) {
          Object value = values.value(session, entity, entry, attribute, INSERT);
          attribute.path().set(entity, value);
          attribute.path().setIn(state, value);
        }
      } else {
        state[attribute.path().index()] = toBeWritten(attribute, entity);
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

  private @Nullable Object toBeWritten(FilledAttribute attribute, Object entity) {
    if (!attribute.isDue(entity, INSERT, null)) {
      return attribute.path().get(entity);
    }
    if (attribute.source() == null) {
      return attribute.time(expressions.markedTime().toEpochMilli());
    }
    Question question = attribute.question(entity);
    return question == null ? null : expressions.marked(question.name());
  }

  /**
   * An update that was planned before the insert of the same flush knows nothing of what the insert
   * has filled, and would write what was there before.
   */
  @Override
  public boolean onPreUpdate(PreUpdateEvent event) {
    EntityPersister persister = event.getPersister();
    @Nullable Object[] state = event.getState();
    for (FilledAttribute attribute : values.of(persister)) {
      int index = attribute.path().index();
      if (!attribute.value().isOn(UPDATE)
          && !LazyPropertyInitializer.UNFETCHED_PROPERTY.equals(state[index])) {
        state[index] = persister.getValue(event.getEntity(), index);
      }
    }
    return false;
  }

  /**
   * Makes the state's own again what Hibernate has put there of the entity, an embedded object,
   * which the program may change.
   */
  @Override
  public void onPostInsert(PostInsertEvent event) {
    @Nullable Object[] state = event.getState();
    for (FilledAttribute attribute : values.of(event.getPersister())) {
      if (attribute.path().isEmbedded()) {
        int index = attribute.path().index();
        EntityPersister persister = event.getPersister();
        state[index] =
            persister.getPropertyTypes()[index].deepCopy(state[index], persister.getFactory());
      }
    }
  }

  @Override
  public boolean requiresPostCommitHandling(EntityPersister persister) {
    return false;
  }
}
