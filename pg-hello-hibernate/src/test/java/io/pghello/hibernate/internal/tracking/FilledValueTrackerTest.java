// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.tracking;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.hibernate.ValueStrategy;
import io.pghello.hibernate.internal.attribute.ServerValueAttribute;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@NullUnmarked
class FilledValueTrackerTest {
  private static final ServerValueAttribute ATTRIBUTE =
      new ServerValueAttribute(null, ValueStrategy.PREFETCH, null, null, String.class);

  /** Objects that are all equal to each other. */
  private static final class Alike {
    @Override
    public boolean equals(Object other) {
      return other instanceof Alike;
    }

    @Override
    public int hashCode() {
      return 1;
    }
  }

  @Test
  void knowsEntitiesByTheirIdentity() {
    var filledValues = new FilledValueTracker(persister -> List.of());
    var one = new Alike();
    var other = new Alike();
    filledValues.put(one, null, ATTRIBUTE, "Ada", "Hello, Ada!");
    assertThat(filledValues.get(other)).isNull();
    filledValues.put(other, null, ATTRIBUTE, "Bob", "Hello, Bob!");
    assertThat(filledValues.size()).isEqualTo(2);
    assertThat(find(filledValues, one, "Hello, Ada!")).isTrue();
    assertThat(find(filledValues, one, "Hello, Bob!")).isFalse();
    filledValues.copy(one, other, null);
    assertThat(find(filledValues, other, "Hello, Ada!")).isTrue();
    filledValues.copy(one, one, null);
    filledValues.copy(new Alike(), other, null);
    assertThat(find(filledValues, one, "Hello, Ada!")).isTrue();
    filledValues.get(one).remove(ATTRIBUTE);
    assertThat(find(filledValues, one, "Hello, Ada!")).isFalse();
    assertThat(find(filledValues, other, "Hello, Ada!")).isTrue();
  }

  private static boolean find(FilledValueTracker filledValues, Object entity, String value) {
    ServerValues values = filledValues.get(entity);
    return values != null && values.find(ATTRIBUTE, value) != null;
  }

  /** Several sessions can get the same immutable object from the second-level cache. */
  @Test
  void mayBeUsedByManyThreadsForOneEntity() throws InterruptedException {
    var filledValues = new FilledValueTracker(persister -> List.of());
    var shared = new Object();
    var failed = new AtomicReference<Throwable>();
    List<Thread> threads =
        Stream.of("Ada", "Bob", "Eve")
            .map(
                name ->
                    new Thread(
                        () -> {
                          for (int i = 0; i < 100_000; i++) {
                            filledValues.put(shared, null, ATTRIBUTE, name, "Hello, " + name + "!");
                            find(filledValues, shared, "Hello, Ada!");
                            filledValues.copy(shared, shared, null);
                          }
                        }))
            .toList();
    threads.forEach(thread -> thread.setUncaughtExceptionHandler((t, e) -> failed.set(e)));
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failed.get()).isNull();
    long known =
        Stream.of("Ada", "Bob", "Eve")
            .filter(name -> find(filledValues, shared, "Hello, " + name + "!"))
            .count();
    assertThat(known).isEqualTo(1);
  }

  /** A million inserted entities, one of which is kept. */
  @Tag("slow")
  @Test
  void keepsNoEntityInMemory() {
    var filledValues = new FilledValueTracker(persister -> List.of());
    var kept = new Object();
    filledValues.put(kept, null, ATTRIBUTE, "kept", "Hello, kept!");
    int largest = 0;
    for (int i = 0; i < 1_000_000; i++) {
      filledValues.put(new Object(), null, ATTRIBUTE, "name", "Hello, name!");
      if (i % 100_000 == 0) {
        System.gc();
        largest = Math.max(largest, filledValues.size());
      }
    }
    for (int i = 0; filledValues.size() > 1; i++) {
      assertThat(i)
          .as("%d of %d entities are still known", filledValues.size(), largest)
          .isLessThan(1_000);
      System.gc();
      Thread.onSpinWait();
    }
    assertThat(find(filledValues, kept, "Hello, kept!")).isTrue();
  }

  /** An entity added while the last one is being removed is removed later as well. */
  @Test
  void removesEntriesAddedDuringTheLastSweep() {
    var late = new AtomicReference<>(new Object());
    var map =
        new WeakIdentityMap<String>() {
          @Override
          public int size() {
            int size = super.size();
            Object object = size == 0 ? late.getAndSet(null) : null;
            if (object != null) {
              put(object, "late");
            }
            return size;
          }
        };
    map.put(new Object(), "early");
    collectUntil(() -> late.get() == null);
    collectUntil(() -> map.size() == 0);
  }

  private static void collectUntil(BooleanSupplier condition) {
    for (int i = 0; !condition.getAsBoolean(); i++) {
      assertThat(i).as("collections of garbage").isLessThan(1_000);
      System.gc();
      Thread.onSpinWait();
    }
  }
}
