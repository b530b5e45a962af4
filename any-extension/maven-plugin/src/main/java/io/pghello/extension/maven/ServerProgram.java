// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.ElfSymbols;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A server for Linux, with the symbols that it exports.
 *
 * @param version the version of the server, e.g. 17.11
 * @param needed the names of the libraries that the server needs
 */
record ServerProgram(String version, ElfSymbols symbols, List<String> needed) {
  /** Reads the program {@code postgres}. */
  static ServerProgram of(String version, Path program) throws IOException {
    byte[] content = Files.readAllBytes(program);
    return new ServerProgram(
        version.replaceFirst("^(\\d+\\.\\d+)\\.0$", "$1"),
        ElfFile.readSymbols(content),
        ElfFile.read(content).needed());
  }
}
