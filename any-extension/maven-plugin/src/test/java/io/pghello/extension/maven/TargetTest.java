// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.ServerBinaries;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the platforms that the goals accept, and the file names for each platform. */
class TargetTest {
  @Test
  void buildsForThisMachineByDefault() {
    assertThat(Target.platforms(List.of())).containsExactly(ServerBinaries.currentPlatform());
    assertThat(Target.platforms(List.of(" "))).containsExactly(ServerBinaries.currentPlatform());
  }

  @Test
  void buildsForThisMachineFirst() {
    assertThat(Target.platforms(List.of("windows-amd64", " " + ServerBinaries.currentPlatform())))
        .containsExactly(ServerBinaries.currentPlatform(), "windows-amd64");
    assertThat(Target.platforms(List.of("all", "darwin-arm64")))
        .startsWith(ServerBinaries.currentPlatform())
        .contains(
            "linux-amd64",
            "linux-arm64",
            "linux-amd64-musl",
            "linux-arm64-musl",
            "darwin-arm64",
            "darwin-amd64",
            "windows-amd64")
        .doesNotHaveDuplicates();
  }

  @Test
  void namesThePlatformsIfOneIsUnknown() {
    assertThatThrownBy(() -> Target.platforms(List.of("linux-amd64", "macos")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "There is no platform macos. Remedy: set pg-extension.platforms to all, or to some of"
                + " linux-amd64, linux-arm64, linux-amd64-musl, linux-arm64-musl, darwin-arm64,"
                + " darwin-amd64, windows-amd64");
  }

  @ParameterizedTest
  @CsvSource({
    "linux-amd46, linux-amd64",
    "linux-arm, linux-arm64",
    "linux-amd64-must, linux-amd64-musl",
    "darwin-arm46, darwin-arm64",
    "Windows-amd64, windows-amd64"
  })
  void suggestsThePlatformWithASimilarName(String misspelt, String platform) {
    assertThatThrownBy(() -> Target.platforms(List.of(misspelt)))
        .hasMessageStartingWith(
            "There is no platform %s. Did you mean %s? Remedy: set pg-extension.platforms to all",
            misspelt, platform);
  }

  @Test
  void namesLibrariesAsServersDo() {
    assertThat(Target.LINUX_ARM64_MUSL.librarySuffix(18)).isEqualTo(".so");
    assertThat(Target.DARWIN_AMD64.librarySuffix(15)).isEqualTo(".so");
    assertThat(Target.DARWIN_AMD64.librarySuffix(16)).isEqualTo(".dylib");
    assertThat(Target.WINDOWS_AMD64.librarySuffix(15)).isEqualTo(".dll");
  }

  @Test
  void keepsThePlacesOfThisMachinesBuilds() {
    Path target = Path.of("target");
    assertThat(Target.builds(target, ServerBinaries.currentPlatform())).isEqualTo(target);
    assertThat(Target.of(ServerBinaries.currentPlatform())).isEmpty();
    assertThat(Stream.of(Target.values()).map(each -> Target.builds(target, each.platform())))
        .doesNotHaveDuplicates();
  }
}
