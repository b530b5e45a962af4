// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.hibernate.ValueStrategy;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@NullUnmarked
class GivenValuesTest {
  private static final ServerValueAttribute ATTRIBUTE =
      new ServerValueAttribute(null, ValueStrategy.PREFETCH, null, null, String.class);

  /** Equal to all others. */
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
    var given = new GivenValues(persister -> List.of());
    var one = new Alike();
    var other = new Alike();
    given.put(one, null, ATTRIBUTE, "Ada", "Hello, Ada!");
    assertThat(given.get(other)).isNull();
    given.put(other, null, ATTRIBUTE, "Bob", "Hello, Bob!");
    assertThat(given.size()).isEqualTo(2);
    assertThat(find(given, one, "Hello, Ada!")).isTrue();
    assertThat(find(given, one, "Hello, Bob!")).isFalse();
    given.copy(one, other, null);
    assertThat(find(given, other, "Hello, Ada!")).isTrue();
    given.copy(one, one, null);
    given.copy(new Alike(), other, null);
    assertThat(find(given, one, "Hello, Ada!")).isTrue();
    given.get(one).remove(ATTRIBUTE);
    assertThat(find(given, one, "Hello, Ada!")).isFalse();
    assertThat(find(given, other, "Hello, Ada!")).isTrue();
  }

  private static boolean find(GivenValues given, Object entity, String value) {
    Answers values = given.get(entity);
    return values != null && values.find(ATTRIBUTE, value) != null;
  }

  /** As sessions do that are given the same immutable object by the second-level cache. */
  @Test
  void mayBeUsedByManyThreadsForOneEntity() throws InterruptedException {
    var given = new GivenValues(persister -> List.of());
    var shared = new Object();
    var failed = new AtomicReference<Throwable>();
    List<Thread> threads =
        Stream.of("Ada", "Bob", "Eve")
            .map(
                name ->
                    new Thread(
                        () -> {
                          for (int i = 0; i < 100_000; i++) {
                            given.put(shared, null, ATTRIBUTE, name, "Hello, " + name + "!");
                            find(given, shared, "Hello, Ada!");
                            given.copy(shared, shared, null);
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
            .filter(name -> find(given, shared, "Hello, " + name + "!"))
            .count();
    assertThat(known).isEqualTo(1);
  }

  /** A million inserts, of which the program keeps one. */
  @Tag("slow")
  @Test
  void keepsNoEntityInMemory() {
    var given = new GivenValues(persister -> List.of());
    var kept = new Object();
    given.put(kept, null, ATTRIBUTE, "kept", "Hello, kept!");
    int largest = 0;
    for (int i = 0; i < 1_000_000; i++) {
      given.put(new Object(), null, ATTRIBUTE, "name", "Hello, name!");
      if (i % 100_000 == 0) {
        System.gc();
        largest = Math.max(largest, given.size());
      }
    }
    for (int i = 0; given.size() > 1; i++) {
      assertThat(i)
          .as("%d of %d entities are still known", given.size(), largest)
          .isLessThan(1_000);
      System.gc();
      Thread.onSpinWait();
    }
    assertThat(find(given, kept, "Hello, kept!")).isTrue();
  }

  /** What comes when the last one has gone is forgotten after it, too. */
  @Test
  void forgetsWhatComesWhileItEnds() {
    var late = new AtomicReference<>(new Object());
    var map =
        new WeakIdentityMap<String>() {
          @Override
          int size() {
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
