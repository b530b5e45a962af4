// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits for conditions. */
final class Waits {
  private static final Duration LIMIT = Duration.ofMinutes(1);

  private Waits() {}

  static void until(Callable<Boolean> condition) throws Exception {
    long begun = System.nanoTime();
    while (!condition.call()) {
      if (System.nanoTime() - begun > LIMIT.toNanos()) {
        throw new AssertionError("it did not happen within " + LIMIT);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }
}
