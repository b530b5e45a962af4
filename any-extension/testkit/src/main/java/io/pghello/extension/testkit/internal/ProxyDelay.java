// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Delays and stalls a proxy's traffic. Thread-safe. */
public final class ProxyDelay {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition resumed = lock.newCondition();
  private volatile long oneWayNanos;
  private volatile boolean stalled;

  /** Delays each direction by half of the round-trip time from now on. */
  public void set(Duration roundTrip) {
    oneWayNanos = roundTrip.toNanos() / 2;
  }

  /** Stalls all traffic from now on. */
  public void pause() {
    stalled = true;
  }

  /** Forwards the stalled traffic and ends the stall. */
  public void resume() {
    lock.lock();
    try {
      stalled = false;
      resumed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether traffic is neither delayed nor stalled. */
  boolean isNone() {
    return oneWayNanos == 0 && !stalled;
  }

  long oneWayNanos() {
    return oneWayNanos;
  }

  void awaitResume() throws InterruptedException {
    if (stalled) {
      lock.lock();
      try {
        while (stalled) {
          resumed.await();
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
