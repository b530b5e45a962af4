// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatenciesTest {
  private final Latencies latencies = new Latencies();

  @ParameterizedTest
  @ValueSource(longs = {1, 31, 32, 33, 63, 64, 65, 1_000, 23_456, 1_000_000_007, 60_000_000_000L})
  void isExactToThreePercent(long nanos) {
    latencies.add(nanos);
    assertThat(latencies.quantile(0.5)).isCloseTo((double) nanos, withinPercentage(3.2));
  }

  @Test
  void aQuantileIsTheTimeThatItsShareDidNotExceed() {
    var others = new Latencies();
    for (int i = 0; i < 98; i++) {
      latencies.add(10);
    }
    others.add(20);
    others.add(30);
    latencies.add(others);
    assertThat(latencies.quantile(0.5)).isEqualTo(10);
    assertThat(latencies.quantile(0.98)).isEqualTo(10);
    assertThat(latencies.quantile(0.99)).isEqualTo(20);
    assertThat(latencies.quantile(0.999)).isEqualTo(30);
  }
}
