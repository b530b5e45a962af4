// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.ElfSymbols;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ElfFileTest {
  /** Returns a library of the extension that other tests use. */
  private static byte[] library() throws IOException {
    try (InputStream in =
        ElfFileTest.class.getResourceAsStream("/io/pghello/extension/linux-amd64/17/pg_hello.so")) {
      return Objects.requireNonNull(in).readAllBytes();
    }
  }

  @Test
  void readsRequirements() throws IOException {
    ElfFile library = ElfFile.read(library());
    assertThat(library.machine()).isEqualTo("amd64");
    assertThat(library.needed()).contains("libc.so.6");
    assertThat(library.isMusl()).isFalse();
    assertThat(library.glibc())
        .hasValueSatisfying(version -> assertThat(version).matches("2\\.[0-9]{1,2}(\\.[0-9]+)?"));
    assertThat(library.newestDefined()).isEmpty();
  }

  @Test
  void readsSymbols() throws IOException {
    ElfSymbols symbols = ElfFile.readSymbols(library());
    assertThat(exported(symbols, "Pg_magic_func").kind()).isEqualTo(ElfSymbols.Kind.FUNCTION);
    assertThat(symbols.exports()).doesNotContainKey("palloc");
    assertThat(symbols.imports())
        .contains(new ElfSymbols.Import("palloc", Optional.empty(), true))
        .anyMatch(symbol -> symbol.version().filter(each -> each.startsWith("GLIBC_")).isPresent())
        .noneMatch(symbol -> symbol.name().equals("__gmon_start__"));
  }

  private static ElfSymbols.Export exported(ElfSymbols symbols, String name) {
    return Objects.requireNonNull(symbols.exports().get(name), name);
  }

  /** The C library exports some functions in several versions. */
  @Test
  void readsSymbolVersions() throws IOException {
    Path libc = Path.of("/lib/x86_64-linux-gnu/libc.so.6");
    assumeTrue(Files.exists(libc), "another distribution or processor");
    ElfSymbols symbols = ElfFile.readSymbols(Files.readAllBytes(libc));
    ElfSymbols.Export copy = exported(symbols, "memcpy");
    assertThat(copy.kind()).isEqualTo(ElfSymbols.Kind.FUNCTION);
    assertThat(copy.versions()).containsExactlyInAnyOrder("GLIBC_2.2.5", "GLIBC_2.14");
    assertThat(copy.hasVersion(Optional.of("GLIBC_2.14"))).isTrue();
    assertThat(copy.hasVersion(Optional.of("GLIBC_9.9"))).isFalse();
    assertThat(exported(symbols, "environ").kind()).isEqualTo(ElfSymbols.Kind.OBJECT);
  }

  @Test
  void readsSymbolsOfDamagedFilesInLimitedTime() throws IOException {
    byte[] whole = library();
    var random = new Random(1);
    for (int i = 0; i < 2_000; i++) {
      byte[] damaged = whole.clone();
      for (int j = 0; j < 4; j++) {
        damaged[random.nextInt(4_096)] = (byte) random.nextInt();
      }
      try {
        ElfFile.readSymbols(damaged);
      } catch (IOException e) {
        assertThat(e).hasMessageMatching("it is (truncated or damaged|not a 64-bit .*)");
      }
    }
  }

  @Test
  void detectsMusl() {
    for (String libc : new String[] {"libc.so", "libc.musl-x86_64.so.1"}) {
      assertThat(new ElfFile("amd64", List.of(libc), List.of(), List.of()).isMusl()).isTrue();
    }
  }

  /** A library that calls no function of a C library does not show which one it was built for. */
  @Test
  void acceptsEitherCLibraryIfNoneIsNeeded() {
    assertThat(new ElfFile("arm64", List.of(), List.of(), List.of()).platforms())
        .containsExactly("linux-arm64", "linux-arm64-musl");
    assertThat(new ElfFile("arm64", List.of("libm.so.6"), List.of(), List.of()).platforms())
        .containsExactly("linux-arm64");
  }

  @ParameterizedTest
  @CsvSource({"2.9, 2.36, -1", "2.36, 2.36, 0", "2.38, 2.36, 1", "2.2.5, 2.2, 1", "3.0, 2.99, 1"})
  void ordersVersions(String a, String b, int order) {
    assertThat(Integer.signum(ElfFile.BY_VERSION.compare(a, b))).isEqualTo(order);
  }

  @Test
  void rejectsOtherFiles() {
    for (byte[] content :
        new byte[][] {
          {},
          {0x7f, 'E', 'L', 'F'},
          "#!/bin/sh".getBytes(java.nio.charset.StandardCharsets.US_ASCII),
          new byte[64]
        }) {
      assertThatThrownBy(() -> ElfFile.read(content))
          .isInstanceOf(IOException.class)
          .hasMessage("it is not a 64-bit shared library for Linux");
    }
  }

  @Test
  void rejects32BitFiles() throws IOException {
    byte[] file = library();
    file[4] = 1;
    assertThatThrownBy(() -> ElfFile.read(file))
        .isInstanceOf(IOException.class)
        .hasMessage("it is not a 64-bit shared library for Linux");
  }

  @Test
  void rejectsADynamicSegmentBehindTheEnd() throws IOException {
    byte[] library = library();
    ByteBuffer file = ByteBuffer.wrap(library).order(ByteOrder.LITTLE_ENDIAN);
    int dynamic =
        IntStream.range(0, file.getShort(56))
            .map(i -> 64 + 56 * i)
            .filter(header -> file.getInt(header) == 2)
            .findFirst()
            .orElseThrow();
    // the end of the segment is greater than Integer.MAX_VALUE
    file.putLong(dynamic + 32, Integer.MAX_VALUE);
    assertThatThrownBy(() -> ElfFile.read(library))
        .isInstanceOf(IOException.class)
        .hasMessage("it is truncated or damaged");
  }

  @Test
  void rejectsTruncatedFiles() throws IOException {
    byte[] whole = library();
    // the headers of sections, which a server does not load, may follow the last segment
    int end = endOfSegments(whole);
    for (int length : new int[] {64, 65, 120, 1000, end / 2, end * 9 / 10, end - 1}) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> ElfFile.read(part))
          .as("%d of %d bytes", length, whole.length)
          .isInstanceOf(IOException.class)
          .hasMessage("it is truncated or damaged");
    }
    assertThat(ElfFile.read(Arrays.copyOf(whole, end)).needed()).contains("libc.so.6");
  }

  /** Returns the end of the last segment in a file. */
  private static int endOfSegments(byte[] library) {
    ByteBuffer file = ByteBuffer.wrap(library).order(ByteOrder.LITTLE_ENDIAN);
    return IntStream.range(0, file.getShort(56))
        .map(i -> 64 + 56 * i)
        .mapToLong(header -> file.getLong(header + 8) + file.getLong(header + 32))
        .mapToInt(Math::toIntExact)
        .max()
        .orElseThrow();
  }

  /** Damaged files cause no other exceptions and no endless loops. */
  @Test
  void survivesDamage() throws IOException {
    byte[] whole = library();
    var random = new Random(1);
    for (int i = 0; i < 2_000; i++) {
      byte[] damaged = whole.clone();
      for (int j = 0; j < 4; j++) {
        damaged[random.nextInt(j % 2 == 0 ? 1024 : damaged.length)] = (byte) random.nextInt();
      }
      try {
        ElfFile.read(damaged);
      } catch (IOException e) {
        assertThat(e)
            .hasMessageMatching(
                "it is (not a 64-bit shared library for Linux|truncated or damaged)");
      }
    }
  }
}
