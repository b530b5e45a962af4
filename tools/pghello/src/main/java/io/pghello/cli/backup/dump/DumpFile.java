// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import io.pghello.cli.backup.dump.DumpEntry.Section;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.TerminalText;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.Encoding;

/**
 * Reads the table of contents of a dump in pg_dump's custom format, as pg_restore does (see
 * PostgreSQL's pg_backup_archiver.c). The output of {@code pg_restore --list} cannot be used,
 * because it is ambiguous: it joins names with spaces and replaces line breaks.
 */
final class DumpFile {
  // Archive format versions: 1.14 since PostgreSQL 12, 1.15 since 16, 1.16 since 17. An older
  // pg_restore cannot read them.
  private static final int MAJOR = 1;
  private static final int OLDEST = 14;
  private static final int COMPRESSION_BY_NAME = 15;
  private static final int NEWEST = 16;

  private static final int CUSTOM = 1;
  // Maximum length of a string in the file. Names, settings and comments of a database are shorter.
  private static final int MOST_BYTES = 64 << 20;
  private static final int FIELDS_OF_TIME = 7;
  private static final String DAMAGED = "its table of contents is damaged";
  private static final Pattern ENCODING = Pattern.compile("SET client_encoding = '(\\w+)';\\s*");

  private final DataInputStream in;
  private final long size;
  private int version;
  private int sizeOfInt;
  private int sizeOfOffset;
  private Charset charset = StandardCharsets.UTF_8;

  private DumpFile(DataInputStream in, long size) {
    this.in = in;
    this.size = size;
  }

  /**
   * Returns the entries of a dump, in the order of its table of contents.
   *
   * @param major the major version of the pg_restore that will restore the dump
   * @throws Failure if the file is not a dump in this format, or if this class or pg_restore does
   *     not support its format version
   */
  static List<DumpEntry> entries(Path dump, int major) {
    try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(dump), 65536))) {
      return new DumpFile(in, Files.size(dump)).read(dump, major);
    } catch (EOFException e) {
      throw Failure.critical(dump + " is not a complete dump in pg_dump's custom format");
    } catch (IOException e) {
      throw Failure.critical(
          dump + " cannot be read as a dump in pg_dump's custom format: " + Failure.reason(e));
    }
  }

  /**
   * Converts pg_dump's section number. For number 1, which means no section, returns {@code
   * before}, the section of the preceding entry.
   */
  private static Section section(int number, Section before) throws IOException {
    return switch (number) {
      case 1 -> before;
      case 2 -> Section.PRE_DATA;
      case 3 -> Section.DATA;
      case 4 -> Section.POST_DATA;
      default -> throw new IOException(DAMAGED);
    };
  }

  private List<DumpEntry> read(Path dump, int major) throws IOException {
    String madeBy = readHeader();
    int oldest = version + 1;
    Failure.throwIf(
        version > OLDEST && major < oldest,
        "%s was made by pg_dump %s, and pg_restore of version %d cannot read it: restore it into a server of version %d or newer"
            .formatted(dump, TerminalText.line(madeBy), major, oldest));
    int count = number();
    check(count >= 0 && count <= size);
    var entries = new ArrayList<DumpEntry>();
    Section section = Section.PRE_DATA;
    for (int i = 0; i < count; i++) {
      int id = number();
      number(); // whether it has data
      skipText(); // OID of the catalog
      skipText(); // OID in that catalog
      String tag = text();
      String kind = text();
      // An entry without a section belongs to the section of the preceding entry.
      section = section(number(), section);
      String definition = "";
      if (DumpEntry.isOfDatabase(kind, tag) || DumpEntry.isSetting(kind)) {
        definition = text();
      } else {
        skipText();
      }
      skipText(); // DROP statement
      skipText(); // COPY statement
      String schema = textOrNull();
      skipText(); // tablespace
      skipText(); // access method
      if (version >= 16) {
        number(); // kind of relation
      }
      String owner = text();
      skipText(); // whether it has OIDs
      entries.add(new DumpEntry(id, kind, tag, schema, owner, section, definition, dependencies()));
      in.skipNBytes(1L + sizeOfOffset);
      if (kind.equals("ENCODING")) {
        charset = charset(definition);
      }
    }
    return entries;
  }

  /** Reads the header, and returns the version of pg_dump that made the dump. */
  private String readHeader() throws IOException {
    byte[] magic = new byte[5];
    in.readFully(magic);
    if (!"PGDMP".equals(new String(magic, StandardCharsets.US_ASCII))) {
      throw new IOException("it does not begin with PGDMP");
    }
    int major = in.readUnsignedByte();
    version = in.readUnsignedByte();
    in.readUnsignedByte();
    if (major != MAJOR || version < OLDEST || version > NEWEST) {
      throw new IOException(
          "its format is %d.%d, but this pghello supports %d.%d to %d.%d: use a newer pghello, or restore the dump with pg_restore"
              .formatted(major, version, MAJOR, OLDEST, MAJOR, NEWEST));
    }
    sizeOfInt = in.readUnsignedByte();
    sizeOfOffset = in.readUnsignedByte();
    check(sizeOfInt == 4 && sizeOfOffset <= 8 && in.readUnsignedByte() == CUSTOM);
    in.skipNBytes(version >= COMPRESSION_BY_NAME ? 1 : 1L + sizeOfInt);
    for (int i = 0; i < FIELDS_OF_TIME; i++) {
      number();
    }
    skipText(); // database
    skipText(); // server version
    return text();
  }

  private List<Integer> dependencies() throws IOException {
    var dependencies = new ArrayList<Integer>();
    String dependency;
    while ((dependency = textOrNull()) != null) {
      try {
        dependencies.add(Integer.valueOf(dependency));
      } catch (NumberFormatException e) {
        check(false);
      }
    }
    return dependencies;
  }

  private static Charset charset(String definition) {
    Matcher name = ENCODING.matcher(definition);
    // A database with SQL_ASCII stores the bytes sent by clients, usually UTF-8.
    return name.matches() && !name.group(1).equals("SQL_ASCII")
        ? Charset.forName(Encoding.getJVMEncoding(name.group(1)).name())
        : StandardCharsets.UTF_8;
  }

  /**
   * Reads a number: a sign byte, which is 0 for positive numbers, followed by four bytes, lowest
   * first.
   */
  private int number() throws IOException {
    int sign = in.readUnsignedByte();
    int number = Integer.reverseBytes(in.readInt());
    return sign == 0 ? number : -number;
  }

  private String text() throws IOException {
    String text = textOrNull();
    return text == null ? "" : text;
  }

  private @Nullable String textOrNull() throws IOException {
    int length = length();
    if (length < 0) {
      return null;
    }
    check(length <= MOST_BYTES);
    byte[] text = new byte[length];
    in.readFully(text);
    return new String(text, charset);
  }

  private void skipText() throws IOException {
    in.skipNBytes(Math.max(0, length()));
  }

  private int length() throws IOException {
    int length = number();
    check(length <= size);
    return length;
  }

  private static void check(boolean isRight) throws IOException {
    if (!isRight) {
      throw new IOException(DAMAGED);
    }
  }
}
