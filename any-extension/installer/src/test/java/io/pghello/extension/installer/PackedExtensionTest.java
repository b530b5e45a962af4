// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackedExtensionTest {
  @ParameterizedTest
  @CsvSource({
    "acme, linux-amd64, 17, acme.so",
    "acme.so, linux-arm64-musl, 15, acme.so",
    "acme.so, darwin-arm64, 15, acme.so",
    "acme.so, darwin-arm64, 16, acme.dylib",
    "acme, darwin-amd64, 18, acme.dylib",
    "acme.dylib, linux-amd64, 17, acme.so",
    "acme, windows-amd64, 15, acme.dll",
    "acme.so, windows-amd64, 18, acme.dll",
    "libacme.so.1.2, linux-amd64, 17, libacme.so.1.2",
    "acme-1.2, windows-amd64, 17, acme-1.2.dll"
  })
  void namesLibrariesAsTheServerDoes(String library, String platform, int major, String file) {
    assertThat(PackedExtension.libraryFile(library, platform, major)).isEqualTo(file);
  }
}
