// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import static io.pghello.extension.installer.NativeFiles.AMD64;
import static io.pghello.extension.installer.NativeFiles.ARM64;
import static io.pghello.extension.installer.NativeFiles.BUNDLE;
import static io.pghello.extension.installer.NativeFiles.PROGRAM;
import static io.pghello.extension.installer.NativeFiles.pe;
import static io.pghello.extension.installer.NativeFiles.universal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.installer.NativeFiles.MachO;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NativeFileTest {
  private static final int WINDOWS_AMD64 = 0x8664;
  private static final MachO BUNDLE_ARM64 = new MachO(ARM64, BUNDLE);

  private static NativeFile read(MachO file) throws IOException {
    return NativeFileReader.read(file.bytes());
  }

  private static Optional<String> problem(MachO library, MachO server) throws IOException {
    return read(library).loadProblem("darwin-arm64", Optional.of(read(server)));
  }

  @Test
  void readsALibraryOfMacos() throws IOException {
    NativeFile file = read(BUNDLE_ARM64.importing("SPI_connect").exporting("Pg_magic_func"));
    assertThat(file.platforms()).containsExactly("darwin-arm64");
    assertThat(file.minimumSystem("darwin-arm64")).contains("12.0");
    assertThat(file.needed("darwin-arm64")).containsExactly("/usr/lib/libSystem.B.dylib");
    assertThat(file).isInstanceOf(MachOFile.class);
    assertThat(((MachOFile) file).exports("darwin-arm64")).containsExactly("Pg_magic_func");
    assertThat(file.loadProblem("darwin-arm64", Optional.empty())).isEmpty();
  }

  @Test
  void readsBothProcessorsOfAUniversalFile() throws IOException {
    NativeFile file =
        NativeFileReader.read(
            universal(
                new MachO(AMD64, BUNDLE).bytes(), BUNDLE_ARM64.withMacos(13).unsigned().bytes()));
    assertThat(file.platforms()).containsExactly("darwin-amd64", "darwin-arm64");
    assertThat(file.minimumSystem("darwin-amd64")).contains("12.0");
    assertThat(file.minimumSystem("darwin-arm64")).contains("13.0");
    // macOS runs unsigned code only on Intel processors
    assertThat(file.loadProblem("darwin-amd64", Optional.empty())).isEmpty();
    assertThat(file.loadProblem("darwin-arm64", Optional.empty())).isPresent();
  }

  @Test
  void readsALibraryOfWindows() throws IOException {
    NativeFile file =
        NativeFileReader.read(pe(WINDOWS_AMD64, true, List.of("palloc"), List.of("Pg_magic_func")));
    assertThat(file)
        .isEqualTo(
            new PeFile(
                "amd64",
                true,
                "6.0",
                java.util.Map.of("postgres.exe", java.util.Set.of("palloc")),
                java.util.Set.of("Pg_magic_func")));
    assertThat(file.platforms()).containsExactly("windows-amd64");
    assertThat(file.needed("windows-amd64")).containsExactly("postgres.exe");
    assertThat(file.loadProblem("windows-amd64", Optional.empty())).isEmpty();
  }

  @Test
  void namesSymbolsThatTheServerDoesNotExport() throws IOException {
    MachO server = new MachO(ARM64, PROGRAM).exporting("palloc", "SPI_connect");
    assertThat(problem(BUNDLE_ARM64.importing("palloc"), server)).isEmpty();
    assertThat(problem(BUNDLE_ARM64.importing("palloc", "c", "b", "d", "a"), server))
        .contains(
            "needs a, b, c and 1 more symbols, which this server does not export: build it with the"
                + " headers of this server's version");
    NativeFile windows =
        NativeFileReader.read(pe(WINDOWS_AMD64, false, List.of(), List.of("palloc")));
    for (String name : List.of("palloc", "pstrdup")) {
      NativeFile library = NativeFileReader.read(pe(WINDOWS_AMD64, true, List.of(name), List.of()));
      assertThat(library.loadProblem("windows-amd64", Optional.of(windows)).isPresent())
          .isEqualTo(name.equals("pstrdup"));
    }
  }

  @Test
  void refusesAProgram() throws IOException {
    assertThat(problem(new MachO(ARM64, PROGRAM), new MachO(ARM64, PROGRAM)))
        .contains("is a program or an object file, not a library");
    assertThat(
            NativeFileReader.read(pe(WINDOWS_AMD64, false, List.of(), List.of()))
                .loadProblem("windows-amd64", Optional.empty()))
        .contains("is a program, not a library");
  }

  @Test
  void refusesUnsignedCodeOnArm64() throws IOException {
    assertThat(read(BUNDLE_ARM64.unsigned()).loadProblem("darwin-arm64", Optional.empty()))
        .hasValueSatisfying(problem -> assertThat(problem).startsWith("is not signed, "));
  }

  /** The tools strip and install_name_tool may change a file after it was signed. */
  @Test
  void refusesAFileThatWasChangedAfterItHadBeenSigned() throws IOException {
    // the file has several pages, and the last page is incomplete
    byte[] signed = BUNDLE_ARM64.containing("x".repeat(9_000)).bytes();
    assertThat(NativeFileReader.read(signed).loadProblem("darwin-arm64", Optional.empty()))
        .isEmpty();
    int text = new String(signed, StandardCharsets.ISO_8859_1).lastIndexOf("xxx");
    for (int at : new int[] {text, text - 5_000, text - 8_900}) {
      byte[] changed = signed.clone();
      changed[at]++;
      assertThat(NativeFileReader.read(changed).loadProblem("darwin-arm64", Optional.empty()))
          .as("at %d", at)
          .hasValueSatisfying(problem -> assertThat(problem).startsWith("was changed after "));
    }
  }

  @Test
  void refusesALibraryForAnotherAppleSystem() {
    byte[] bytes = BUNDLE_ARM64.bytes();
    // the system in the command with the minimum version
    int command = indexOf(bytes, Integer.reverseBytes(0x32));
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(command + 8, 2);
    assertThatThrownBy(() -> NativeFileReader.read(bytes))
        .isInstanceOf(IOException.class)
        .hasMessage("it is for 32-bit processors, or for an Apple system other than macOS");
  }

  /** Other symbols may be in any library. */
  @Test
  void checksOnlySymbolsOfTheProgram() throws IOException {
    byte[] bytes = BUNDLE_ARM64.unsigned().importing("memcpy").bytes();
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putInt(4, AMD64);
    int symbols = file.getInt(indexOf(bytes, 0x02000000) + 8);
    NativeFile server = read(new MachO(AMD64, PROGRAM));
    assertThat(NativeFileReader.read(bytes).loadProblem("darwin-amd64", Optional.of(server)))
        .isPresent();
    // the first library instead of the program
    file.putShort(symbols + 6, (short) 0x100);
    assertThat(NativeFileReader.read(bytes).loadProblem("darwin-amd64", Optional.of(server)))
        .isEmpty();
  }

  /** Servers do not run as arm64e code, which is only for Apple's own programs. */
  @Test
  void doesNotTakeArm64eForArm64() throws IOException {
    byte[] plain = BUNDLE_ARM64.bytes();
    byte[] arm64e = new MachO(ARM64, BUNDLE).unsigned().bytes();
    ByteBuffer.wrap(arm64e).order(ByteOrder.LITTLE_ENDIAN).putInt(8, 0x80000002);
    assertThat(NativeFileReader.read(arm64e).platforms()).containsExactly("darwin-arm64e");
    NativeFile both = NativeFileReader.read(universal(plain, arm64e));
    assertThat(both.platforms()).containsExactly("darwin-arm64", "darwin-arm64e");
    assertThat(both.loadProblem("darwin-arm64", Optional.empty())).isEmpty();
  }

  /** The kernel does not accept code that no hash covers. */
  @Test
  void refusesASignatureThatDoesNotCoverTheFile() throws IOException {
    byte[] signed = BUNDLE_ARM64.bytes();
    int signature = indexOf(signed, 0xfade0cc0);
    byte[] empty = signed.clone();
    // no code directory
    ByteBuffer.wrap(empty).putInt(signature + 8, 0);
    byte[] uncovered = signed.clone();
    // a code directory without pages
    ByteBuffer.wrap(uncovered).putInt(signature + 20 + 28, 0).putInt(signature + 20 + 32, 0);
    for (byte[] file : new byte[][] {empty, uncovered}) {
      assertThat(NativeFileReader.read(file).loadProblem("darwin-arm64", Optional.empty()))
          .hasValueSatisfying(problem -> assertThat(problem).startsWith("was changed after "));
    }
  }

  private static int indexOf(byte[] bytes, int number) {
    ByteBuffer file = ByteBuffer.wrap(bytes);
    return IntStream.range(0, bytes.length - 3)
        .filter(at -> file.getInt(at) == number)
        .findFirst()
        .orElseThrow();
  }

  /** The segment's offset has more than 32 bits. */
  @Test
  void refusesASegmentBehindTheEnd() {
    byte[] bytes = BUNDLE_ARM64.bytes();
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int segment = 32;
    while (file.getInt(segment) != 0x19) {
      segment += file.getInt(segment + 4);
    }
    file.putLong(segment + 40, 1L << 32).putLong(segment + 48, 0);
    assertThatThrownBy(() -> NativeFileReader.read(bytes))
        .isInstanceOf(IOException.class)
        .hasMessage("it is truncated or damaged");
  }

  @Test
  void refusesALibraryOf32Bits() {
    byte[] bytes = pe(WINDOWS_AMD64, true, List.of(), List.of());
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putShort(88, (short) 0x10b);
    assertThatThrownBy(() -> NativeFileReader.read(bytes))
        .isInstanceOf(IOException.class)
        .hasMessage("it is truncated or damaged");
    file.putShort(68, (short) 0x14c);
    assertThatCode(() -> NativeFileReader.read(bytes)).doesNotThrowAnyException();
  }

  @Test
  void readsAHighMinimumVersion() throws IOException {
    byte[] bytes = pe(WINDOWS_AMD64, true, List.of(), List.of());
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putShort(88 + 48, (short) 40_000);
    assertThat(NativeFileReader.read(bytes).minimumSystem("windows-amd64")).contains("40000.0");
  }

  /** A small file must not fill the memory: all entries of its table may have one long name. */
  @Test
  void refusesMoreNamesThanTheFileHas() {
    byte[] bytes = pe(WINDOWS_AMD64, true, List.of("x".repeat(500), "a", "b"), List.of());
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int table = file.getInt(0x200 + 80) - 0x1000 + 0x200;
    long name = file.getLong(table);
    file.putInt(0x200 + 80, 0x1800);
    for (int i = 0; i < 20; i++) {
      file.putLong(0x200 + 0x800 + 8 * i, name);
    }
    assertThatThrownBy(() -> NativeFileReader.read(bytes))
        .isInstanceOf(IOException.class)
        .hasMessage("it is truncated or damaged");
  }

  private static Stream<byte[]> files() {
    return Stream.of(
        BUNDLE_ARM64.importing("palloc").exporting("a", "b").bytes(),
        universal(new MachO(AMD64, BUNDLE).bytes(), BUNDLE_ARM64.exporting("a").bytes()),
        pe(WINDOWS_AMD64, true, List.of("palloc"), List.of("a", "b")));
  }

  @ParameterizedTest
  @MethodSource("files")
  void refusesFilesThatAreCutOff(byte[] whole) {
    for (int length : new int[] {64, 100, 200, whole.length / 2, whole.length - 1}) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> NativeFileReader.read(part))
          .as("%d of %d bytes", length, whole.length)
          .isInstanceOf(IOException.class)
          .hasMessage("it is truncated or damaged");
    }
  }

  /** Damaged files cause no other exceptions and no endless loops. */
  @ParameterizedTest
  @MethodSource("files")
  void survivesDamage(byte[] whole) {
    var random = new Random(1);
    for (int i = 0; i < 3_000; i++) {
      byte[] damaged = whole.clone();
      for (int j = 0; j < 4; j++) {
        damaged[random.nextInt(j % 2 == 0 ? 128 : damaged.length)] = (byte) random.nextInt();
      }
      try {
        NativeFile file = NativeFileReader.read(damaged);
        file.platforms().forEach(platform -> file.loadProblem(platform, Optional.of(file)));
      } catch (IOException e) {
        assertThat(e).hasMessageStartingWith("it is ");
      }
    }
  }

  @Test
  void refusesOtherFiles() {
    byte[] classFile = new byte[100];
    System.arraycopy(
        new byte[] {(byte) 0xca, (byte) 0xfe, (byte) 0xba, (byte) 0xbe, 0, 0, 0, 61},
        0,
        classFile,
        0,
        8);
    for (byte[] content :
        new byte[][] {
          {}, "#!/bin/sh".getBytes(StandardCharsets.US_ASCII), new byte[99], classFile
        }) {
      assertThatThrownBy(() -> NativeFileReader.read(content))
          .isInstanceOf(IOException.class)
          .hasMessage("it is not a 64-bit shared library for Linux, macOS or Windows");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {15, 16, 17, 18, 19})
  void knowsTheMajorVersionThatALibraryWasBuiltFor(int major) {
    byte[] library = BUNDLE_ARM64.containing("x PostgreSQL " + NativeFiles.magic(major)).bytes();
    assertThat(ModuleMagic.major(library)).hasValue(major);
    assertThat(ModuleMagic.major(BUNDLE_ARM64.containing("PostgreSQL\0").bytes())).isEmpty();
  }
}
