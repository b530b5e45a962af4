// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.testkit.ServerBinaries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Checks that the newest available server for Linux has the symbols that the libraries import.
 *
 * @param scripts the scripts, which assemble a server if there is none
 * @param platform the platform that the libraries are for
 * @param isOther whether this machine has another platform
 * @param servers the embedded servers; null if they are not used
 * @param allowed names of symbols that are not checked
 */
record ImportedSymbols(
    CommandRunner runner,
    PluginScripts scripts,
    String platform,
    boolean isOther,
    @Nullable ServerPrograms servers,
    List<String> allowed) {
  /** A version of a release, without a beta version or release candidate. */
  private static final String RELEASE = "\\d{1,4}(\\.\\d{1,4})+";

  /**
   * Fails if the server that will load the libraries lacks a symbol that they import. If the
   * headers are newer than the embedded server, and a library needs a symbol that only later
   * servers have, or if the major version has no embedded server, assembles a server of the
   * headers' version in the cache, where the testkit finds it.
   */
  void check(BuildDirectory build, PgConfig config, Consumer<String> log)
      throws IOException, BuildException {
    if (!platform.startsWith("linux-")) {
      return;
    }
    int major = build.major();
    String version = config.version().orElse("");
    Optional<ServerProgram> server;
    try {
      server = server(major, config, version);
    } catch (BuildException e) {
      log.accept(notChecked(major) + ": " + e.getMessage());
      return;
    }
    if (server.isEmpty()
        && ServerBinaries.areDebianServersUsed(platform)
        && ServerPrograms.version(major).isEmpty()
        && scripts.fetchServer(major, platform, log)) {
      server = server(major, config, version);
    }
    if (server.isEmpty()) {
      log.accept(notChecked(major) + ", because there is no server to compare with");
      return;
    }
    List<Path> libraries = build.libraries();
    String compiler = isOther ? config.sibling("cc") : "gcc";
    var finder = new CompilerLibraries(runner, platform, compiler, build.builds());
    var check = new SymbolCheck(server.get(), finder, allowed);
    Optional<String> problem = check.problem(libraries);
    if (problem.isPresent()
        && ServerBinaries.areDebianServersUsed(platform)
        && isNewer(version, server.get().version())
        && scripts.fetchServer(major, platform, log)) {
      server = server(major, config, version);
      check = new SymbolCheck(server.orElseThrow(), finder, allowed);
      problem = check.problem(libraries);
    }
    if (problem.isPresent()) {
      throw new BuildException(problem.get() + remedy(server.orElseThrow().version(), version));
    }
  }

  private String notChecked(int major) {
    return "PostgreSQL " + major + ": the symbols for " + platform + " are not checked";
  }

  private String remedy(String server, String headers) {
    return isNewer(headers, server)
        ? " It was built with the headers of "
            + headers
            + ". Remedy: "
            + (mayHaveDebianServer() && !ServerBinaries.areDebianServersUsed(platform)
                ? "remove the setting pg-extension.debian-servers=false, "
                : "")
            + "set PG_CONFIG to the pg_config of "
            + server
            + " or of an earlier version, or leave this platform and major version out"
            + " (pg-extension.platforms, pg-extension.majors)."
        : " Remedy: link the library that has this symbol, or, if another extension provides it, set"
            + " pg-extension.allowed-symbols.";
  }

  /** Returns the newest available server that loads libraries for the platform. */
  private Optional<ServerProgram> server(int major, PgConfig config, String headers)
      throws IOException, BuildException {
    Path installed = isOther ? Path.of("/") : Path.of(config.query("--bindir"), "postgres");
    if (Files.isRegularFile(installed)) {
      return Optional.of(ServerProgram.of(new ServerBinaries(headers, installed, List.of())));
    }
    Optional<ServerBinaries> debian = ServerBinaries.fromDebian(platform, major);
    Optional<String> embedded = ServerPrograms.version(major);
    if (debian.isPresent()
        && embedded.stream().noneMatch(each -> isNewer(each, debian.get().version()))) {
      return Optional.of(ServerProgram.of(debian.get()));
    }
    if (servers == null || embedded.isEmpty() || ServerBinaries.artifact(platform).isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(ServerProgram.of(servers.find(platform, major)));
  }

  /** Returns whether Debian has servers for the platform. */
  private boolean mayHaveDebianServer() {
    return ServerBinaries.artifact(platform).isPresent() && !platform.endsWith("-musl");
  }

  /** Returns whether a version such as 17.12 is later than another one. */
  private static boolean isNewer(String version, String other) {
    return version.matches(RELEASE)
        && other.matches(RELEASE)
        && ElfFile.BY_VERSION.compare(version, other) > 0;
  }
}
