// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.time.Duration;

/**
 * When a call must have ended.
 *
 * @param timeout how long it was given
 * @param nanos the end of that, as {@link System#nanoTime()} counts
 */
public record Deadline(Duration timeout, long nanos) {
  /** Returns the deadline of a call that begins now. */
  public static Deadline after(Duration timeout) {
    return new Deadline(timeout, System.nanoTime() + timeout.toNanos());
  }

  /** Returns whether the time is over. */
  boolean isOver() {
    return nanosLeft() <= 0;
  }

  /** Returns how much time is left; less than zero if it is over. */
  long nanosLeft() {
    return nanos - System.nanoTime();
  }

  /** Returns how long ago the call began. */
  long nanosGone() {
    return timeout.toNanos() - nanosLeft();
  }

  /**
   * Returns whether a call with the other deadline would lose more than a tenth of this one's time.
   */
  boolean isWellAfter(Deadline other) {
    return nanos - other.nanos > timeout.toNanos() / 10;
  }

  /** Returns whether this ends after another one. */
  boolean isAfter(Deadline other) {
    return nanos - other.nanos > 0;
  }
}
