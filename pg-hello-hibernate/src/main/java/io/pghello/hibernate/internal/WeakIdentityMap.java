// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Values of objects that are known by their identity, and may be collected. What belonged to a
 * collected object goes soon after the collection, also in a program that is idle. Thread-safe.
 */
class WeakIdentityMap<V> {
  private final Map<Key, V> values = new ConcurrentHashMap<>();
  private final AtomicBoolean watched = new AtomicBoolean();

  /** An object, which it does not keep. */
  private static final class Key extends WeakReference<Object> {
    private final int hash;

    Key(Object object) {
      super(object);
      this.hash = System.identityHashCode(object);
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
      Object object = get();
      return object != null && other instanceof Key key && key.refersTo(object);
    }
  }

  /** Equals the key of an object, and costs the collector less than one more reference to it. */
  private record Lookup(Object object) {
    @Override
    public int hashCode() {
      return System.identityHashCode(object);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key key && key.refersTo(object);
    }
  }

  /** Has the thread that calls back; it ends with the class loader of this class. */
  private static final class GarbageCollections {
    private static final Cleaner CLEANER = Cleaner.create();

    /** Calls back after the next collection of garbage, whatever it collects. */
    static void afterNext(Runnable action) {
      CLEANER.register(new Object(), action);
    }
  }

  /** Returns what belongs to an object; null if nothing does. */
  @SuppressWarnings("CollectionIncompatibleType") // a map calls equals of what is looked for
  @Nullable V get(Object object) {
    return values.get(new Lookup(object));
  }

  /** Returns what belongs to an object, after making it if there is nothing. */
  V computeIfAbsent(Object object, Supplier<? extends V> maker) {
    V known = get(object);
    if (known != null) {
      return known;
    }
    watch();
    return values.computeIfAbsent(new Key(object), any -> maker.get());
  }

  void put(Object object, V value) {
    watch();
    values.put(new Key(object), value);
  }

  /** Forgets an object, and returns what belonged to it; null if nothing did. */
  @SuppressWarnings("CollectionIncompatibleType")
  @Nullable V remove(Object object) {
    return values.isEmpty() ? null : values.remove(new Lookup(object));
  }

  /** Returns of how many objects something is kept. */
  int size() {
    return values.size();
  }

  /** Has what belonged to collected objects removed, as long as anything is kept. */
  private void watch() {
    if (!watched.get() && watched.compareAndSet(false, true)) {
      sweepAfterCollection(new WeakReference<>(this));
    }
  }

  private static void sweepAfterCollection(WeakReference<WeakIdentityMap<?>> known) {
    GarbageCollections.afterNext(
        () -> {
          WeakIdentityMap<?> map = known.get();
          if (map != null && map.sweep()) {
            sweepAfterCollection(known);
          }
        });
  }

  /** Returns whether to do it again after the next collection. */
  private boolean sweep() {
    removeCollected();
    if (size() > 0) {
      return true;
    }
    watched.set(false);
    // what has come meanwhile
    return size() > 0 && watched.compareAndSet(false, true);
  }

  /** Removes what belonged to objects that have been collected. */
  void removeCollected() {
    values.keySet().removeIf(key -> key.refersTo(null));
  }
}
