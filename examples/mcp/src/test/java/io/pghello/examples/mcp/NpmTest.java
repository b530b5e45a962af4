// SPDX-License-Identifier: MIT
package io.pghello.examples.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NpmTest {
  @Test
  void findsTheErrorOfNpm() {
    assertThat(Npm.firstError(List.of("npm warn old", "npm error code ENOTFOUND", "npm error x")))
        .isEqualTo("npm error code ENOTFOUND");
    assertThat(Npm.firstError(List.of("npm WARN old", "npm ERR! code ENOTFOUND")))
        .isEqualTo("npm ERR! code ENOTFOUND");
    assertThat(Npm.firstError(List.of("added 3 packages"))).isEqualTo("npm reported no error");
  }
}
