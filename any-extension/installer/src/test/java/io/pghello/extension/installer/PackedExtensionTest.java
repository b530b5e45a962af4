// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** Recipes of extensions in SQL contain no libraries. */
  @ParameterizedTest
  @ValueSource(strings = {"linux-amd64", "linux-arm64-musl", "darwin-arm64", "windows-amd64"})
  void anExtensionWithoutLibrariesIsForAllPlatforms(String platform) throws Exception {
    assertThat(packed("share/17/extension/acme.control").files(platform, 17))
        .containsOnlyKeys("share/postgresql/extension/acme.control");
  }

  @Test
  void choosesTheLibraryOfThePlatformAndTheMajor() throws Exception {
    PackedExtension packed =
        packed(
            "share/15/extension/acme.control",
            "share/17/extension/acme.control",
            "linux-amd64/17/acme.so",
            "linux-amd64-musl/17/acme.so",
            "darwin-arm64/15/acme.so",
            "darwin-arm64/17/acme.dylib",
            "windows-amd64/17/acme.dll");
    assertThat(packed.files("linux-amd64", 17)).containsKey("lib/postgresql/acme.so");
    assertThat(packed.files("linux-amd64-musl", 17).get("lib/postgresql/acme.so"))
        .asString()
        .isEqualTo("linux-amd64-musl/17/acme.so");
    assertThat(packed.files("darwin-arm64", 15)).containsKey("lib/postgresql/acme.so");
    assertThat(packed.files("darwin-arm64", 17)).containsKey("lib/postgresql/acme.dylib");
    assertThat(packed.files("windows-amd64", 17)).containsKey("lib/postgresql/acme.dll");
    assertThatThrownBy(() -> packed.files("darwin-amd64", 17))
        .hasMessageContaining("no library for PostgreSQL 17 on darwin-amd64");
  }

  @ParameterizedTest
  @CsvSource({
    "darwin-arm64, 17, acme.so, acme.dylib",
    "linux-amd64, 17, acme.dll, acme.so",
    "windows-amd64, 17, sub/acme.so, sub/acme.dll"
  })
  void rejectsALibraryWithTheSuffixOfAnotherPlatform(
      String platform, int major, String library, String expected) throws Exception {
    String script = "share/" + major + "/extension/acme.control";
    String folder = platform + "/" + major + "/";
    PackedExtension wrong = packed(script, folder + library);
    assertThatThrownBy(() -> wrong.files(platform, major))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("META-INF/pg-extension/acme/" + folder + library)
        .hasMessageEndingWith("if it was built for it, rename it to " + expected + ".");
    assertThat(packed(script, folder + library, folder + expected).files(platform, major))
        .hasSize(3);
    assertThat(packed(script, folder + expected, folder + "README").files(platform, major))
        .hasSize(3);
  }

  @Test
  void acceptsALibraryForMacosThatAnotherLinksTo() throws Exception {
    String script = "share/15/extension/acme.control";
    String[] libraries = {"darwin-arm64/15/acme.so", "darwin-arm64/15/common.dylib"};
    assertThat(packed(script, libraries[0], libraries[1]).files("darwin-arm64", 15)).hasSize(3);
  }

  /** Returns an extension with files for PostgreSQL 15 and 17. Each file contains its name. */
  private static PackedExtension packed(String... files) throws Exception {
    String folder = "META-INF/pg-extension/acme/";
    var contents = new HashMap<String, byte[]>();
    var sums = new StringBuilder();
    for (String file : files) {
      byte[] content = file.getBytes(StandardCharsets.UTF_8);
      contents.put(folder + file, content);
      sums.append(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content)))
          .append("  ")
          .append(file)
          .append('\n');
    }
    contents.put(folder + "SHA256SUMS", sums.toString().getBytes(StandardCharsets.UTF_8));
    return new PackedExtension(
        "acme",
        "acme.properties",
        new ByteArrayInputStream("majors = 15,17".getBytes(StandardCharsets.UTF_8)),
        new PackedExtension.Resources() {
          @Override
          public @Nullable InputStream open(String name) {
            byte[] content = contents.get(name);
            return content == null ? null : new ByteArrayInputStream(content);
          }

          @Override
          public String place() {
            return "here";
          }
        });
  }
}
