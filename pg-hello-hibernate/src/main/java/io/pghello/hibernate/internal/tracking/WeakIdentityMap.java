// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.tracking;

import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A map with weak keys that are compared by identity. Entries of collected keys are removed soon
 * after the garbage collection, even if the map is not used. Thread-safe.
 */
public class WeakIdentityMap<V> {
  private final Map<Key, V> values = new ConcurrentHashMap<>();
  private final AtomicBoolean watched = new AtomicBoolean();

  /** A weak reference to a key. */
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

  /** A key for lookups, which is cheaper for the garbage collector than another weak reference. */
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

  /**
   * Runs callbacks after garbage collections. The callback thread ends when the class loader of
   * this class is collected.
   */
  private static final class GarbageCollections {
    private static final Cleaner CLEANER = Cleaner.create();

    /** Runs an action after the next garbage collection. */
    static void afterNext(Runnable action) {
      CLEANER.register(new Object(), action);
    }
  }

  /** Returns the value for a key; null if there is no value. */
  @SuppressWarnings("CollectionIncompatibleType") // the map calls equals of the argument
  public @Nullable V get(Object object) {
    return values.get(new Lookup(object));
  }

  /** Returns the value for a key. Creates the value if there is none. */
  public V computeIfAbsent(Object object, Supplier<? extends V> maker) {
    V known = get(object);
    if (known != null) {
      return known;
    }
    watch();
    return values.computeIfAbsent(new Key(object), any -> maker.get());
  }

  public void put(Object object, V value) {
    watch();
    values.put(new Key(object), value);
  }

  /** Removes a key and returns its value; null if there was none. */
  @SuppressWarnings("CollectionIncompatibleType")
  public @Nullable V remove(Object object) {
    return values.isEmpty() ? null : values.remove(new Lookup(object));
  }

  /**
   * Returns the number of entries, including entries of collected keys that were not yet removed.
   */
  public int size() {
    return values.size();
  }

  /**
   * Starts removing collected keys after each garbage collection, unless the removal is already
   * active.
   */
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

  /** Removes collected keys. Returns whether to repeat this after the next garbage collection. */
  private boolean sweep() {
    removeCollected();
    if (size() > 0) {
      return true;
    }
    watched.set(false);
    // entries may have been added in between
    return size() > 0 && watched.compareAndSet(false, true);
  }

  /** Removes the entries of collected keys. */
  void removeCollected() {
    values.keySet().removeIf(key -> key.refersTo(null));
  }
}
