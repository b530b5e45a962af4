// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Finds the libraries that the C compiler for a platform links with.
 *
 * @param folder the compiler's working directory
 */
record CompilerLibraries(CommandRunner runner, String platform, String compiler, Path folder)
    implements LibraryFinder {
  /** Matches the linker's line for musl. Old linkers print the path in parentheses. */
  private static final Pattern MUSL = Pattern.compile("(?m)(/[^\\s()]*/libc\\.so)\\)?$");

  @Override
  public Optional<Path> find(String name) throws IOException, BuildException {
    if (platform.endsWith("-musl")) {
      return musl();
    }
    return file(runner.answer(List.of(compiler, "-print-file-name=" + name), folder));
  }

  /**
   * Returns musl, which is the only library that libraries for other platforms may need. Only the
   * linker prints its path, because musl's compilers add its directory to the linker's options.
   */
  private Optional<Path> musl() throws IOException, BuildException {
    List<String> link =
        List.of(compiler, "-shared", "-Wl,--trace", "-x", "c", "/dev/null", "-o", "/dev/null");
    return linkedMusl(runner.answer(link, folder)).flatMap(CompilerLibraries::file);
  }

  /** Returns the path of musl in the output of the linker. */
  static Optional<String> linkedMusl(String trace) {
    return MUSL.matcher(trace).results().findFirst().map(line -> line.group(1));
  }

  private static Optional<Path> file(String path) {
    Path file = Path.of(path);
    return file.isAbsolute() && Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }
}
