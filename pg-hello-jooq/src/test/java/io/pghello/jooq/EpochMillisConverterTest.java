// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EpochMillisConverterTest {
  private final EpochMillisConverter converter = new EpochMillisConverter();

  @ParameterizedTest
  @ValueSource(longs = {0, 1, -1, 946_684_800_000L, Long.MAX_VALUE, Long.MIN_VALUE})
  void keepsEveryMillisecond(long millis) {
    assertThat(converter.to(converter.from(millis))).isEqualTo(millis);
  }

  @Test
  void readsMillisecondsSince1970() {
    assertThat(converter.from(946_684_800_001L)).isEqualTo("2000-01-01T00:00:00.001Z");
    assertThat(converter.from(-1L)).isEqualTo("1969-12-31T23:59:59.999Z");
  }

  @Test
  void keepsNull() {
    assertThat(converter.from(null)).isNull();
    assertThat(converter.to(null)).isNull();
  }

  @Test
  void truncatesToMilliseconds() {
    assertThat(converter.to(Instant.parse("2000-01-01T00:00:00.001999999Z")))
        .isEqualTo(946_684_800_001L);
  }

  @Test
  void rejectsInstantsOutOfRange() {
    assertThatThrownBy(() -> converter.to(Instant.MAX)).isInstanceOf(ArithmeticException.class);
  }
}
