// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
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

  /** Returns the extension {@code acme} with these files, whose contents are their names. */
  private static PackedExtension acme(String... files) {
    var sums = new StringBuilder();
    var resources = new HashMap<String, byte[]>();
    for (String file : files) {
      byte[] content = file.getBytes(StandardCharsets.UTF_8);
      sums.append(sha256(content)).append("  ").append(file).append('\n');
      resources.put("META-INF/pg-extension/acme/" + file, content);
    }
    resources.put(
        "META-INF/pg-extension/acme/SHA256SUMS", sums.toString().getBytes(StandardCharsets.UTF_8));
    var inMemory =
        new PackedExtension.Resources() {
          @Override
          public @Nullable InputStream open(String name) {
            byte[] content = resources.get(name);
            return content == null ? null : new ByteArrayInputStream(content);
          }

          @Override
          public String place() {
            return "in memory";
          }
        };
    byte[] descriptor = "majors = 15, 17".getBytes(StandardCharsets.UTF_8);
    return new PackedExtension(
        "acme", "acme.properties", new ByteArrayInputStream(descriptor), inMemory);
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "darwin-arm64, 17, acme.so, acme.dylib",
    "linux-amd64, 17, acme.dll, acme.so",
    "windows-amd64, 17, sub/acme.so, sub/acme.dll"
  })
  void rejectsALibraryWithTheSuffixOfAnotherPlatform(
      String platform, int major, String library, String expected) {
    String script = "share/" + major + "/extension/acme.control";
    String folder = platform + "/" + major + "/";
    assertThatThrownBy(() -> acme(script, folder + library).files(platform, major))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("META-INF/pg-extension/acme/" + folder + library)
        .hasMessageEndingWith("if it was built for it, rename it to " + expected + ".");
    assertThat(acme(script, folder + library, folder + expected).files(platform, major)).hasSize(3);
    assertThat(acme(script, folder + expected, folder + "README").files(platform, major))
        .hasSize(3);
  }

  @Test
  void acceptsALibraryForMacosThatAnotherLinksTo() {
    String script = "share/15/extension/acme.control";
    String[] libraries = {"darwin-arm64/15/acme.so", "darwin-arm64/15/common.dylib"};
    assertThat(acme(script, libraries[0], libraries[1]).files("darwin-arm64", 15)).hasSize(3);
  }
}
