// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads the output of make and of the tests, which may not be valid UTF-8. */
final class LogFile {
  /** The maximum number of lines of a file that a message contains. */
  static final int LINES_SHOWN = 40;

  private LogFile() {}

  static String end(Path file) throws IOException {
    List<String> lines = lines(file);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size()));
  }

  static List<String> lines(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
  }
}
