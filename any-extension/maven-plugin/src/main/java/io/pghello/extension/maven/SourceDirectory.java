// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The directory with an extension's sources and Makefile.
 *
 * @param root the parent directory of all builds, which may be in the source directory
 */
record SourceDirectory(Path source, Path root) {
  /** The names under which make looks for a makefile. */
  private static final List<String> MAKEFILES = List.of("GNUmakefile", "makefile", "Makefile");

  /** The suffixes of C++ sources. */
  private static final Set<String> CXX_SUFFIXES = Set.of("cc", "cpp", "cxx");

  /**
   * Suffixes of build results. The source directory may contain such files, possibly from a build
   * for another major version.
   */
  private static final Set<String> BUILT = Set.of("o", "so", "bc");

  void requireMakefile() throws BuildException {
    if (MAKEFILES.stream().noneMatch(name -> Files.exists(source.resolve(name)))) {
      throw new BuildException(
          "There is no Makefile in "
              + source
              + ". Set pg-extension.source to the directory with the extension's PGXS Makefile.");
    }
  }

  boolean hasCxx() throws IOException {
    return files().stream().anyMatch(file -> CXX_SUFFIXES.contains(FileTree.suffix(file)));
  }

  void copy(Path copy) throws IOException {
    for (Path file : files()) {
      Path to = copy.resolve(source.relativize(file));
      Files.createDirectories(Objects.requireNonNull(to.getParent()));
      Files.copy(file, to, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
    }
  }

  /** Returns the source files, without build results and hidden files. */
  List<Path> files() throws IOException {
    var files = new ArrayList<Path>();
    Path built = Objects.requireNonNull(root.getParent());
    Files.walkFileTree(
        source,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return folder.equals(built)
                    || folder.equals(root)
                    || (!folder.equals(source) && FileTree.name(folder).startsWith("."))
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (!BUILT.contains(FileTree.suffix(file))) {
              files.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    files.sort(Comparator.naturalOrder());
    return files;
  }
}
