// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ServerBinaries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares the symbols of libraries that gcc builds. */
class SymbolCheckIT {
  @TempDir private Path folder;

  /** The directory of the server's own library, with a function that the machine's lacks. */
  private Path servers;

  private Path machines;
  private Path library;

  @BeforeEach
  void build() throws Exception {
    servers = Files.createDirectory(folder.resolve("servers"));
    machines = Files.createDirectory(folder.resolve("machines"));
    build(servers.resolve("libprovider.so"), "int newer(void) { return 1; }");
    build(machines.resolve("libprovider.so"), "int older(void) { return 1; }");
    library =
        build(
            folder.resolve("library.so"),
            "extern int newer(void); int twice(void) { return newer(); }",
            "-L" + servers,
            "-lprovider");
  }

  private Path build(Path library, String code, String... options)
      throws IOException, InterruptedException {
    Path source = Files.writeString(folder.resolve("source.c"), code);
    var command =
        new ArrayList<>(
            List.of(
                "gcc",
                "-shared",
                "-fPIC",
                "-Wl,-soname," + library.getFileName(),
                "-o",
                library.toString(),
                source.toString()));
    command.addAll(List.of(options));
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
    return library;
  }

  private Optional<String> problem(List<Path> ownDirectories, String... allowed) throws Exception {
    // any program that does not have the function
    ServerProgram server =
        ServerProgram.of(
            new ServerBinaries("17.12", machines.resolve("libprovider.so"), ownDirectories));
    LibraryFinder machine = name -> Optional.of(machines.resolve(name)).filter(Files::exists);
    return new SymbolCheck(server, machine, List.of(allowed)).problem(List.of(library));
  }

  @Test
  void findsAFunctionThatTheMachinesLibraryLacks() throws Exception {
    assertThat(problem(List.of()))
        .hasValueSatisfying(
            message ->
                assertThat(message)
                    .startsWith(
                        "The library library.so needs the function newer, which PostgreSQL 17.12"
                            + " does not have"));
  }

  @Test
  void prefersTheServersOwnLibraries() throws Exception {
    assertThat(problem(List.of(servers))).isEmpty();
    // the first directory with the library is used
    assertThat(problem(List.of(folder, servers))).isEmpty();
    assertThat(problem(List.of(machines, servers))).isPresent();
  }

  @Test
  void ignoresAllowedSymbols() throws Exception {
    assertThat(problem(List.of(), "newer")).isEmpty();
  }
}
