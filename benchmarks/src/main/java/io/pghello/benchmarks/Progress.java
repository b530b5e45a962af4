// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

/** Hears what is being measured. */
interface Progress {
  /** A step begins. */
  void step(String what);
}
