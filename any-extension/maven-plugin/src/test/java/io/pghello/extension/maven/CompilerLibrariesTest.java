// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompilerLibrariesTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/usr/lib/musl/libc.so",
        "-lc (/usr/lib/musl/libc.so)",
        "/tmp/a.o\n/usr/lib/libgcc.a\n/usr/lib/musl/libc.so\n/lib/other.so"
      })
  void findsMuslInTheOutputOfOldAndNewLinkers(String trace) {
    assertThat(CompilerLibraries.linkedMusl(trace)).contains("/usr/lib/musl/libc.so");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/usr/lib/libc.so.6", "/usr/lib/libc.so: cannot be used"})
  void findsNoOtherLibrary(String trace) {
    assertThat(CompilerLibraries.linkedMusl(trace)).isEmpty();
  }
}
