// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.testkit.NativeExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The directory of the build for one platform and major version.
 *
 * @param builds the parent directory of the platform's builds
 */
record BuildDirectory(Path builds, int major) {
  Path path() {
    return builds.resolve(Integer.toString(major));
  }

  /** Returns the directory with the copy of the sources. */
  Path source() {
    return path().resolve("source");
  }

  /** Returns the directory into which make install puts the files. */
  Path installed() {
    return path().resolve("installed");
  }

  /** Returns the file with the digest of a complete build's inputs. */
  Path inputs() {
    return path().resolve("inputs");
  }

  private Path headersFile() {
    return path().resolve("headers");
  }

  /** Returns the version of the headers of a build, e.g. 17.5; null if there is no build. */
  @Nullable String headersVersion() throws IOException {
    Path file = headersFile();
    return Files.exists(file) ? Files.readString(file) : null;
  }

  void writeHeadersVersion(String version) throws IOException {
    Files.writeString(headersFile(), version);
  }

  /** Returns the installed libraries. */
  List<Path> libraries() throws IOException {
    try (Stream<Path> files = Files.walk(installed())) {
      return files
          .filter(file -> FileTree.suffix(file).equals("so"))
          .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
          .sorted()
          .toList();
    }
  }

  /**
   * Returns the installed extension.
   *
   * @param name the name of the extension; null if there is only one
   * @throws IllegalArgumentException if the extension was not built
   * @throws IllegalStateException if the Makefile has installed libraries, but no control file
   */
  NativeExtension extension(@Nullable String name) throws IOException {
    requireControlFile();
    NativeExtension extension =
        name == null
            ? NativeExtension.fromInstall(installed())
            : NativeExtension.fromInstall(installed(), name);
    String headers = headersVersion();
    return headers == null ? extension : extension.headersVersion(headers);
  }

  private void requireControlFile() throws IOException {
    if (!Files.exists(installed())) {
      return;
    }
    try (Stream<Path> files = Files.walk(installed())) {
      List<String> names = files.filter(Files::isRegularFile).map(FileTree::name).toList();
      if (!names.isEmpty() && names.stream().noneMatch(each -> each.endsWith(".control"))) {
        throw new IllegalStateException(
            "The Makefile installs "
                + String.join(", ", names)
                + ", but no extension, because it does not set EXTENSION. The plugin packs and tests"
                + " only extensions. Remedy: set EXTENSION, or install these files with a package.");
      }
    }
  }

  /**
   * Deletes the files of {@link #installed}. Deletes the digest first, because a partly deleted
   * build must not look complete if this process is killed.
   */
  void discard() throws IOException {
    Files.deleteIfExists(inputs());
    FileTree.delete(installed());
  }
}
