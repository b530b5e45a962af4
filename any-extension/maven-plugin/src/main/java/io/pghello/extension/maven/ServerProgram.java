// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.ElfSymbols;
import io.pghello.extension.testkit.ServerBinaries;
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
  /** Reads the program of a server. */
  static ServerProgram of(ServerBinaries server) throws IOException {
    byte[] content = Files.readAllBytes(server.program());
    return new ServerProgram(
        server.version(),
        ElfFile.readSymbols(content),
        ElfFile.read(content).needed(),
        server.libraryDirectories());
  }
}
