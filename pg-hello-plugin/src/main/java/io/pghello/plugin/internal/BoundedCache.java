// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import java.io.Serial;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Makes maps that forget what was not used for longest. */
public final class BoundedCache {
  /** The longest text that a cache of texts keeps, in characters. */
  public static final int TEXT_MAX = 20_000;

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
