// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A Windows library or program. {@link #read} parses it.
 *
 * <p>Microsoft's document "PE Format" defines the format. Immutable.
 *
 * @param machine the processor architecture, e.g. {@code amd64}
 * @param library whether the file is a library, not a program
 * @param system the oldest Windows version on which the file runs, e.g. {@code 6.0}
 * @param imports the imported names by library, with library names in lower case
 * @param exports the exported names
 */
public record PeFile(
    String machine,
    boolean library,
    String system,
    Map<String, Set<String>> imports,
    Set<String> exports)
    implements NativeFile {
  private static final String SERVER = "postgres.exe";
  private static final int DOS_HEADER = 64;

  static boolean isPe(byte[] bytes) {
    return bytes.length >= DOS_HEADER && bytes[0] == 'M' && bytes[1] == 'Z';
  }

  /**
   * Reads a file.
   *
   * @throws IOException if the file is not a PE file, or is truncated or damaged
   */
  public static PeFile read(byte[] bytes) throws IOException {
    if (!isPe(bytes)) {
      throw new IOException("it is not a library for Windows");
    }
    try {
      return new Reader(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)).read();
    } catch (IndexOutOfBoundsException | BufferUnderflowException | IllegalArgumentException e) {
      throw new IOException("it is truncated or damaged", e);
    }
  }

  @Override
  public Set<String> platforms() {
    return Set.of("windows-" + machine);
  }

  @Override
  public List<String> needed(String platform) {
    return List.copyOf(imports.keySet());
  }

  @Override
  public Optional<String> minimumSystem(String platform) {
    return Optional.of(system);
  }

  @Override
  public Optional<String> loadProblem(String platform, Optional<NativeFile> server) {
    if (!library) {
      return Optional.of("is a program, not a library");
    }
    return server.isPresent() && server.get() instanceof PeFile program
        ? MachOFile.missing(imports.getOrDefault(SERVER, Set.of()), program.exports)
        : Optional.empty();
  }

  /** Reads one file. Not thread-safe. */
  private static final class Reader {
    private static final int SIGNATURE = 0x4550;
    private static final int LIBRARY = 0x2000;
    private static final int BITS_64 = 0x20b;
    private static final int BITS_32 = 0x10b;
    private static final int DIRECTORIES = 112;
    private static final int SECTION = 40;
    private static final int MAX_SECTIONS = 96;
    private static final int MAX_LIBRARIES = 1_000;
    private static final int MAX_NAMES = 1_000_000;
    private static final int MAX_NAME = 4_096;
    private static final Set<String> MACHINES_64 = Set.of("amd64", "arm64");

    private final ByteBuffer file;
    private int sections;
    private int sectionCount;
    private long letters;

    Reader(ByteBuffer file) {
      this.file = file;
    }

    PeFile read() {
      int header = file.getInt(60);
      if (file.getInt(header) != SIGNATURE) {
        throw new IllegalArgumentException("no PE header");
      }
      int optional = header + 24;
      int bits = Short.toUnsignedInt(file.getShort(optional));
      if (bits != BITS_64 && bits != BITS_32) {
        throw new IllegalArgumentException("no optional header");
      }
      String machine = machine(header);
      if (bits == BITS_32 && MACHINES_64.contains(machine)) {
        throw new IllegalArgumentException("a 32-bit header of a 64-bit library");
      }
      sectionCount = count(Short.toUnsignedInt(file.getShort(header + 6)), MAX_SECTIONS);
      sections = optional + Short.toUnsignedInt(file.getShort(header + 20));
      requireWhole();
      boolean library = (file.getShort(header + 22) & LIBRARY) != 0;
      String system =
          Short.toUnsignedInt(file.getShort(optional + 48))
              + "."
              + Short.toUnsignedInt(file.getShort(optional + 50));
      Map<String, Set<String>> imports = Map.of();
      Set<String> exports = Set.of();
      if (bits == BITS_64) {
        exports = exports(file.getInt(optional + DIRECTORIES));
        imports = imports(file.getInt(optional + DIRECTORIES + 8));
      }
      return new PeFile(machine, library, system, imports, exports);
    }

    private String machine(int header) {
      int machine = Short.toUnsignedInt(file.getShort(header + 4));
      return switch (machine) {
        case 0x14c -> "x86";
        case 0x8664 -> "amd64";
        case 0xaa64 -> "arm64";
        default -> "processor " + machine;
      };
    }

    private void requireWhole() {
      for (int i = 0; i < sectionCount; i++) {
        int section = sections + SECTION * i;
        long end =
            Integer.toUnsignedLong(file.getInt(section + 16))
                + Integer.toUnsignedLong(file.getInt(section + 20));
        if (end > file.limit()) {
          throw new IllegalArgumentException("a section after the end of the file");
        }
      }
    }

    /** Converts a memory address to an offset in the file. */
    private int place(int address) {
      for (int i = 0; i < sectionCount; i++) {
        int section = sections + SECTION * i;
        int from = file.getInt(section + 12);
        if (address >= from && address - from < file.getInt(section + 16)) {
          return address - from + file.getInt(section + 20);
        }
      }
      throw new IllegalArgumentException("an address outside the file: " + address);
    }

    private static int count(int count, int most) {
      if (count < 0 || count > most) {
        throw new IllegalArgumentException("too many: " + count);
      }
      return count;
    }

    private Set<String> exports(int address) {
      if (address == 0) {
        return Set.of();
      }
      int directory = place(address);
      int count = count(file.getInt(directory + 24), MAX_NAMES);
      var exports = new HashSet<String>();
      if (count > 0) {
        int names = place(file.getInt(directory + 32));
        for (int i = 0; i < count; i++) {
          exports.add(string(place(file.getInt(names + 4 * i))));
        }
      }
      return exports;
    }

    private Map<String, Set<String>> imports(int address) {
      var imports = new LinkedHashMap<String, Set<String>>();
      if (address == 0) {
        return imports;
      }
      int directory = place(address);
      while (file.getInt(directory + 12) != 0) {
        count(imports.size(), MAX_LIBRARIES);
        String library = string(place(file.getInt(directory + 12))).toLowerCase(Locale.ROOT);
        // a linker may omit the first table
        int table =
            file.getInt(directory) == 0 ? file.getInt(directory + 16) : file.getInt(directory);
        imports.computeIfAbsent(library, each -> new HashSet<>()).addAll(names(place(table)));
        directory += 20;
      }
      return imports;
    }

    private List<String> names(int table) {
      var names = new ArrayList<String>();
      long entry;
      for (int at = table; (entry = file.getLong(at)) != 0; at += 8) {
        count(names.size(), MAX_NAMES);
        // a negative entry is an ordinal number, not a name
        if (entry > 0) {
          names.add(string(place((int) entry) + 2));
        }
      }
      return names;
    }

    private String string(int from) {
      int to = from;
      while (file.get(to) != 0) {
        to++;
        if (to - from > MAX_NAME) {
          throw new IllegalArgumentException("an unterminated name");
        }
      }
      // if many entries had the same long name, reading a small file would need much memory
      letters += to - from;
      if (letters > file.limit()) {
        throw new IllegalArgumentException("more names than the file has");
      }
      var name = new byte[to - from];
      file.get(from, name);
      return new String(name, StandardCharsets.ISO_8859_1);
    }
  }
}
