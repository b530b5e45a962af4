// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AddressTest {
  @Test
  void isParsedFromTheUrl() {
    Address address = Address.of("jdbc:postgresql://127.0.0.1:5433/app?user=hello&password=a%26b");
    assertThat(address).isEqualTo(new Address("127.0.0.1", 5433, "app", "hello", "a&b"));
    assertThat(address.via("localhost", 1).jdbcUrl())
        .isEqualTo("jdbc:postgresql://localhost:1/app");
    assertThat(address.toString()).doesNotContain("a&b");
  }
}
