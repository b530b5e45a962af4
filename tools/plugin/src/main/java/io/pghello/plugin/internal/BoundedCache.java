// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import java.io.Serial;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Creates maps that evict the least recently used entry. */
public final class BoundedCache {
  /** Maximum length of the strings in a cache, in characters. */
  public static final int TEXT_MAX = 20_000;

  /** A value that expires after a minute. */
  public record Recent<V>(V value, long asked) {
    private static final long KNOWN_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** Returns an entry for a value that was queried just now. */
    public static <V> Recent<V> of(V value) {
      return new Recent<>(value, System.nanoTime());
    }

    /** Returns whether the value has expired. */
    public boolean isOld() {
      return System.nanoTime() - asked > KNOWN_NANOS;
    }
  }

  private BoundedCache() {}

  /** Returns a thread-safe map with a maximum number of entries. */
  public static <K, V> Map<K, V> of(int most) {
    return Collections.synchronizedMap(
        new LinkedHashMap<K, V>(16, 0.75f, true) {
          @Serial private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
            return size() > most;
          }
        });
  }
}
