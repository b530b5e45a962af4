// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The directory of a server with the files of extensions.
 *
 * @param files the contents of the files by path
 */
record ServerDirectory(Platform platform, Map<String, byte[]> files) {
  private static final Pattern OF_C_LIBRARY =
      Pattern.compile("(?:lib(?:c|dl|m|pthread|resolv|rt|util)|ld-linux[-\\w]*)\\.so\\.\\d");

  /**
   * Creates a server's directory.
   *
   * @param stock the directory of an unpacked server; its files are hard-linked if possible
   * @param folder the directory to create
   * @param place the final location of the directory
   */
  void write(Path stock, Path folder, Path place) throws IOException {
    link(stock, folder);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path path = folder.resolve(platform.pathInServer(file.getKey()));
      if (isLeftOut(file.getKey(), stock)) {
        continue;
      }
      Path parent = Objects.requireNonNull(path.getParent());
      // in an installed server, the directory may be a symbolic link
      if (!Files.isDirectory(parent)) {
        Files.createDirectories(parent);
      }
      // an existing file may be a hard link to the stock server's file, which must not be
      // overwritten
      Files.deleteIfExists(path);
      Files.write(path, content(file, sharedDirectory(place)), StandardOpenOption.CREATE_NEW);
    }
    String preloaded = preloadedLibraries(stock);
    Optional<String> loader = loader(files);
    // the programs of a packaged server are scripts that use an extension's C library
    boolean launched = Files.isDirectory(stock.resolve(PostgresCommands.LAUNCHED));
    if (loader.isPresent() && launched) {
      Files.setPosixFilePermissions(
          folder.resolve(loader.get()), PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    if (loader.isPresent() && !launched) {
      useOwnLibc(folder, loader.get(), preloaded);
    } else if (!preloaded.isEmpty()) {
      Files.writeString(folder.resolve(PostgresCommands.PRELOADED), preloaded);
    }
    if (needsLibrariesOf(stock)) {
      // if this directory exists, PostgresCommands adds the server's own libraries to the search
      // path
      Files.createDirectories(folder.resolve(ExtensionSource.NEEDED));
    }
  }

  /**
   * Returns the path of the directory of shared files, with slashes, as it is written in SQL
   * scripts.
   */
  private String sharedDirectory(Path place) {
    return place
        .resolve(platform.pathInServer(ExtensionSource.SHARED))
        .toString()
        .replace(File.separatorChar, '/');
  }

  /** Returns whether a library is omitted because the stock server already has it. */
  private static boolean isLeftOut(String path, Path stock) {
    return path.startsWith(ExtensionSource.NEEDED)
        && Files.exists(
            stock.resolve("lib").resolve(path.substring(ExtensionSource.NEEDED.length())));
  }

  /**
   * Returns the names, separated by colons, of the libraries that the extensions' libraries need
   * directly and that the stock server does not have. If the server loads these libraries when it
   * starts, sessions need not load them. With PostGIS, this makes the first call in a session three
   * times as fast. The extensions' own libraries are excluded, because they initialize themselves
   * in each session.
   */
  private String preloadedLibraries(Path stock) throws IOException {
    return libraries(files, ExtensionSource.LIBRARIES)
        .flatMap(library -> library.needed().stream())
        .map(ExtensionSource.NEEDED::concat)
        .filter(files::containsKey)
        .filter(path -> !isLeftOut(path, stock))
        .map(path -> path.substring(ExtensionSource.NEEDED.length()))
        // also excludes names with characters that a shell would interpret
        .filter(name -> name.matches("[A-Za-z0-9._+-]+"))
        .distinct()
        .filter(name -> isComplete(files, name, stock, new HashSet<>()))
        .sorted()
        .collect(Collectors.joining(":"));
  }

  /**
   * Returns whether a library, and each library that it needs, is in the server's directory or part
   * of the C library. The server would not start if it had to preload a library that needs a
   * missing library.
   */
  private static boolean isComplete(
      Map<String, byte[]> files, String name, Path stock, Set<String> seen) {
    if (!seen.add(name)
        || OF_C_LIBRARY.matcher(name).matches()
        || isLeftOut(ExtensionSource.NEEDED + name, stock)) {
      return true;
    }
    byte[] content = files.get(ExtensionSource.NEEDED + name);
    try {
      return content != null
          && ElfFile.read(content).needed().stream()
              .allMatch(each -> isComplete(files, each, stock, seen));
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Replaces the server program with a script that makes the server use the C library in its own
   * directory. Other programs that the server runs use the machine's C library. The script relies
   * on initdb and pg_ctl starting the server by its absolute path.
   */
  private static void useOwnLibc(Path folder, String loader, String preloaded) throws IOException {
    Path program = folder.resolve("bin/postgres");
    Files.move(program, folder.resolve("bin/postgres.bin"));
    Files.writeString(
        program,
        """
        #!/bin/sh
        folder=${0%%/bin/postgres}
        exec "$folder/%s" --argv0 "$folder/bin/postgres" \
          --library-path "$folder/%s:$folder/%s:$folder/lib" %s"$folder/bin/postgres.bin" "$@"
        """
            .formatted(
                loader,
                ExtensionSource.NEEDED,
                ExtensionSource.LIBC,
                preloaded.isEmpty() ? "" : "--preload " + preloaded + " "));
    for (Path each : List.of(program, folder.resolve(loader))) {
      Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  private boolean needsLibrariesOf(Path stock) throws IOException {
    return libraries(files, ExtensionSource.LIBRARIES)
        .flatMap(library -> library.needed().stream())
        .anyMatch(needed -> Files.exists(stock.resolve("lib").resolve(needed)));
  }

  /** Returns the path of the dynamic loader among the files of a C library. */
  static Optional<String> loader(Map<String, byte[]> libc) {
    return libc.keySet().stream()
        .filter(path -> path.startsWith(ExtensionSource.LIBC + "ld-linux"))
        .findFirst();
  }

  /** Returns the content of a file, with the directory of shared files in SQL scripts. */
  static byte[] content(Map.Entry<String, byte[]> file, String shared) {
    return file.getKey().endsWith(".sql")
        ? PackedExtension.withSharedDirectory(file.getValue(), shared)
        : file.getValue();
  }

  /** Copies a directory tree. Files are hard-linked if possible, and otherwise copied. */
  private static void link(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(dir)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Path link = to.resolve(from.relativize(file));
            if (attributes.isSymbolicLink()) {
              Files.createSymbolicLink(link, Files.readSymbolicLink(file));
            } else if (!file.equals(from.resolve(InstallationCache.LIST))) {
              linkOrCopy(file, link);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void linkOrCopy(Path file, Path link) throws IOException {
    try {
      Files.createLink(link, file);
    } catch (IOException | UnsupportedOperationException e) {
      // not every file system supports links, and some limit the number of links to a file
      Files.copy(file, link);
    }
  }

  /**
   * Reads the libraries in a directory. Skips unreadable libraries, which requireUsable() reports.
   */
  static Stream<ElfFile> libraries(Map<String, byte[]> files, String place) {
    return files.entrySet().stream()
        .filter(file -> file.getKey().startsWith(place))
        .flatMap(
            file -> {
              try {
                return Stream.of(ElfFile.read(file.getValue()));
              } catch (IOException e) {
                return Stream.empty();
              }
            });
  }
}
