// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClientAddressTest {
  @ParameterizedTest
  @CsvSource({
    "192.0.2.1, 192.0.2.1",
    "2001:db8:1:2:3:4:5:6, 20:01:0d:b8:00:01:00:02::/64",
    "2001:db8:1:2::, 20:01:0d:b8:00:01:00:02::/64",
    "2001:DB8:1:3::1, 20:01:0d:b8:00:01:00:03::/64",
    "fe80::1%eth0, fe:80:00:00:00:00:00:00::/64",
    "::1, 00:00:00:00:00:00:00:00::/64",
    "::ffff:192.0.2.1, 192.0.2.1",
    "64:ff9b::192.0.2.1, 192.0.2.1",
    "64:ff9b::c000:202, 192.0.2.2",
    "64:ff9b:0:0:0:1:c000:202, 00:64:ff:9b:00:00:00:00::/64",
    "64:ff9b:1::c000:202, 00:64:ff:9b:00:01:00:00::/64",
    "localhost, localhost",
    "host.example:80, host.example:80",
    "1:2, 1:2",
  })
  void isAnAddressOrANetwork(String address, String client) {
    assertThat(ClientAddress.of(address)).isEqualTo(client);
  }
}
