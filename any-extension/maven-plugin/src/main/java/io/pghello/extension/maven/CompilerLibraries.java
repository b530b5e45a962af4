// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds the libraries that the C compiler for a platform links with.
 *
 * @param folder the compiler's working directory
 */
record CompilerLibraries(CommandRunner runner, Platform platform, String compiler, Path folder)
    implements LibraryFinder {
  @Override
  public Optional<Path> find(String name) throws IOException, BuildException {
    if (platform.musl()) {
      return musl();
    }
    Path file = Path.of(runner.answer(List.of(compiler, "-print-file-name=" + name), folder));
    return file.isAbsolute() && Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }

  /** Returns musl, which is the only library that libraries for other platforms may need. */
  private Optional<Path> musl() throws IOException {
    String processor = platform.processor().equals("amd64") ? "x86_64" : "aarch64";
    String file = "usr/lib/" + processor + "-linux-musl/libc.so";
    return Stream.of(
            Path.of("/" + file),
            Path.of("/lib/ld-musl-" + processor + ".so.1"),
            InstallationCache.open()
                .scripts()
                .resolve("sdk/musl-" + platform.processor())
                .resolve(file))
        .filter(Files::isRegularFile)
        .findFirst();
  }
}
