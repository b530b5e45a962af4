// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MissingFileTest {
  private static final String NO_GIT = "/bin/bash: line 1: git: command not found";
  private static final String NO_MYSQL = "make: mysql_config: No such file or directory";
  private static final String FAILED = "make: *** [<builtin>: x.o] Error 1";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "x.c:1:10: fatal error: sodium.h: No such file or directory | sodium.h | install it, for example: sudo apt-get install libsodium-dev",
        "x.c:1:10: fatal error: 'sqlite3.h' file not found | sqlite3.h | install it, for example: sudo apt-get install libsqlite3-dev",
        "x.c:1:10: fatal error: other.h: No such file or directory | other.h | install the package that contains it (Debian: apt-file search other.h), or fetch the project's submodules",
        "/usr/bin/ld: cannot find -lz: No such file or directory | -lz | install it, for example: sudo apt-get install zlib1g-dev",
        "ld.lld: error: unable to find library -lz | -lz | install it, for example: sudo apt-get install zlib1g-dev",
        "ld64.lld: error: library not found for -lz | -lz | install it, for example: sudo apt-get install zlib1g-dev",
        "/bin/sh: 1: python: not found | python | install it, for example: sudo apt-get install python-is-python3",
        "make: pkg-config: No such file or directory | pkg-config | install it, for example: sudo apt-get install pkg-config",
        "ERROR: `bison' is missing on your system. | bison | install it, for example: sudo apt-get install bison",
        "/bin/sh: 1: other-tool: not found | other-tool | install the package that contains it (Debian: apt-file search other-tool)",
        "No package 'libsodium' found | libsodium | install it, for example: sudo apt-get install libsodium-dev",
        "Package healpix_cxx was not found in the pkg-config search path. | healpix_cxx | install the package that contains it (Debian: apt-file search healpix_cxx.pc)"
      })
  void namesPackageOfMissingFile(String line, String name, String remedy) {
    assertThat(remedy(null, line, FAILED)).isEqualTo(": %s is missing. Remedy: %s", name, remedy);
  }

  /** A Makefile ignores the failure of its function shell. */
  @Test
  void doesNotNameProgramIfThereIsAnotherError() {
    String error = "x.c:3:1: error: unknown type name 'foo'";
    for (String line : List.of(NO_GIT, NO_MYSQL, "No package 'libsodium' found")) {
      assertThat(remedy(null, line, "gcc -c x.c", error, FAILED)).isEmpty();
      assertThat(remedy("darwin-arm64", line, "gcc -c x.c", error, FAILED)).isEmpty();
    }
    assertThat(remedy(null, NO_GIT, "x.o: undefined reference to `foo'", FAILED)).isEmpty();
    assertThat(remedy(null, NO_GIT, "gcc", "gcc", "gcc", "cp: cannot stat 'x'", FAILED)).isEmpty();
  }

  @Test
  void namesFileNearestToFailure() {
    assertThat(
            remedy(
                null, NO_GIT, "gcc -c x.c", "x.c:1:10: fatal error: lz4.h: No such file", FAILED))
        .startsWith(": lz4.h is missing.");
    assertThat(
            remedy(
                null,
                NO_GIT,
                "gcc -shared",
                "/usr/bin/ld: cannot find -lz: No such file",
                "collect2: error: ld returned 1 exit status",
                FAILED))
        .startsWith(": -lz is missing.");
    assertThat(
            remedy(
                null,
                NO_GIT,
                "/bin/sh: 1: flex: not found",
                "gcc",
                "gcc",
                "gcc",
                "make: *** [Makefile:9: scan.c] Error 127"))
        .startsWith(": flex is missing.");
  }

  @Test
  void explainsOtherPlatforms() {
    assertThat(remedy("darwin-arm64", "ld64.lld: error: library not found for -lz", FAILED))
        .isEqualTo(
            ": -lz is missing for darwin-arm64: only the server's headers and the C library are"
                + " available for other platforms");
    assertThat(remedy("darwin-arm64", NO_MYSQL, FAILED))
        .isEqualTo(
            ": mysql_config is missing. Remedy: install it, for example: sudo apt-get install"
                + " default-libmysqlclient-dev");
    assertThat(remedy("linux-arm64", "x.c:1:10: fatal error: immintrin.h: No such file", FAILED))
        .isEqualTo(": immintrin.h is missing for linux-arm64: it is a header for other processors");
  }

  private static String remedy(@Nullable String platform, String... lines) {
    return MissingFile.remedy(List.of(lines), platform);
  }
}
