// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

/**
 * The time that a call waited before a statement was made for it. Used by the thread of the call.
 */
public final class WaitTime {
  private long nanos;

  /** Sets it. */
  public void set(long nanos) {
    this.nanos = nanos;
  }

  /** Returns it, in nanoseconds; 0 if the call did not wait. */
  public long nanos() {
    return nanos;
  }
}
