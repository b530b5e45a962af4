// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Checks that the compilers, the headers of the C library, and the other programs that a build
 * requires are installed.
 *
 * @param target the parent directory of the builds for the platform
 * @param other the other platform; null for this machine's platform
 */
record RequiredTools(
    CommandRunner runner, SourceDirectory sources, Path target, @Nullable OtherPlatform other) {
  private static final List<String> TOOLS = List.of("bash", "gcc", "make");

  /** Fails if a program required for builds is missing. */
  void require() throws IOException, BuildException {
    if (!System.getProperty("os.name").equals("Linux")) {
      throw new BuildException(
          "Extensions can be built only on Linux: use a container or a virtual machine.");
    }
    boolean cxx = sources.hasCxx();
    List<String> missing =
        Stream.concat(TOOLS.stream(), cxx ? Stream.of(CompilerOptions.CXX) : Stream.of())
            .filter(tool -> !runner.isOnPath(tool))
            .toList();
    if (!missing.isEmpty()) {
      var packages = new ArrayList<>(List.of("bash", "gcc", "libc6-dev", "make"));
      if (missing.contains(CompilerOptions.CXX)) {
        packages.add(CompilerOptions.CXX);
      }
      throw missing(missing, packages);
    }
    // the gcc package does not depend on the package with the C library's headers
    requireHeaders("gcc", List.of("libc6-dev"));
    if (other == null) {
      return;
    }
    Optional<String> refusal = Target.refusal();
    if (refusal.isPresent()) {
      throw new BuildException(refusal.get());
    }
    List<Target.Tool> tools =
        other.platform().tools(cxx).stream()
            .filter(tool -> !runner.isOnPath(tool.program()))
            .toList();
    if (!tools.isEmpty()) {
      throw missing(
          tools.stream().map(Target.Tool::program).toList(),
          tools.stream().flatMap(tool -> tool.packages().stream()).toList());
    }
    Optional<Target.Tool> compiler = other.platform().compilerWithoutHeaders();
    if (compiler.isPresent()) {
      requireHeaders(compiler.get().program(), compiler.get().packages());
    }
  }

  /** Fails if psql, which the tests require, is missing. */
  void requirePsql() throws BuildException {
    if (!runner.isOnPath("psql")) {
      throw new BuildException(
          "psql, which pg_regress runs, is not on the path. Remedy: install it, for example: sudo"
              + " apt-get install postgresql-client");
    }
  }

  private static BuildException missing(List<String> programs, List<String> packages) {
    return new BuildException(
        "Not on the path: "
            + String.join(", ", programs)
            + ". Remedy: install them, for example: "
            + Target.install(packages),
        packages);
  }

  private void requireHeaders(String compiler, List<String> packages)
      throws IOException, BuildException {
    if (runner.run(
            List.of(compiler, "-E", "-include", "stdio.h", "-x", "c", "/dev/null"),
            Files.createDirectories(target),
            ProcessBuilder.Redirect.DISCARD)
        != 0) {
      throw new BuildException(
          "The headers of the C library are missing. Remedy: install them, for example: "
              + Target.install(packages),
          packages);
    }
  }
}
