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
 * @param directories the directories that the server searches for libraries before the machine's
 */
record ServerProgram(
    String version, ElfSymbols symbols, List<String> needed, List<Path> directories) {
  /** Reads the program {@code postgres} of a server that uses the machine's libraries. */
  static ServerProgram of(String version, Path program) throws IOException {
    return of(version, program, List.of());
  }

  /** Reads the program {@code postgres} of a server with its own libraries. */
  static ServerProgram of(String version, Path program, List<Path> directories) throws IOException {
    byte[] content = Files.readAllBytes(program);
    return new ServerProgram(
        version.replaceFirst("^(\\d+\\.\\d+)\\.0$", "$1"),
        ElfFile.readSymbols(content),
        ElfFile.read(content).needed(),
        directories);
  }
}
