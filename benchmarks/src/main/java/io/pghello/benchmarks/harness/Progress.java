// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

/** Is told what is being measured. */
public interface Progress {
  /** A step begins. */
  void step(String what);
}
