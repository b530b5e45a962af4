// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MeasurementTest {
  @Test
  void aCallWaitsUntilItsStatementIsMadeOrItEnds() {
    assertThat(Measurement.queueNanos(100, 150, 200)).isEqualTo(50);
    assertThat(Measurement.queueNanos(100, 0, 200)).isEqualTo(100);
  }

  /** The start time of the batch may have been read before the call began. */
  @Test
  void aCallThatJoinsABatchAtTheLastMomentHasNotWaited() {
    assertThat(Measurement.queueNanos(100, 90, 200)).isZero();
  }
}
