// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.plugin.internal.BoundedCache.Recent;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BoundedCacheTest {
  @Test
  void valuesExpireAfterAMinute() {
    assertThat(Recent.of("a").isOld()).isFalse();
    assertThat(queried(50).isOld()).isFalse();
    assertThat(queried(61).isOld()).isTrue();
  }

  private static Recent<String> queried(int secondsAgo) {
    return new Recent<>("a", System.nanoTime() - TimeUnit.SECONDS.toNanos(secondsAgo));
  }

  @Test
  void evictsTheEntryThatWasUsedLeastRecently() {
    Map<String, Integer> cache = BoundedCache.of(2);
    cache.put("a", 1);
    cache.put("b", 2);
    assertThat(cache.get("a")).isEqualTo(1);
    cache.put("c", 3);
    assertThat(cache).containsOnlyKeys("a", "c");
  }
}
