// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

/** Current numbers of a client, for example for gauges. Thread-safe. */
public interface CallStatistics {
  /**
   * Returns the number of calls that are waiting for a statement. The calls are counted without a
   * lock, so the cost grows with the number of waiting calls.
   */
  int queuedCalls();

  /**
   * Returns the number of statements that are in flight or waiting for a connection. A statement
   * can contain several calls. Statements on a caller's own connection are not counted.
   */
  int inFlightStatements();
}
