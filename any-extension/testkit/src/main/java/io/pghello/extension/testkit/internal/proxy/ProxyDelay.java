// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.proxy;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Delays and pauses a proxy's traffic. Thread-safe. */
public final class ProxyDelay {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition resumed = lock.newCondition();
  private volatile long oneWayNanos;
  private volatile boolean paused;

  /** Delays each direction by half of the round-trip time from now on. */
  public void set(Duration roundTrip) {
    oneWayNanos = roundTrip.toNanos() / 2;
  }

  /** Stops all traffic from now on. */
  public void pause() {
    paused = true;
  }

  /** Forwards the paused traffic and ends the pause. */
  public void resume() {
    lock.lock();
    try {
      paused = false;
      resumed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether traffic is neither delayed nor paused. */
  boolean isNone() {
    return oneWayNanos == 0 && !paused;
  }

  long oneWayNanos() {
    return oneWayNanos;
  }

  void awaitResume() throws InterruptedException {
    if (paused) {
      lock.lock();
      try {
        while (paused) {
          resumed.await();
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
