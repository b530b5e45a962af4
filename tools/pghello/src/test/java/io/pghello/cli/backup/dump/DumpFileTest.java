// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.backup.dump.DumpEntry.Section;
import io.pghello.cli.output.Failure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DumpFileTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {14, 15, 16})
  void readsAnyNames(int version) throws IOException {
    String name = "a b;\r\n\t-ü\"'\\";
    byte[] dump =
        new Dump(version, StandardCharsets.UTF_8)
            .header(3)
            .entry(5, "TABLE", name, 2, "CREATE", name, "x " + name, List.of(7, 8))
            .entry(6, "COMMENT", "EXTENSION x", 1, "COMMENT", null, "", List.of(5))
            .entry(9, "TABLE DATA", "t", 3, "", "s", "o", List.of())
            .bytes();
    assertThat(read(dump))
        .containsExactly(
            new DumpEntry(5, "TABLE", name, name, "x " + name, Section.PRE_DATA, "", List.of(7, 8)),
            new DumpEntry(6, "COMMENT", "EXTENSION x", null, "", Section.PRE_DATA, "", List.of(5)),
            new DumpEntry(9, "TABLE DATA", "t", "s", "o", Section.DATA, "", List.of()));
  }

  @Test
  void decodesTextInDatabaseEncoding() throws IOException {
    byte[] dump =
        new Dump(16, StandardCharsets.ISO_8859_1)
            .header(2)
            .entry(
                1,
                "ENCODING",
                "ENCODING",
                2,
                "SET client_encoding = 'LATIN1';\n",
                null,
                "",
                List.of())
            .entry(2, "DATABASE", "größe", 2, "CREATE DATABASE größe;", null, "ü", List.of())
            .bytes();
    DumpEntry database = read(dump).get(1);
    assertThat(database.tag()).isEqualTo("größe");
    assertThat(database.owner()).isEqualTo("ü");
    assertThat(database.definition()).isEqualTo("CREATE DATABASE größe;");
  }

  @Test
  void rejectsIncompleteDumps() throws IOException {
    byte[] dump =
        new Dump(14, StandardCharsets.UTF_8)
            .header(1)
            .entry(5, "TABLE", "t", 2, "CREATE", "s", "o", List.of(7))
            .bytes();
    assertThat(read(dump)).hasSize(1);
    for (int length = 0; length < dump.length; length++) {
      byte[] part = java.util.Arrays.copyOf(dump, length);
      assertThatThrownBy(() -> read(part))
          .isInstanceOf(Failure.class)
          .hasMessageContaining("dump in pg_dump's custom format");
    }
    // Excessive lengths and numbers take neither memory nor time.
    for (int i = 5; i < dump.length; i++) {
      byte[] changed = dump.clone();
      changed[i] = (byte) 0x7f;
      try {
        assertThat(read(changed)).hasSizeLessThan(2);
      } catch (Failure e) {
        assertThat(e).hasMessageContaining("dump in pg_dump's custom format");
      }
    }
  }

  @Test
  void limitsTheMemoryForNames() throws IOException {
    int length = Integer.MAX_VALUE;
    Dump dump = new Dump(16, StandardCharsets.UTF_8).header(1).number(5).number(0);
    byte[] begin = dump.text("1259").text("16384").number(length).bytes();
    Path file = Files.write(folder.resolve("dump"), begin);
    try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(begin.length + (long) length);
    }
    assertThatThrownBy(() -> DumpFile.entries(file, 18))
        .isInstanceOf(Failure.class)
        .hasMessageEndingWith("its table of contents is damaged");
  }

  @ParameterizedTest
  @ValueSource(ints = {13, 17})
  void rejectsUnsupportedFormatVersions(int version) throws IOException {
    byte[] dump = new Dump(version, StandardCharsets.UTF_8).header(0).bytes();
    assertThatThrownBy(() -> read(dump))
        .isInstanceOf(Failure.class)
        .hasMessageContaining("its format is 1." + version)
        .hasMessageContaining("supports 1.14 to 1.16");
  }

  /** PostgreSQL 16 and 17 introduced new format versions. */
  @ParameterizedTest
  @CsvSource({"14, 15", "15, 16", "16, 17", "16, 18"})
  void readsDumpsOfTheServersVersionAndOlder(int version, int major) throws IOException {
    assertThat(read(new Dump(version, StandardCharsets.UTF_8).header(0).bytes(), major)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"15, 15, 16", "16, 15, 17", "16, 16, 17"})
  void rejectsDumpsThatPgRestoreCannotRead(int version, int major, int oldest) throws IOException {
    byte[] dump = new Dump(version, StandardCharsets.UTF_8).header(0).bytes();
    assertThatThrownBy(() -> read(dump, major))
        .isInstanceOf(Failure.class)
        .hasMessageContaining("was made by pg_dump 15.2, and pg_restore of version " + major)
        .hasMessageEndingWith("restore it into a server of version " + oldest + " or newer");
  }

  private List<DumpEntry> read(byte[] dump) throws IOException {
    return read(dump, 18);
  }

  private List<DumpEntry> read(byte[] dump, int major) throws IOException {
    return DumpFile.entries(Files.write(folder.resolve("dump"), dump), major);
  }

  /** Writes the archive format like pg_dump. */
  private record Dump(int version, Charset charset, ByteArrayOutputStream out) {
    Dump(int version, Charset charset) {
      this(version, charset, new ByteArrayOutputStream());
    }

    Dump header(int entries) {
      out.writeBytes("PGDMP".getBytes(StandardCharsets.US_ASCII));
      out.writeBytes(new byte[] {1, (byte) version, 0, 4, 8, 1});
      if (version >= 15) {
        out.write(1);
      } else {
        number(-1);
      }
      for (int i = 0; i < 7; i++) {
        number(i);
      }
      return text("db").text("15.1").text("15.2").number(entries);
    }

    Dump entry(
        int id,
        String kind,
        String tag,
        int section,
        String definition,
        @Nullable String schema,
        String owner,
        List<Integer> dependencies) {
      number(id).number(0).text("1259").text("16384").text(tag).text(kind).number(section);
      text(definition).text("DROP").text(null).text(schema).text("").text("heap");
      if (version >= 16) {
        number('r');
      }
      text(owner).text("false");
      dependencies.forEach(dependency -> text(String.valueOf(dependency)));
      text(null);
      out.writeBytes(new byte[9]);
      return this;
    }

    private Dump number(int number) {
      int positive = Math.abs(number);
      out.write(number < 0 ? 1 : 0);
      for (int i = 0; i < 4; i++) {
        out.write(positive >> (8 * i));
      }
      return this;
    }

    private Dump text(@Nullable String text) {
      if (text == null) {
        return number(-1);
      }
      byte[] bytes = text.getBytes(charset);
      number(bytes.length);
      out.writeBytes(bytes);
      return this;
    }

    byte[] bytes() {
      return out.toByteArray();
    }
  }
}
