// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.ElfSymbols;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A server for Linux, with the symbols that it exports.
 *
 * @param version the version of the server, e.g. 17.11
 */
record ServerProgram(String version, ElfSymbols symbols) {
  /** Reads the program {@code postgres}. */
  static ServerProgram of(String version, Path program) throws IOException {
    return new ServerProgram(
        version.replaceFirst("^(\\d+\\.\\d+)\\.0$", "$1"),
        ElfFile.readSymbols(Files.readAllBytes(program)));
  }
}
