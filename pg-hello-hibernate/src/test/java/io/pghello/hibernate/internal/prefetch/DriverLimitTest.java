// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.prefetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DriverLimitTest {
  @ParameterizedTest
  @CsvSource({
    "jdbc:postgresql://host/app?maxResultBuffer=64K, 64000",
    "jdbc:postgresql://host/app?user=a&maxResultBuffer=100, 100",
    "jdbc:postgresql://host/app?maxResultBuffer=2M&user=a, 2000000",
    "jdbc:postgresql://host/app?user=a, 9223372036854775807",
    "jdbc:postgresql://host/maxResultBuffer, 9223372036854775807"
  })
  void readsTheUrl(String url, long bytes) throws SQLException {
    assertThat(DriverLimit.in(url)).isEqualTo(bytes);
  }

  @Test
  void aShareOfTheHeapIsALimit() throws SQLException {
    assertThat(DriverLimit.in("jdbc:postgresql://host/app?maxResultBuffer=10p"))
        .isBetween(1L, Runtime.getRuntime().maxMemory());
  }
}
