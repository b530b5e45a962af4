// SPDX-License-Identifier: MIT
package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.runner.JUnitCore;
import org.junit.runner.Result;

/** Runs the test for JUnit 4, which Maven skips in this module. */
class JUnit4IT {
  @Test
  void runsATestOfJUnit4() {
    Result result = JUnitCore.runClasses(TrigramIT.class);
    assertThat(result.getFailures()).isEmpty();
    assertThat(result.getRunCount()).isEqualTo(1);
  }
}
