// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.Map;
import java.util.WeakHashMap;
import org.hibernate.Hibernate;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.PersistenceContext;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.event.spi.MergeContext;
import org.hibernate.event.spi.MergeEvent;
import org.hibernate.event.spi.MergeEventListener;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/**
 * Copies what detached objects were given to the objects that they are merged into, where it is not
 * the program's either.
 */
final class Merges {
  private final Prefetcher prefetcher;

  // The innermost first. A merge that fails leaves its own here, until one around it has ended or
  // the session goes.
  private final Map<SharedSessionContractImplementor, Deque<WeakReference<Object>>> underWay =
      Collections.synchronizedMap(new WeakHashMap<>());

  Merges(Prefetcher prefetcher) {
    this.prefetcher = prefetcher;
  }

  /** Comes before Hibernate's own listener, which inserts a copy whose identifier the row has. */
  final class Before implements MergeEventListener {
    @Override
    public void onMerge(MergeEvent event) {
      begin(event);
    }

    @Override
    public void onMerge(MergeEvent event, MergeContext copiedAlready) {
      begin(event);
    }
  }

  /** Comes after Hibernate's own listener. */
  final class After implements MergeEventListener {
    @Override
    public void onMerge(MergeEvent event) {
      end(event);
    }

    @Override
    public void onMerge(MergeEvent event, MergeContext copiedAlready) {
      end(event);
    }
  }

  private void begin(MergeEvent event) {
    underWay
        .computeIfAbsent(event.getSession(), any -> new ArrayDeque<>())
        .push(new WeakReference<>(event.getOriginal()));
    Object detached = detached(event.getOriginal());
    if (prefetcher.given().get(detached) != null) {
      EntityPersister persister =
          event.getSession().getEntityPersister(event.getEntityName(), detached);
      prefetcher
          .of(persister)
          .forEach(attribute -> attribute.noteChange(detached, null, prefetcher.given()));
    }
  }

  private void end(MergeEvent event) {
    Object detached = detached(event.getOriginal());
    Deque<WeakReference<Object>> ofSession = underWay.get(event.getSession());
    if (ofSession != null) {
      // merges in this one that have failed come before it
      boolean ended = false;
      while (!ended && !ofSession.isEmpty()) {
        ended = ofSession.pop().refersTo(event.getOriginal());
      }
      if (ofSession.isEmpty()) {
        underWay.remove(event.getSession());
      }
    }
    Object merged = event.getResult();
    if (merged != null && Hibernate.isInitialized(merged)) {
      Object copy = Hibernate.unproxy(merged);
      PersistenceContext context = event.getSession().getPersistenceContextInternal();
      EntityEntry entry = context.getEntry(copy);
      if (entry != null) {
        prefetcher.given().noteMerged(detached, copy, entry);
      }
      prefetcher.given().copy(detached, copy, entry);
    }
  }

  private static Object detached(Object original) {
    return Hibernate.isInitialized(original) ? Hibernate.unproxy(original) : original;
  }

  /** Does the same for a copy that is inserted while the detached object is merged. */
  void copyTo(Object copy, EntityPersister persister, SharedSessionContractImplementor session) {
    if (!underWay.isEmpty() && persister.isIdentifierAssignedByInsert()) {
      Object detached = innermost(session);
      if (detached != null && prefetcher.given().get(copy) == null) {
        prefetcher.given().copy(detached, copy, null);
      }
    }
  }

  private @Nullable Object innermost(SharedSessionContractImplementor session) {
    Deque<WeakReference<Object>> ofSession = underWay.get(session);
    WeakReference<Object> reference = ofSession == null ? null : ofSession.peek();
    Object original = reference == null ? null : reference.get();
    return original == null ? null : detached(original);
  }
}
