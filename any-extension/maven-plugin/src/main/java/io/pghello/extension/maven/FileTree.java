// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Objects;
import java.util.stream.Stream;

/** Deletes directories, and splits the names of the files in them. */
final class FileTree {
  private FileTree() {}

  /** Deletes a directory with its contents, if it exists. */
  static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        files
            .sorted(Comparator.reverseOrder())
            .forEach(
                file -> {
                  try {
                    Files.delete(file);
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
      }
    }
  }

  /** Returns the text after the last dot of a name, or the whole name if it has no dot. */
  static String suffix(Path file) {
    return name(file).substring(name(file).lastIndexOf('.') + 1);
  }

  static String name(Path file) {
    return Objects.requireNonNull(file.getFileName()).toString();
  }
}
