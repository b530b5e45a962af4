// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Creates small files in the formats that the linkers of macOS and Windows write. */
final class NativeFiles {
  static final int AMD64 = 0x01000007;
  static final int ARM64 = 0x0100000c;
  static final int PROGRAM = 2;
  static final int BUNDLE = 8;
  private static final int PAGE = 4096;

  private NativeFiles() {}

  /** The properties of a macOS file for one processor. */
  record MachO(
      int processor,
      int type,
      int macos,
      List<String> needed,
      List<String> imports,
      List<String> exports,
      boolean signed,
      String text) {
    MachO(int processor, int type) {
      this(
          processor,
          type,
          12,
          List.of("/usr/lib/libSystem.B.dylib"),
          List.of(),
          List.of(),
          processor == ARM64,
          "");
    }

    MachO withMacos(int version) {
      return new MachO(processor, type, version, needed, imports, exports, signed, text);
    }

    MachO importing(String... names) {
      return new MachO(processor, type, macos, needed, List.of(names), exports, signed, text);
    }

    MachO exporting(String... names) {
      return new MachO(processor, type, macos, needed, imports, List.of(names), signed, text);
    }

    MachO needing(String... names) {
      return new MachO(processor, type, macos, List.of(names), imports, exports, signed, text);
    }

    MachO unsigned() {
      return new MachO(processor, type, macos, needed, imports, exports, false, text);
    }

    MachO containing(String more) {
      return new MachO(processor, type, macos, needed, imports, exports, signed, more);
    }

    byte[] bytes() {
      var commands = new ArrayList<ByteBuffer>();
      for (String each : needed) {
        commands.add(
            command(0xc, 24 + (each.length() + 8) / 8 * 8).putInt(8, 24).put(24, ascii(each)));
      }
      commands.add(command(0x32, 24).putInt(8, 1).putInt(12, macos << 16));
      ByteBuffer symbols = command(2, 24);
      ByteBuffer tree = command(0x80000033, 16);
      ByteBuffer segment = command(0x19, 72);
      commands.addAll(List.of(symbols, tree, segment));
      ByteBuffer signature = command(0x1d, 16);
      if (signed) {
        commands.add(signature);
      }
      int size = commands.stream().mapToInt(ByteBuffer::capacity).sum();
      int at = 32 + size;
      byte[] names = ascii("\0_" + String.join("\0_", imports) + "\0");
      byte[] exported = tree(exports);
      symbols.putInt(8, at).putInt(12, imports.size());
      symbols.putInt(16, at + 16 * imports.size()).putInt(20, names.length);
      int treeAt = at + 16 * imports.size() + names.length;
      tree.putInt(8, treeAt).putInt(12, exported.length);
      int textAt = treeAt + exported.length;
      // aligned as by a linker
      int end = (textAt + text.length() + 15) / 16 * 16;
      int pages = (end + PAGE - 1) / PAGE;
      int directory = 46 + 32 * pages;
      int whole = end + (signed ? 20 + directory : 0);
      signature.putInt(8, end).putInt(12, 20 + directory);
      segment.putLong(48, whole);
      ByteBuffer file = ByteBuffer.allocate(whole).order(ByteOrder.LITTLE_ENDIAN);
      file.putInt(0xfeedfacf).putInt(processor).putInt(0).putInt(type);
      file.putInt(commands.size()).putInt(size).putInt(0x85).putInt(0);
      commands.forEach(each -> file.put(each.rewind()));
      int name = 1;
      for (String each : imports) {
        // an undefined external symbol, which the program that loads the file must export
        file.putInt(name).put((byte) 1).put((byte) 0).putShort((short) 0xff00).putLong(0);
        name += each.length() + 2;
      }
      file.put(names).put(exported).put(ascii(text));
      if (signed) {
        sign(file, end, pages, directory);
      }
      return file.array();
    }

    private static void sign(ByteBuffer file, int end, int pages, int directory) {
      file.order(ByteOrder.BIG_ENDIAN).position(end);
      file.putInt(0xfade0cc0).putInt(20 + directory).putInt(1).putInt(0).putInt(20);
      file.putInt(0xfade0c02).putInt(directory).putInt(0x20400).putInt(2).putInt(46).putInt(44);
      file.putInt(0).putInt(pages).putInt(end);
      file.put(new byte[] {32, 2, 0, 12}).putInt(0).put(ascii("a\0"));
      for (int from = 0; from < end; from += PAGE) {
        file.put(sha256(file.slice(from, Math.min(end - from, PAGE))));
      }
    }

    private static ByteBuffer command(int command, int size) {
      return ByteBuffer.allocate(size)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt(0, command)
          .putInt(4, size);
    }

    /** Returns a trie of exported names: a root that has the names as children. */
    private static byte[] tree(List<String> names) {
      int root = 2 + names.stream().mapToInt(name -> name.length() + 4).sum();
      ByteBuffer tree = ByteBuffer.allocate(root + 4 * names.size());
      tree.put((byte) 0).put((byte) names.size());
      int node = root;
      for (String name : names) {
        tree.put(ascii("_" + name + "\0"));
        tree.put((byte) ((node & 0x7f) | 0x80)).put((byte) (node >> 7));
        node += 4;
      }
      names.forEach(name -> tree.put(new byte[] {2, 0, 0, 0}));
      return tree.array();
    }
  }

  private static byte[] sha256(ByteBuffer content) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(content);
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Joins the files for several processors into a universal file. */
  static byte[] universal(byte[]... files) {
    int at = 8 + 20 * files.length;
    ByteBuffer all = ByteBuffer.allocate(at + Arrays.stream(files).mapToInt(f -> f.length).sum());
    all.putInt(0xcafebabe).putInt(files.length);
    for (byte[] file : files) {
      int processor = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
      all.putInt(processor).putInt(0).putInt(at).putInt(file.length).putInt(0);
      at += file.length;
    }
    for (byte[] file : files) {
      all.put(file);
    }
    return all.array();
  }

  /**
   * Creates a file for Windows.
   *
   * @param machine e.g. 0x8664
   * @param imports names that the file imports from postgres.exe
   */
  static byte[] pe(int machine, boolean library, List<String> imports, List<String> exports) {
    int address = 0x1000;
    int raw = 0x200;
    ByteBuffer section = ByteBuffer.allocate(0x1000).order(ByteOrder.LITTLE_ENDIAN);
    int exportNames = 40;
    int importTable = exportNames + 4 * exports.size() + 40;
    int thunks = importTable + 40;
    int at = thunks + 8 * (imports.size() + 1);
    section.putInt(24, exports.size()).putInt(32, address + exportNames);
    for (int i = 0; i < exports.size(); i++) {
      section.putInt(exportNames + 4 * i, address + at).put(at, ascii(exports.get(i)));
      at += exports.get(i).length() + 1;
    }
    section.putInt(importTable, address + thunks).putInt(importTable + 12, address + at);
    section.put(at, ascii("postgres.exe"));
    at += 13;
    for (int i = 0; i < imports.size(); i++) {
      section.putLong(thunks + 8 * i, address + at).put(at + 2, ascii(imports.get(i)));
      at += imports.get(i).length() + 3;
    }
    ByteBuffer file = ByteBuffer.allocate(raw + section.capacity()).order(ByteOrder.LITTLE_ENDIAN);
    file.put(0, ascii("MZ")).putInt(60, 64).put(64, ascii("PE"));
    file.putShort(68, (short) machine).putShort(70, (short) 1).putShort(84, (short) 240);
    file.putShort(86, (short) (library ? 0x2022 : 0x22));
    file.putShort(88, (short) 0x20b).putShort(88 + 48, (short) 6);
    file.putInt(88 + 112, address).putInt(88 + 120, address + importTable);
    int header = 88 + 240;
    file.putInt(header + 8, section.capacity()).putInt(header + 12, address);
    file.putInt(header + 16, section.capacity()).putInt(header + 20, raw);
    return file.put(raw, section.array()).array();
  }

  /** Returns the magic block of a library for a major version, as text. */
  static String magic(int major) {
    ByteBuffer block = ByteBuffer.allocate(56).order(ByteOrder.LITTLE_ENDIAN);
    block.putInt(56).putInt(major * 100).putInt(100).putInt(32).putInt(64).putInt(1);
    block.put(ascii("PostgreSQL"));
    return new String(block.array(), StandardCharsets.ISO_8859_1);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
