// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.NativeFile;
import io.pghello.extension.installer.NativeFileReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The libraries that were built for another platform. */
final class PlatformLibraries {
  /** The index of the byte in an ELF file that identifies the file's ABI extensions. */
  private static final int ELF_ABI = 7;

  /** The value of the byte at {@link #ELF_ABI} for GNU C library extensions. */
  private static final int ELF_GNU = 3;

  private PlatformLibraries() {}

  /**
   * Renames the libraries to the names that servers on the other platform expect, and checks the
   * libraries.
   */
  static void finish(OtherPlatform other, BuildDirectory build) throws IOException, BuildException {
    List<Path> libraries = build.libraries();
    Optional<String> platform = other.platform().server();
    Optional<NativeFile> server = Optional.empty();
    if (platform.isPresent()) {
      server =
          Optional.of(
              NativeFileReader.read(
                  Files.readAllBytes(
                      other.servers().find(platform.get(), build.major()).program())));
    }
    for (Path built : libraries) {
      Path library =
          built.resolveSibling(
              FileTree.name(built)
                  .replaceFirst("\\.so$", other.platform().librarySuffix(build.major())));
      Files.move(built, library);
      String problem = problem(other.platform(), Files.readAllBytes(library), server);
      if (problem != null) {
        throw new BuildException("The library " + FileTree.name(library) + " " + problem + ".");
      }
    }
  }

  /** Returns the reason why servers on another platform cannot load a library; null if they can. */
  private static @Nullable String problem(
      Target target, byte[] content, Optional<NativeFile> server) {
    NativeFile library;
    try {
      library = NativeFileReader.read(content);
    } catch (IOException e) {
      return "cannot be used: " + e.getMessage();
    }
    String platform = target.platform();
    if (!library.platforms().contains(platform)) {
      return "was built for "
          + String.join(", ", library.platforms())
          + ": its Makefile ignores CC, or sets other options for the processor";
    }
    if (platform.endsWith("-musl") && content[ELF_ABI] == ELF_GNU) {
      return "has functions that are selected at load time (ifunc, target_clones), which musl does"
          + " not support";
    }
    Optional<String> refused = library.loadProblem(platform, server);
    if (refused.isPresent()) {
      return refused.get();
    }
    return target
        .systemLibraries()
        .flatMap(
            allowed ->
                library.needed(platform).stream()
                    .filter(each -> !each.matches(allowed))
                    .findFirst())
        .map(each -> "needs " + each + ", which some machines with this platform do not have")
        .orElse(null);
  }
}
