// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {
  @Test
  void mayHaveNoRows() {
    assertThat(new Table(List.of()).header()).contains("against");
  }
}
