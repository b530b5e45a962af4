// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.IOException;

/** Reads shared libraries and programs in the formats of Linux, macOS and Windows. */
public final class NativeFileReader {
  private NativeFileReader() {}

  /**
   * Reads a file in the ELF, Mach-O or PE format.
   *
   * @throws IOException if the file has none of these formats, or is truncated or damaged
   */
  public static NativeFile read(byte[] bytes) throws IOException {
    if (ElfFile.isElf(bytes)) {
      return ElfFile.read(bytes);
    }
    if (MachOFile.isMachO(bytes)) {
      return MachOFile.read(bytes);
    }
    if (PeFile.isPe(bytes)) {
      return PeFile.read(bytes);
    }
    throw new IOException("it is not a 64-bit shared library for Linux, macOS or Windows");
  }
}
