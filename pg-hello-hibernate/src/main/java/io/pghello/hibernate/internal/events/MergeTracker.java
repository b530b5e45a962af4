// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.events;

import io.pghello.hibernate.internal.prefetch.Prefetcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.hibernate.Hibernate;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.PersistenceContext;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.event.service.spi.EventListenerGroup;
import org.hibernate.event.spi.MergeContext;
import org.hibernate.event.spi.MergeEvent;
import org.hibernate.event.spi.MergeEventListener;
import org.hibernate.persister.entity.EntityPersister;

/**
 * When a detached object is merged, copies the object's record of filled values to the managed
 * entity. Without this record, the managed entity's values would count as set by the application.
 */
public final class MergeTracker {
  private final Prefetcher prefetcher;

  // the object being merged in the innermost merge of each session
  private final Map<SharedSessionContractImplementor, Object> underWay = new ConcurrentHashMap<>();

  public MergeTracker(Prefetcher prefetcher) {
    this.prefetcher = prefetcher;
  }

  /**
   * Replaces the merge listeners with one listener that calls them. Separate listeners before and
   * after Hibernate's own listener would not notice a failed merge. Code that later tries to
   * replace one of the original listeners will not find that listener.
   */
  public void surround(EventListenerGroup<MergeEventListener> group) {
    var others = new ArrayList<MergeEventListener>();
    group.fireEventOnEachListener(others, (listener, found) -> found.add(listener));
    group.clearListeners();
    group.appendListener(new Surrounding(others));
  }

  private final class Surrounding implements MergeEventListener {
    private final List<MergeEventListener> others;

    Surrounding(List<MergeEventListener> others) {
      this.others = others;
    }

    @Override
    public void onMerge(MergeEvent event) {
      merge(event, listener -> listener.onMerge(event));
    }

    @Override
    public void onMerge(MergeEvent event, MergeContext copiedAlready) {
      merge(event, listener -> listener.onMerge(event, copiedAlready));
    }

    private void merge(MergeEvent event, Consumer<MergeEventListener> call) {
      SharedSessionContractImplementor session = event.getSession();
      Object outer = underWay.put(session, event.getOriginal());
      try {
        noteChanges(event);
        others.forEach(call);
        noteMerged(event);
      } finally {
        if (outer == null) {
          underWay.remove(session);
        } else {
          underWay.put(session, outer);
        }
      }
    }
  }

  private void noteChanges(MergeEvent event) {
    Object detached = detached(event.getOriginal());
    if (prefetcher.filledValues().get(detached) != null) {
      EntityPersister persister =
          event.getSession().getEntityPersister(event.getEntityName(), detached);
      prefetcher
          .of(persister)
          .forEach(attribute -> prefetcher.filledValues().noteChange(detached, null, attribute));
    }
  }

  private void noteMerged(MergeEvent event) {
    Object merged = event.getResult();
    if (merged != null && Hibernate.isInitialized(merged)) {
      Object detached = detached(event.getOriginal());
      Object copy = Hibernate.unproxy(merged);
      PersistenceContext context = event.getSession().getPersistenceContextInternal();
      EntityEntry entry = context.getEntry(copy);
      if (entry != null) {
        prefetcher.filledValues().noteMerged(detached, copy, entry);
      }
      prefetcher.filledValues().copy(detached, copy, entry);
    }
  }

  private static Object detached(Object original) {
    return Hibernate.isInitialized(original) ? Hibernate.unproxy(original) : original;
  }

  /**
   * Copies the filled values of the object being merged to its managed copy, if the copy is
   * inserted during the merge.
   */
  void copyTo(Object copy, EntityPersister persister, SharedSessionContractImplementor session) {
    if (!underWay.isEmpty() && persister.isIdentifierAssignedByInsert()) {
      Object original = underWay.get(session);
      if (original != null && prefetcher.filledValues().get(copy) == null) {
        prefetcher.filledValues().copy(detached(original), copy, null);
      }
    }
  }
}
