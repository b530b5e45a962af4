// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The values that entities were given, or loaded with, by which they are told from values that the
 * program has set when an entity is written again: after a rollback, after it was removed, as a
 * copy, or in another session. Entities are known by their identity, and may be collected.
 */
final class GivenValues {
  private final Map<Key, PrefetchedValues> values = new ConcurrentHashMap<>();
  private final ReferenceQueue<Object> collected = new ReferenceQueue<>();

  private static final class Key extends WeakReference<Object> {
    private final int hash;

    Key(Object entity, ReferenceQueue<Object> queue) {
      super(entity, queue);
      this.hash = System.identityHashCode(entity);
    }

    @Override
    public int hashCode() {
      return hash;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      if (this == other) {
        return true;
      }
      Object entity = get();
      return entity != null && other instanceof Key key && key.refersTo(entity);
    }
  }

  /** Equals the key of an entity, and costs the collector less than one more reference to it. */
  private record Lookup(Object entity) {
    @Override
    public int hashCode() {
      return System.identityHashCode(entity);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key key && key.refersTo(entity);
    }
  }

  /** Returns what an entity was given; null if nothing. */
  @SuppressWarnings("CollectionIncompatibleType") // a map calls equals of what is looked for
  @Nullable PrefetchedValues of(Object entity) {
    return values.get(new Lookup(entity));
  }

  void put(Object entity, ServerValueAttribute attribute, @Nullable String name, Object value) {
    made(entity).put(attribute, name, value);
  }

  void remove(Object entity, ServerValueAttribute attribute) {
    PrefetchedValues given = of(entity);
    if (given != null) {
      given.remove(attribute);
      if (given.isEmpty()) {
        var unused = take(entity);
      }
    }
  }

  /** Notes that Hibernate has copied one entity's state to another, which may be the same. */
  void copy(Object from, Object to) {
    PrefetchedValues given = of(from);
    if (given != null) {
      made(to).addAll(given);
    }
  }

  /** Forgets an entity, and returns what was known; null if nothing. */
  @SuppressWarnings("CollectionIncompatibleType")
  @Nullable PrefetchedValues take(Object entity) {
    return values.isEmpty() ? null : values.remove(new Lookup(entity));
  }

  /** Keeps what belongs to an entity. */
  void hold(Object entity, PrefetchedValues ofEntity) {
    expunge();
    values.put(new Key(entity, collected), ofEntity);
  }

  /** Returns how many entities are known. */
  int size() {
    return values.size();
  }

  /** Returns what an entity was given, to be added to. */
  PrefetchedValues made(Object entity) {
    expunge();
    PrefetchedValues known = of(entity);
    return known != null
        ? known
        : values.computeIfAbsent(new Key(entity, collected), any -> new PrefetchedValues());
  }

  private void expunge() {
    for (Reference<?> gone = collected.poll(); gone != null; gone = collected.poll()) {
      values.remove(gone);
    }
  }
}
