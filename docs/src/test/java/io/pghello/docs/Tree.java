// SPDX-License-Identifier: MIT
package io.pghello.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The files of this project, without build output. */
final class Tree {
  static final Path ROOT = Path.of("..");

  private static final Set<String> SKIPPED = Set.of("target", "node_modules", ".git");
  private static final List<Path> FILES = read();

  private Tree() {}

  /** Returns the files with relative paths that match a regular expression, in order. */
  static List<Path> files(String path) {
    return FILES.stream().filter(file -> ROOT.relativize(file).toString().matches(path)).toList();
  }

  private static List<Path> read() {
    var files = new ArrayList<Path>();
    try {
      Files.walkFileTree(
          ROOT,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
              return SKIPPED.contains(String.valueOf(folder.getFileName()))
                  ? FileVisitResult.SKIP_SUBTREE
                  : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              files.add(file);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files.stream().sorted().toList();
  }
}
