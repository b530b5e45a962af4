// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The headers of a Linux shared library, which determine the machines that can load the library.
 * {@link #read} parses them.
 *
 * <p>The ELF specification defines the format, and the Linux Standard Base defines symbol versions.
 *
 * @param machine the processor architecture, for example {@code amd64}
 * @param needed the names of the libraries that the file needs
 * @param versions the symbol versions that the file needs, for example {@code GLIBC_2.34}
 * @param defined the symbol versions that the file defines
 */
public record ElfFile(
    String machine, List<String> needed, List<String> versions, List<String> defined)
    implements NativeFile {
  private static final String MUSL = "-musl";
  private static final String GLIBC = "GLIBC_";
  private static final int MAGIC = 0x7f454c46;
  private static final int HEADER = 64;
  private static final int MAX_COUNT = 1_000;
  private static final int MAX_NAME = 4_096;
  private static final int BITS_64 = 2;
  private static final int LOADED = 1;
  private static final int DYNAMIC = 2;
  private static final long NEEDED = 1;
  private static final long STRINGS = 5;
  private static final long DEFINED = 0x6ffffffcL;
  private static final long DEFINED_COUNT = 0x6ffffffdL;
  private static final long SYMBOL_TABLE = 6;
  private static final long HASH = 4;
  private static final long GNU_HASH = 0x6ffffef5L;
  private static final long SYMBOL_VERSIONS = 0x6ffffff0L;
  private static final long CALLS = 23;
  private static final long CALLS_SIZE = 2;
  private static final int SYMBOL_SIZE = 24;
  private static final int RELOCATION_SIZE = 24;
  private static final int MAX_SYMBOLS = 1_000_000;
  private static final int WEAK = 2;
  private static final int LOCAL = 0;
  private static final int OBJECT = 1;
  private static final int FUNCTION = 2;
  private static final int THREAD_LOCAL = 6;
  private static final int SELECTED_FUNCTION = 10;
  private static final int HIDDEN_VERSION = 0x8000;
  private static final long VERSIONS = 0x6ffffffeL;
  private static final long VERSIONS_COUNT = 0x6fffffffL;

  static boolean isElf(byte[] bytes) {
    return bytes.length >= HEADER
        && ByteBuffer.wrap(bytes).getInt() == MAGIC
        && bytes[4] == BITS_64;
  }

  /**
   * Reads a file.
   *
   * @throws IOException if the file is not a 64-bit ELF file, or is truncated
   */
  public static ElfFile read(byte[] bytes) throws IOException {
    return read(bytes, Reader::read);
  }

  /**
   * Reads the imported and exported symbols of a file.
   *
   * @throws IOException if the file is not a 64-bit ELF file, or is truncated
   */
  public static ElfSymbols readSymbols(byte[] bytes) throws IOException {
    return read(bytes, Reader::readSymbols);
  }

  private static <T> T read(byte[] bytes, Function<Reader, T> part) throws IOException {
    if (!isElf(bytes)) {
      throw new IOException("it is not a 64-bit shared library for Linux");
    }
    ByteBuffer file =
        ByteBuffer.wrap(bytes)
            .order(bytes[5] == 1 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    try {
      return part.apply(new Reader(file));
    } catch (IndexOutOfBoundsException | BufferUnderflowException | IllegalArgumentException e) {
      throw new IOException("it is truncated or damaged", e);
    }
  }

  /** Returns whether the file was built for musl, the C library of Alpine. */
  public boolean isMusl() {
    return needed.stream().anyMatch(name -> name.equals("libc.so") || name.startsWith("libc.musl"));
  }

  /**
   * {@inheritDoc} A library that needs no other library can be loaded with either C library, and
   * has two platforms.
   */
  @Override
  public Set<String> platforms() {
    String platform = "linux-" + machine;
    if (needed.isEmpty()) {
      return Collections.unmodifiableSet(new LinkedHashSet<>(List.of(platform, platform + MUSL)));
    }
    return Set.of(platform + (isMusl() ? MUSL : ""));
  }

  @Override
  public List<String> needed(String platform) {
    return needed;
  }

  @Override
  public Optional<String> minimumSystem(String platform) {
    return glibc();
  }

  /**
   * {@inheritDoc} On Linux, imported symbols are not checked, because the server's own message
   * contains the name of a missing symbol.
   */
  @Override
  public Optional<String> loadProblem(String platform, Optional<NativeFile> server) {
    return Optional.empty();
  }

  /** Returns the oldest version of the GNU C library that can load the file, e.g. {@code 2.34}. */
  public Optional<String> glibc() {
    return newest(versions);
  }

  /** Returns the newest GNU C library version that this file defines. */
  public Optional<String> newestDefined() {
    return newest(defined);
  }

  private static Optional<String> newest(List<String> versions) {
    return versions.stream()
        .filter(version -> version.matches(GLIBC + "[0-9]{1,4}(\\.[0-9]{1,4})+"))
        .map(version -> version.substring(GLIBC.length()))
        .max(BY_VERSION);
  }

  /** Compares versions numerically, for example 2.9 before 2.36. */
  public static final Comparator<String> BY_VERSION =
      Comparator.comparing(
          version -> List.of(version.split("\\.", -1)),
          (a, b) -> {
            for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
              int order = Integer.compare(Integer.parseInt(a.get(i)), Integer.parseInt(b.get(i)));
              if (order != 0) {
                return order;
              }
            }
            return Integer.compare(a.size(), b.size());
          });

  /** Reads one file. Not thread-safe. */
  private static final class Reader {
    private final ByteBuffer file;
    private long strings;

    Reader(ByteBuffer file) {
      this.file = file;
    }

    ElfFile read() {
      var needed = new ArrayList<Long>();
      int entries = 0;
      long versions = 0;
      long versionsCount = 0;
      long defined = 0;
      long definedCount = 0;
      for (int header = 0; header < segments(); header++) {
        int at = segment(header);
        requireWhole(at);
        if (file.getInt(at) == DYNAMIC) {
          int entry = offset(file.getLong(at + 8));
          int end = entry + offset(file.getLong(at + 32));
          for (; entry < end && file.getLong(entry) != 0; entry += 16) {
            count(++entries);
            long tag = file.getLong(entry);
            long value = file.getLong(entry + 8);
            if (tag == NEEDED) {
              needed.add(value);
            } else if (tag == STRINGS) {
              strings = value;
            } else if (tag == VERSIONS) {
              versions = value;
            } else if (tag == VERSIONS_COUNT) {
              versionsCount = value;
            } else if (tag == DEFINED) {
              defined = value;
            } else if (tag == DEFINED_COUNT) {
              definedCount = value;
            }
          }
        }
      }
      return new ElfFile(
          machine(),
          needed.stream().map(this::string).toList(),
          versionsCount == 0 ? List.of() : needed(place(versions), count(versionsCount)),
          definedCount == 0 ? List.of() : defined(place(defined), count(definedCount)));
    }

    /** Reads the values of the dynamic segment by tag, except those of tags that are repeated. */
    private Map<Long, Long> tags() {
      var tags = new HashMap<Long, Long>();
      for (int header = 0; header < segments(); header++) {
        int at = segment(header);
        requireWhole(at);
        if (file.getInt(at) == DYNAMIC) {
          int entry = offset(file.getLong(at + 8));
          int end = entry + offset(file.getLong(at + 32));
          for (; entry < end && file.getLong(entry) != 0; entry += 16) {
            count(tags.size());
            tags.put(file.getLong(entry), file.getLong(entry + 8));
          }
        }
      }
      return tags;
    }

    ElfSymbols readSymbols() {
      Map<Long, Long> tags = tags();
      var imports = new ArrayList<ElfSymbols.Import>();
      var exports = new HashMap<String, ElfSymbols.Export>();
      if (tags.containsKey(SYMBOL_TABLE)) {
        strings = tags.getOrDefault(STRINGS, 0L);
        int table = place(tags.get(SYMBOL_TABLE));
        Map<Integer, String> versions = versionNames(tags);
        Set<Integer> called = calledSymbols(tags);
        int last = symbols(tags);
        for (int i = 1; i < last; i++) {
          int at = table + SYMBOL_SIZE * i;
          int info = file.get(at + 4);
          int binding = (info & 0xff) >> 4;
          if (binding == LOCAL) {
            continue;
          }
          String name = string(Integer.toUnsignedLong(file.getInt(at)));
          Optional<String> version =
              tags.containsKey(SYMBOL_VERSIONS)
                  ? Optional.ofNullable(
                      versions.get(
                          file.getShort(place(tags.get(SYMBOL_VERSIONS)) + 2 * i)
                              & (HIDDEN_VERSION - 1)))
                  : Optional.empty();
          if (file.getShort(at + 6) == 0) {
            if (binding != WEAK) {
              imports.add(new ElfSymbols.Import(name, version, called.contains(i)));
            }
          } else {
            var all = new HashSet<String>(version.stream().toList());
            ElfSymbols.Export other = exports.get(name);
            if (other != null) {
              all.addAll(other.versions());
            }
            exports.put(name, new ElfSymbols.Export(kind(info & 0xf), Set.copyOf(all)));
          }
        }
      }
      return new ElfSymbols(List.copyOf(imports), Map.copyOf(exports));
    }

    private static ElfSymbols.Kind kind(int type) {
      return switch (type) {
        case FUNCTION, SELECTED_FUNCTION -> ElfSymbols.Kind.FUNCTION;
        case OBJECT, THREAD_LOCAL -> ElfSymbols.Kind.OBJECT;
        default -> ElfSymbols.Kind.UNKNOWN;
      };
    }

    /** Returns the number of symbols, which only the hash tables contain. */
    private int symbols(Map<Long, Long> tags) {
      if (tags.containsKey(HASH)) {
        return symbols(file.getInt(place(tags.get(HASH)) + 4));
      }
      if (!tags.containsKey(GNU_HASH)) {
        throw new IllegalArgumentException("no table of symbols");
      }
      int hash = place(tags.get(GNU_HASH));
      int buckets = symbols(file.getInt(hash));
      int first = symbols(file.getInt(hash + 4));
      int chains = hash + 16 + 8 * symbols(file.getInt(hash + 8)) + 4 * buckets;
      int last = 0;
      for (int i = 0; i < buckets; i++) {
        last = Math.max(last, symbols(file.getInt(chains - 4 * (buckets - i))));
      }
      if (last < first) {
        return first;
      }
      while ((file.getInt(chains + 4 * (last - first)) & 1) == 0) {
        last++;
      }
      return symbols(last + 1);
    }

    private static int symbols(int value) {
      if (value < 0 || value > MAX_SYMBOLS) {
        throw new IllegalArgumentException("too many: " + value);
      }
      return value;
    }

    /** Returns the symbols that the file calls through its procedure linkage table. */
    private Set<Integer> calledSymbols(Map<Long, Long> tags) {
      var called = new HashSet<Integer>();
      if (tags.containsKey(CALLS)) {
        int table = place(tags.get(CALLS));
        int size = offset(tags.getOrDefault(CALLS_SIZE, 0L));
        for (int at = table; at < table + size; at += RELOCATION_SIZE) {
          called.add((int) (file.getLong(at + 8) >>> 32));
        }
      }
      return called;
    }

    /** Returns the names of the symbol versions by their numbers. */
    private Map<Integer, String> versionNames(Map<Long, Long> tags) {
      var names = new HashMap<Integer, String>();
      int needed = count(tags.getOrDefault(VERSIONS_COUNT, 0L));
      for (int i = 0, at = needed == 0 ? 0 : place(tags.getOrDefault(VERSIONS, 0L));
          i < needed;
          i++) {
        int each = at + file.getInt(at + 8);
        int number = count(Short.toUnsignedInt(file.getShort(at + 2)));
        for (int j = 0; j < number; j++) {
          count(names.size());
          names.put(
              file.getShort(each + 6) & (HIDDEN_VERSION - 1),
              string(Integer.toUnsignedLong(file.getInt(each + 8))));
          each += file.getInt(each + 12);
        }
        at += file.getInt(at + 12);
      }
      int defined = count(tags.getOrDefault(DEFINED_COUNT, 0L));
      for (int i = 0, at = defined == 0 ? 0 : place(tags.getOrDefault(DEFINED, 0L));
          i < defined;
          i++) {
        // the first version is the name of the file
        if ((file.getShort(at + 2) & 1) == 0) {
          names.put(
              file.getShort(at + 4) & (HIDDEN_VERSION - 1),
              string(Integer.toUnsignedLong(file.getInt(at + file.getInt(at + 12)))));
        }
        at += file.getInt(at + 16);
      }
      return names;
    }

    /** Rejects a file that ends before the end of a segment. */
    private void requireWhole(int segment) {
      int kind = file.getInt(segment);
      long from = file.getLong(segment + 8);
      long size = file.getLong(segment + 32);
      if ((kind == LOADED || kind == DYNAMIC)
          && (from < 0 || size < 0 || from > file.limit() - size)) {
        throw new IllegalArgumentException("a segment after the end of the file");
      }
    }

    private String machine() {
      int machine = Short.toUnsignedInt(file.getShort(18));
      return switch (machine) {
        case 22 -> "s390x";
        case 62 -> "amd64";
        case 183 -> "arm64";
        case 243 -> "riscv64";
        default -> "processor " + machine;
      };
    }

    private int segments() {
      return count(Short.toUnsignedInt(file.getShort(56)));
    }

    private int segment(int index) {
      return offset(file.getLong(32)) + index * Short.toUnsignedInt(file.getShort(54));
    }

    /**
     * Rejects an entry count that is too large, because reading the entries of a damaged file could
     * take a very long time.
     */
    private static int count(long value) {
      if (value < 0 || value > MAX_COUNT) {
        throw new IllegalArgumentException("too many: " + value);
      }
      return (int) value;
    }

    private static int offset(long value) {
      if (value < 0 || value > Integer.MAX_VALUE) {
        throw new IllegalArgumentException("an address outside the file: " + value);
      }
      return (int) value;
    }

    /** Converts a memory address to an offset in the file. */
    private int place(long address) {
      for (int header = 0; header < segments(); header++) {
        int at = segment(header);
        long from = file.getLong(at + 16);
        if (file.getInt(at) == LOADED
            && address >= from
            && address < from + file.getLong(at + 32)) {
          return offset(address - from + file.getLong(at + 8));
        }
      }
      throw new IllegalArgumentException("an address outside the file: " + address);
    }

    private List<String> needed(int first, int count) {
      var found = new ArrayList<String>();
      int at = first;
      for (int i = 0; i < count; i++) {
        int each = at + file.getInt(at + 8);
        int names = count(Short.toUnsignedInt(file.getShort(at + 2)));
        for (int j = 0; j < names; j++) {
          count(found.size());
          found.add(string(Integer.toUnsignedLong(file.getInt(each + 8))));
          each += file.getInt(each + 12);
        }
        at += file.getInt(at + 12);
      }
      return found;
    }

    private List<String> defined(int first, int count) {
      var found = new ArrayList<String>();
      int at = first;
      for (int i = 0; i < count; i++) {
        found.add(string(Integer.toUnsignedLong(file.getInt(at + file.getInt(at + 12)))));
        at += file.getInt(at + 16);
      }
      return found;
    }

    private String string(long at) {
      int from = offset(place(strings) + at);
      int to = from;
      while (file.get(to) != 0) {
        to++;
        if (to - from > MAX_NAME) {
          throw new IllegalArgumentException("an unterminated name");
        }
      }
      var name = new byte[to - from];
      file.get(from, name);
      return new String(name, StandardCharsets.ISO_8859_1);
    }
  }
}
