// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class ScaleTest {
  @Test
  void equalFactorsAreEquallyFarApart() {
    Scale scale = new Scale(true, 1, 100);
    assertThat(new double[] {scale.at(1), scale.at(10), scale.at(100)})
        .containsExactly(new double[] {0, 0.5, 1}, within(1e-9));
  }

  @Test
  void isLogarithmicWhereFiguresLiePowersOfTenApart() {
    assertThat(Scale.fitting(List.of(1.0, 10.0)).logarithmic()).isTrue();
    assertThat(Scale.fitting(List.of(1.0, 9.0)).logarithmic()).isFalse();
  }

  @Test
  void beginsAtZeroIfItIsNotLogarithmic() {
    Scale scale = Scale.fitting(List.of(7.0, 9.0));
    assertThat(scale.at(0)).isZero();
    assertThat(scale.at(9)).isBetween(0.9, 1.0);
    assertThat(scale.ticks(6)).containsExactly(0.0, 2.0, 4.0, 6.0, 8.0);
  }

  @Test
  void showsFiguresBelowZeroOrThatAreAllZero() {
    Scale below = Scale.fitting(List.of(-4.0, 0.0, 100.0));
    assertThat(below.logarithmic()).isFalse();
    assertThat(below.at(-4)).isBetween(0.0, 0.1);
    Scale zero = Scale.fitting(List.of(0.0, 0.0));
    assertThat(zero.at(0)).isZero();
    assertThat(zero.ticks(6)).contains(0.0, 1.0);
  }

  @Test
  void hasAsManyTicksAsThereIsRoomFor() {
    assertThat(new Scale(true, 0.4, 30).ticks(6)).containsExactly(0.5, 1.0, 2.0, 5.0, 10.0, 20.0);
    assertThat(new Scale(true, 0.4, 30).ticks(5)).containsExactly(1.0, 10.0);
    assertThat(new Scale(true, 0.004, 3e6).ticks(5)).containsExactly(0.01, 1.0, 100.0, 1e4, 1e6);
    assertThat(new Scale(true, 0.09, 2).ticks(9)).containsExactly(0.1, 0.2, 0.5, 1.0, 2.0);
  }
}
