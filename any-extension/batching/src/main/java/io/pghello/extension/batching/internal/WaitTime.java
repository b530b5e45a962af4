// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

/**
 * The time that a call waited before its statement started. Used only by the thread of the call.
 */
public final class WaitTime {
  private long nanos;

  /** Sets the time, in nanoseconds. */
  public void set(long nanos) {
    this.nanos = nanos;
  }

  /** Returns the time, in nanoseconds; 0 if the call did not wait. */
  public long nanos() {
    return nanos;
  }
}
