// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {
  @ParameterizedTest
  @CsvSource({
    "Linux, amd64, false, linux-amd64",
    "Linux, x86_64, false, linux-amd64",
    "linux, arm64, false, linux-arm64",
    "Linux, aarch64, true, linux-arm64-musl",
    "Mac OS X, aarch64, false, mac-os-x-arm64",
    "LINUX, riscv64, false, linux-riscv64"
  })
  void namesPlatforms(String os, String architecture, boolean musl, String platform) {
    assertThat(Platform.of(os, architecture, musl)).isEqualTo(platform);
  }

  @Test
  void knowsTheLibraryOfCThatTheJvmRunsOn() throws IOException {
    assertThat(Platform.glibc())
        .hasValueSatisfying(version -> assertThat(version).matches("2\\.[0-9]{2}"));
  }
}
