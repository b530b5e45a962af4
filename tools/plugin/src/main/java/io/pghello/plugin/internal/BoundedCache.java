// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import java.io.Serial;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Makes maps that forget what was not used for longest. */
public final class BoundedCache {
  /** The longest text that a cache of texts keeps, in characters. */
  public static final int TEXT_MAX = 20_000;

  /** An answer that holds for a minute. */
  public record Recent<V>(V value, long asked) {
    private static final long KNOWN_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** Returns an answer of now. */
    public static <V> Recent<V> of(V value) {
      return new Recent<>(value, System.nanoTime());
    }

    /** Returns whether it has to be asked for again. */
    public boolean isOld() {
      return System.nanoTime() - asked > KNOWN_NANOS;
    }
  }

  private BoundedCache() {}

  /** Returns a thread-safe map of at most so many entries. */
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
