// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import java.time.Duration;
import java.util.Objects;

/**
 * The point in time at which a call times out.
 *
 * @param timeout the timeout of the call
 * @param nanos the point in time, in terms of {@link System#nanoTime()}
 */
public record Deadline(Duration timeout, long nanos) {
  /** Returns the deadline of a call that begins now. */
  public static Deadline after(Duration timeout) {
    return new Deadline(timeout, System.nanoTime() + timeout.toNanos());
  }

  /** Checks that a timeout is within the valid range, and returns it. */
  public static Duration checkTimeout(Duration timeout) {
    Objects.requireNonNull(timeout, "timeout");
    if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.toDays() >= 20) {
      throw new IllegalArgumentException(
          "The timeout of a call is "
              + timeout
              + "; it must be at least 1 ms and less than 20 days");
    }
    return timeout;
  }

  /** Returns the time at which the call began, in terms of {@link System#nanoTime()}. */
  public long begin() {
    return nanos - timeout.toNanos();
  }

  /** Returns whether the deadline has passed. */
  public boolean isOver() {
    return nanosLeft() <= 0;
  }

  /** Returns the remaining time; negative if the deadline has passed. */
  public long nanosLeft() {
    return nanos - System.nanoTime();
  }

  /** Returns the time since the call began. */
  public long nanosElapsed() {
    return timeout.toNanos() - nanosLeft();
  }

  /**
   * Returns whether this deadline is later than another one by more than a tenth of this deadline's
   * timeout.
   */
  public boolean isWellAfter(Deadline other) {
    return nanos - other.nanos > timeout.toNanos() / 10;
  }

  /** Returns whether this deadline is later than another one. */
  public boolean isAfter(Deadline other) {
    return nanos - other.nanos > 0;
  }
}
