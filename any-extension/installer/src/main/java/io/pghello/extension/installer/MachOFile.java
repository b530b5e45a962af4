// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A 64-bit macOS library or program for one processor architecture, or a universal file for several
 * architectures. {@link #read} parses it.
 *
 * <p>Apple's headers {@code mach-o/loader.h}, {@code mach-o/fat.h} and {@code kern/cs_blobs.h}
 * define the format. Immutable.
 */
public final class MachOFile implements NativeFile {
  private static final String SYSTEM = "darwin-";
  private static final int MAGIC = 0xfeedfacf;
  private static final int UNIVERSAL = 0xcafebabe;
  private static final int MAX_SLICES = 8;
  private static final int AMD64 = 0x01000007;
  private static final int ARM64 = 0x0100000c;

  /** The variant of arm64 with pointer authentication, which is only for Apple's own programs. */
  private static final int ARM64E = 2;

  /** The bits of a processor's variant; the other bits are capabilities. */
  private static final int SUBTYPE = 0xffffff;

  private static final int DYLIB = 6;
  private static final int BUNDLE = 8;

  /** The platform on which macOS runs only signed code: machines with Apple processors. */
  private static final String SIGNED_ONLY = SYSTEM + "arm64";

  private final Map<String, Slice> slices;

  private MachOFile(Map<String, Slice> slices) {
    this.slices = Collections.unmodifiableMap(slices);
  }

  /**
   * The code for one processor architecture. A universal file has a slice for each architecture,
   * and any other file has one slice.
   *
   * @param imports the symbols that must be exported by the program that loads the library
   */
  private record Slice(
      int type,
      @Nullable String minimumSystem,
      List<String> needed,
      Set<String> imports,
      Set<String> exports,
      Signature signature) {}

  private enum Signature {
    NONE,
    VALID,
    /** The file was changed after it was signed. */
    BROKEN
  }

  static boolean isMachO(byte[] bytes) {
    if (bytes.length < 8) {
      return false;
    }
    ByteBuffer file = ByteBuffer.wrap(bytes);
    // Java class files begin with the same number as universal files, followed by the class file
    // version, which is 45 or more
    return Integer.reverseBytes(file.getInt(0)) == MAGIC
        || (file.getInt(0) == UNIVERSAL && file.getInt(4) > 0 && file.getInt(4) <= MAX_SLICES);
  }

  /**
   * Reads a file.
   *
   * @throws IOException if the file is not a 64-bit Mach-O file, or is truncated or damaged
   */
  public static MachOFile read(byte[] bytes) throws IOException {
    if (!isMachO(bytes)) {
      throw new IOException("it is not a 64-bit library for macOS");
    }
    ByteBuffer file = ByteBuffer.wrap(bytes);
    var slices = new LinkedHashMap<String, Slice>();
    try {
      if (file.getInt(0) != UNIVERSAL) {
        new Reader(file).addTo(slices);
      } else {
        for (int i = 0; i < file.getInt(4); i++) {
          int entry = 8 + 20 * i;
          new Reader(file.slice(file.getInt(entry + 8), file.getInt(entry + 12))).addTo(slices);
        }
      }
    } catch (IndexOutOfBoundsException | BufferUnderflowException | IllegalArgumentException e) {
      throw new IOException("it is truncated or damaged", e);
    }
    if (slices.isEmpty()) {
      throw new IOException("it is for 32-bit processors, or for an Apple system other than macOS");
    }
    return new MachOFile(slices);
  }

  @Override
  public Set<String> platforms() {
    return slices.keySet();
  }

  private Slice slice(String platform) {
    Slice slice = slices.get(platform);
    if (slice == null) {
      throw new IllegalArgumentException(platform + " is none of " + slices.keySet());
    }
    return slice;
  }

  @Override
  public List<String> needed(String platform) {
    return slice(platform).needed;
  }

  @Override
  public Optional<String> minimumSystem(String platform) {
    return Optional.ofNullable(slice(platform).minimumSystem);
  }

  /** Returns the names that the file exports, without their leading underscores. */
  public Set<String> exports(String platform) {
    return slice(platform).exports;
  }

  /**
   * {@inheritDoc}
   *
   * <p>Checks only the symbols that the library imports from the server program itself. A library
   * has such imports only if it was linked with {@code -bundle_loader}. If the library was linked
   * with {@code -undefined dynamic_lookup}, its symbols may be in any loaded library, so they are
   * not checked.
   */
  @Override
  public Optional<String> loadProblem(String platform, Optional<NativeFile> server) {
    Slice slice = slice(platform);
    if (slice.type != DYLIB && slice.type != BUNDLE) {
      return Optional.of("is a program or an object file, not a library");
    }
    if (slice.signature == Signature.BROKEN) {
      return Optional.of(
          "was changed after it had been signed, and macOS ends programs that load it: build it"
              + " again, or sign it again (codesign --force --sign - FILE)");
    }
    if (slice.signature == Signature.NONE && platform.equals(SIGNED_ONLY)) {
      return Optional.of(
          "is not signed, and macOS runs only signed code on this processor: sign it (codesign"
              + " --sign - FILE)");
    }
    if (server.isPresent()
        && server.get() instanceof MachOFile program
        && program.slices.containsKey(platform)) {
      return missing(slice.imports, program.slice(platform).exports);
    }
    return Optional.empty();
  }

  /** Returns the problem if a library imports symbols that the server does not export. */
  static Optional<String> missing(Set<String> imports, Set<String> exports) {
    var missing = new TreeSet<>(imports);
    missing.removeAll(exports);
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "needs "
                + String.join(", ", missing.stream().limit(3).toList())
                + (missing.size() > 3 ? " and " + (missing.size() - 3) + " more symbols" : "")
                + ", which this server does not export: build it with the headers of this server's"
                + " version");
  }

  /** Reads one slice. Not thread-safe. */
  private static final class Reader {
    private static final int HEADER = 32;
    private static final int MAX_COMMANDS = 1_000;
    private static final int MAX_NAME = 4_096;
    private static final int REQUIRED = 0x80000000;
    private static final int SYMBOLS = 2;
    private static final int LOAD = 0xc;
    private static final int LOAD_WEAK = 0x18 | REQUIRED;
    private static final int REEXPORT = 0x1f | REQUIRED;
    private static final int SEGMENT = 0x19;
    private static final int SIGNATURE = 0x1d;
    private static final int INFO = 0x22;
    private static final int MINIMUM = 0x24;
    private static final int BUILD = 0x32;
    private static final int EXPORTS = 0x33 | REQUIRED;
    private static final int MACOS = 1;
    private static final int FROM_PROGRAM = 0xff;
    private static final int SIGNATURE_MAGIC = 0xfade0cc0;
    private static final int DIRECTORY_MAGIC = 0xfade0c02;

    private final ByteBuffer file;
    private final List<String> needed = new ArrayList<>();
    private final Set<String> imports = new HashSet<>();
    private final Set<String> exports = new HashSet<>();
    private int system = MACOS;
    private @Nullable String minimum;
    private Signature signature = Signature.NONE;

    Reader(ByteBuffer file) {
      this.file = file.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    void addTo(Map<String, Slice> slices) {
      if (file.getInt(0) != MAGIC) {
        // this is a 32-bit slice
        return;
      }
      int commands = file.getInt(16);
      if (commands < 0 || commands > MAX_COMMANDS) {
        throw new IllegalArgumentException("too many commands: " + commands);
      }
      int at = HEADER;
      for (int i = 0; i < commands; i++) {
        int size = file.getInt(at + 4);
        if (size < 8) {
          throw new IllegalArgumentException("a command without a size");
        }
        read(at);
        at += size;
      }
      if (system == MACOS) {
        slices.put(
            SYSTEM + processor(),
            new Slice(
                file.getInt(12),
                minimum,
                List.copyOf(needed),
                Set.copyOf(imports),
                Set.copyOf(exports),
                signature));
      }
    }

    private String processor() {
      int processor = file.getInt(4);
      return switch (processor) {
        case AMD64 -> "amd64";
        case ARM64 -> (file.getInt(8) & SUBTYPE) == ARM64E ? "arm64e" : "arm64";
        default -> "processor " + processor;
      };
    }

    private void read(int at) {
      switch (file.getInt(at)) {
        case LOAD, LOAD_WEAK, REEXPORT -> needed.add(string(at + file.getInt(at + 8)));
        case SEGMENT -> part(file.getLong(at + 40), file.getLong(at + 48));
        case SYMBOLS -> readSymbols(at);
        case INFO, INFO | REQUIRED -> readExports(file.getInt(at + 40), file.getInt(at + 44));
        case EXPORTS -> readExports(file.getInt(at + 8), file.getInt(at + 12));
        case MINIMUM -> minimum = version(file.getInt(at + 8));
        case BUILD -> {
          system = file.getInt(at + 8);
          minimum = version(file.getInt(at + 12));
        }
        case SIGNATURE -> readSignature(file.getInt(at + 8), file.getInt(at + 12));
        default -> {
          // other load commands do not affect whether a server can load the file
        }
      }
    }

    private static String version(int version) {
      return (version >>> 16) + "." + (version >>> 8 & 0xff);
    }

    /** Returns a part of the slice. Fails if the file ends before the end of the part. */
    private ByteBuffer part(long from, long size) {
      if (from < 0 || size < 0 || from > file.limit() - size) {
        throw new IllegalArgumentException("an address outside the file: " + from);
      }
      return file.slice((int) from, (int) size);
    }

    private void readSymbols(int at) {
      int symbols = file.getInt(at + 8);
      int strings = file.getInt(at + 16);
      int count = file.getInt(at + 12);
      part(symbols, 16L * count);
      for (int i = 0; i < count; i++) {
        int each = symbols + 16 * i;
        int type = file.get(each + 4);
        boolean external = (type & 1) != 0;
        boolean undefined = (type & 0xe) == 0;
        boolean debugging = (type & 0xe0) != 0;
        int library = file.getShort(each + 6) >> 8 & 0xff;
        if (external && undefined && !debugging && library == FROM_PROGRAM) {
          imports.add(withoutUnderscore(string(strings + file.getInt(each))));
        }
      }
    }

    /** Reads the names in a trie. Each edge appends letters to the name of its node. */
    private void readExports(int from, int size) {
      ByteBuffer tree = part(from, size);
      if (size == 0) {
        return;
      }
      record Node(String name, int at) {}
      Deque<Node> nodes = new ArrayDeque<>(List.of(new Node("", 0)));
      var seen = new HashSet<Integer>();
      while (!nodes.isEmpty()) {
        Node node = nodes.pop();
        if (!seen.add(node.at) || node.name.length() > MAX_NAME) {
          throw new IllegalArgumentException("a cycle in the tree of exported names");
        }
        tree.position(node.at);
        int information = number(tree);
        if (information > 0) {
          exports.add(withoutUnderscore(node.name));
        }
        tree.position(tree.position() + information);
        int children = Byte.toUnsignedInt(tree.get());
        for (int i = 0; i < children; i++) {
          var name = new StringBuilder(node.name);
          for (byte letter; (letter = tree.get()) != 0; ) {
            name.append((char) letter);
          }
          nodes.push(new Node(name.toString(), number(tree)));
        }
      }
    }

    /** Reads a number that is encoded with seven bits per byte. */
    private static int number(ByteBuffer tree) {
      long number = 0;
      for (int shift = 0; shift < 35; shift += 7) {
        byte part = tree.get();
        number |= (part & 0x7fL) << shift;
        if (part >= 0) {
          return (int) Math.min(number, Integer.MAX_VALUE);
        }
      }
      throw new IllegalArgumentException("an unterminated number");
    }

    private static String withoutUnderscore(String name) {
      return name.startsWith("_") ? name.substring(1) : name;
    }

    private void readSignature(int from, int size) {
      ByteBuffer signed = part(from, size).order(ByteOrder.BIG_ENDIAN);
      signature = Signature.BROKEN;
      int count = signed.getInt(8);
      if (signed.getInt(0) != SIGNATURE_MAGIC || count < 0 || count > MAX_COMMANDS) {
        return;
      }
      boolean agrees = true;
      int directories = 0;
      for (int i = 0; i < count; i++) {
        int at = signed.getInt(12 + 8 * i + 4);
        if (signed.getInt(at) == DIRECTORY_MAGIC) {
          directories++;
          agrees &= agrees(signed.slice(at, signed.getInt(at + 4)), from);
        }
      }
      if (agrees && directories > 0) {
        signature = Signature.VALID;
      }
    }

    /**
     * Returns whether the file matches the hashes in a code directory of its signature.
     *
     * @param signed the length of the signed part: the file up to its signature
     */
    private boolean agrees(ByteBuffer directory, int signed) {
      int hashes = directory.getInt(16);
      int pages = directory.getInt(28);
      int limit = directory.getInt(32);
      int hashSize = directory.get(36);
      int pageSize = directory.get(39);
      String algorithm =
          switch (directory.get(37)) {
            case 1 -> "SHA-1";
            case 2 -> "SHA-256";
            default -> null;
          };
      if (algorithm == null) {
        // a hash type of a later macOS version
        return true;
      }
      if (limit < signed || limit > file.limit() || pageSize < 0 || pageSize > 30 || hashSize < 0) {
        return false;
      }
      long page = pageSize == 0 ? Math.max(limit, 1) : 1L << pageSize;
      if (pages != (limit + page - 1) / page) {
        return false;
      }
      for (int i = 0; i < pages; i++) {
        int from = (int) (i * page);
        var expected = new byte[hashSize];
        directory.get(hashes + i * hashSize, expected);
        byte[] hash = hash(algorithm, file.slice(from, (int) Math.min(page, limit - from)));
        if (!Arrays.equals(hash, expected)) {
          return false;
        }
      }
      return true;
    }

    private static byte[] hash(String algorithm, ByteBuffer content) {
      try {
        MessageDigest digest = MessageDigest.getInstance(algorithm);
        digest.update(content);
        return digest.digest();
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }

    private String string(int from) {
      int to = from;
      while (file.get(to) != 0) {
        to++;
        if (to - from > MAX_NAME) {
          throw new IllegalArgumentException("an unterminated name");
        }
      }
      var name = new byte[to - from];
      file.get(from, name);
      return new String(name, StandardCharsets.UTF_8);
    }
  }
}
